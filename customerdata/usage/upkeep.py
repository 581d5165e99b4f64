"""Scheduled upkeep of the usage store: partitions for coming months, the cache, and metrics."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from customerdata.models import UsageSeries
from customerdata.usage.partitioning import ensure_partitions, missing_partitions
from customerdata.usage.reading import prune_renders
from portal.registries import Metric, metrics

_AHEAD = timedelta(days=90)
# About a kilobyte each; dropped rows are rendered again when requested.
_KEPT_RENDERS = 200_000


def make_months_ahead() -> None:
    """Create the partitions for this and the coming months; existing ones are not changed."""
    ensure_partitions(_horizon())


def bound_cache() -> None:
    """Drop the least recently used rendered texts beyond a fixed number."""
    prune_renders(keep=_KEPT_RENDERS)


def register() -> None:
    """Report which coming months have no partition, and which series follow former rules."""
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
    """Count the series whose packs do not follow the current rules (ADR 9)."""
    series = UsageSeries.objects
    return sum(series.cut_otherwise(zone).count() for zone in series.zones())


def _horizon() -> tuple[datetime, datetime]:
    now = timezone.now()
    return now, now + _AHEAD
