"""Upkeep of the usage store by the clock: months ahead, a bounded cache, and what metrics say."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from customerdata.models import UsageSeries
from customerdata.usage.partitioning import ensure_partitions, missing_partitions
from customerdata.usage.reading import prune_renders
from portal.registries import Metric, metrics

_AHEAD = timedelta(days=90)
# About a kilobyte each; what is dropped is rendered again when it is asked for.
_KEPT_RENDERS = 200_000


def make_months_ahead() -> None:
    """Make the partitions of this and the coming months; what is there stays as it is."""
    ensure_partitions(_horizon())


def bound_cache() -> None:
    """Drop rendered texts that were used longest ago, beyond a fixed number."""
    prune_renders(keep=_KEPT_RENDERS)


def register() -> None:
    """Tell monitoring which months ahead are not made, and what follows former zone rules."""
    metrics.register(
        "usage_months",
        Metric(
            "cds_usage_months_missing",
            "Months from now to 90 days ahead without a usage partition",
            lambda: missing_partitions(*_horizon()),
        ),
    )
    metrics.register(
        "usage_to_recut",
        Metric(
            "cds_usage_series_to_recut",
            "Usage series cut along months of other time zone rules: run recut_usage",
            count_to_recut,
        ),
    )


def count_to_recut() -> int:
    """Count the series whose packs follow other rules than today's (ADR 9)."""
    series = UsageSeries.objects
    return sum(series.cut_otherwise(zone).count() for zone in series.zones())


def _horizon() -> tuple[datetime, datetime]:
    now = timezone.now()
    return now, now + _AHEAD
