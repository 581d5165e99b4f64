"""What the clock does for the usage store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from celery import current_app
from django.conf import settings
from django.utils import timezone

from customerdata.models import UsageRender
from customerdata.tasks import make_usage_months, prune_usage_renders
from customerdata.usage import upkeep
from customerdata.usage.partitioning import ensure_partitions, missing_partitions
from customerdata.usage.store import ReadingsRefused, write_readings
from portal.registries import metrics
from tests.customerdata.usage.test_partitioning import partition_of, write
from tests.customerdata.usage.test_store import T1, usage

pytestmark = pytest.mark.django_db
LONG_AHEAD = datetime(2101, 11, 20, tzinfo=UTC)


def months_missing():
    """What monitoring reads."""
    metric = metrics.get("usage_months")
    assert metric is not None
    return metric.measure()


def test_months_are_made_ahead_and_once():
    """November to February; a second run finds nothing to do."""
    with time_machine.travel(LONG_AHEAD, tick=False):
        assert months_missing() == 4
        make_usage_months()
        assert months_missing() == 0
        make_usage_months()
        assert ensure_partitions((LONG_AHEAD, LONG_AHEAD + timedelta(days=90))) == []
    assert missing_partitions(LONG_AHEAD, datetime(2102, 3, 1, tzinfo=UTC)) == 1


def test_monitoring_sees_the_month_that_is_missing(client):
    """The next one, while this one is there."""
    with time_machine.travel(LONG_AHEAD, tick=False):
        ensure_partitions((LONG_AHEAD, LONG_AHEAD))
        assert "\ncds_usage_months_missing 3\n" in client.get("/metrics").content.decode()


def test_old_renders_are_dropped(monkeypatch):
    """The ones used last stay; a second run drops nothing more."""
    monkeypatch.setattr(upkeep, "_KEPT_RENDERS", 2)
    now = timezone.now()
    for number in range(4):
        used = now - timedelta(hours=number)
        UsageRender.objects.create(key=bytes([number]) * 16, text=b"", used_at=used)
    for _ in range(2):
        prune_usage_renders()
        kept = UsageRender.objects.order_by("-used_at")
        assert [bytes(row.key)[0] for row in kept] == [0, 1]


@pytest.mark.parametrize("name", ["make_usage_months", "prune_usage_renders"])
def test_beat_runs_it(name):
    """A task that nothing schedules is never run."""
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert f"customerdata.tasks.{name}" in scheduled


def test_everything_that_beat_runs_is_a_task():
    """A misspelt name would fail in the worker's log only."""
    current_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= set(current_app.tasks)


def test_a_stray_date_makes_its_own_month_alone(series):
    """One reading of 1970 must not make a table for every month since."""
    write(series)
    between = datetime(1970, 2, 1, tzinfo=UTC), datetime(1999, 4, 1, tzinfo=UTC)
    before = missing_partitions(*between)
    assert partition_of(write(series, datetime(1970, 1, 1, tzinfo=UTC))).endswith("_1970_01")
    assert missing_partitions(*between) == before


@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_a_year_that_cannot_be_is_refused(series, year):
    """With a sentence that says which, instead of an overflow."""
    start = datetime(year, 12, 1, tzinfo=UTC)
    with pytest.raises(ReadingsRefused, match=f"{year:04}-12-01.*1900 to 2199"):
        write_readings(series=series, start=start, columns=[usage(1)], as_of=T1, synced=T1)
