"""Packs after a change of time zone rules: each hour once, in the month to which it now belongs.

Vancouver changed clocks twice a year until November 2026 and has stayed seven hours behind UTC
since (rules 2026f). Under the old rules December began an hour later.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.models import CompletenessRange, Customer, UsagePack, UsageSeries
from customerdata.usage.recut import cut_anew
from customerdata.usage.series import ensure_series
from customerdata.usage.store import ReadingsRefused, write_readings
from customerdata.usage_values.columns import make_column
from customerdata.usage_values.formats import ElectricUsage
from customerdata.usage_values.segments import month_start, months_digest
from portal.models import AuditEvent
from portal.registries import metrics
from portal.values.zone_rules import rules_version
from tests import tzif
from tests.customerdata.usage.conftest import COST, NET

ZONE = "America/Vancouver"
OLD = "PST8PDT,M3.2.0,M11.1.0"
# Standard time all year, the other way to give up changing clocks: summer months begin later.
WINTER_ALL_YEAR = "PST8"
HOUR = timedelta(hours=1)
NO_LINKS: dict[str, Any] = dict.fromkeys(("contract", "service_point", "meter", "account"))
NOVEMBER = datetime(2026, 11, 1, 7, tzinfo=UTC)
# Local midnight of the 1st by the rules of 2026f; by the old ones it came an hour later.
DECEMBER, JANUARY = (datetime(*ym, 1, 7, tzinfo=UTC) for ym in ((2026, 12), (2027, 1)))
T1, T2, T3, T4 = (datetime(2027, 3, day, tzinfo=UTC) for day in (1, 2, 3, 4))


@pytest.fixture
def old_rules(tmp_path):
    """Make Vancouver change clocks again, inside a block."""
    return lambda: tzif.rules(tmp_path, America__Vancouver=OLD)


@pytest.fixture
def series(links, old_rules):
    """Hourly net usage and its cost in Vancouver, first met under the old rules."""
    with old_rules():
        return ensure_series(**{**links, "zone": ZONE}, interval=3600, columns=[NET, COST])


def write(series, start, *values, as_of=T1, quality=Quality.VALID, replace=False, column=NET):
    """Write hourly values from an instant on; None is a gap."""
    numbers = [None if v is None else Decimal(str(v)) for v in values]
    return write_readings(
        series=series,
        start=start,
        columns=[make_column(column, numbers, None if column is COST else quality)],
        as_of=as_of,
        synced=as_of,
        replace=replace,
    )


def month(start, end, first=0):
    """Different values for each hour from `start` to `end`."""
    return [first + n for n in range((end - start) // HOUR)]


def seen(series, at=None):
    """(Hour, format) -> value and quality, as of an instant; every hour may be there once."""
    found = {}
    for row in series.packs.as_of(at):
        pack = row.unpacked()
        for column in pack.columns:
            pairs = zip(column.values(), column.quality.tolist(), strict=True)
            for position, (value, quality) in enumerate(pairs):
                key = (pack.segment_start + position * HOUR, column.format.key)
                if value is not None:
                    assert key not in found, "two segments hold the same hour"
                    found[key] = value, quality
    return found


def history(series, *more):
    """What every instant at which something changed shows, and now."""
    instants = {at for row in series.packs.all() for at in (row.as_of, row.superseded_at) if at}
    return {at: seen(series, at) for at in (*sorted(instants), *more, None)}


def edges(series):
    """Begin and end of the current segments."""
    rows = series.packs.current().order_by("segment_start")
    return [(row.segment_start, row.segment_end) for row in rows]


def completeness(series):
    """The stored ranges."""
    rows = CompletenessRange.objects.filter(series=series).order_by("start")
    return [(row.start, row.end, row.complete) for row in rows]


def recut(*options):
    """Run the command."""
    call_command("recut_usage", *options)


def test_november_under_old_rules_and_december_under_new_ones(series, old_rules):
    """The hour between two midnights belonged to November and belongs to December: once."""
    with old_rules():
        write(series, NOVEMBER, *month(NOVEMBER, DECEMBER + HOUR))
    assert edges(series) == [(NOVEMBER, DECEMBER + HOUR)]
    november = series.packs.get().public_id
    write(series, DECEMBER, *month(DECEMBER, JANUARY, first=5000), as_of=T2)
    assert edges(series) == [(NOVEMBER, DECEMBER), (DECEMBER, JANUARY)]
    assert len(seen(series)) == (JANUARY - NOVEMBER) // HOUR
    assert seen(series)[DECEMBER, NET.key][0] == 5000
    assert seen(series, T1)[DECEMBER, NET.key][0] == (DECEMBER - NOVEMBER) // HOUR
    assert series.packs.current().order_by("segment_start")[0].public_id == november
    assert completeness(series) == [(NOVEMBER, DECEMBER, True), (DECEMBER, JANUARY, True)]


def test_the_command_before_the_delivery_gives_the_same(series, old_rules):
    """It moves the hour; December then finds it in its place."""
    with old_rules():
        write(series, NOVEMBER, *month(NOVEMBER, DECEMBER + HOUR))
    before = history(series, T2)
    recut()
    assert edges(series) == [(NOVEMBER, DECEMBER), (DECEMBER, DECEMBER + HOUR)]
    assert history(series, T2) == before
    assert completeness(series) == [(NOVEMBER, DECEMBER, True), (DECEMBER, DECEMBER + HOUR, True)]
    write(series, DECEMBER, *month(DECEMBER, JANUARY, first=5000), as_of=T2)
    assert edges(series) == [(NOVEMBER, DECEMBER), (DECEMBER, JANUARY)]
    assert seen(series, T1) == before[T1]
    assert len(seen(series)) == (JANUARY - NOVEMBER) // HOUR


def test_a_december_of_old_rules_takes_the_hour_in(series, old_rules):
    """Both months were there: the segments keep their ids, and December begins an hour earlier."""
    with old_rules():
        write(series, NOVEMBER, *month(NOVEMBER, JANUARY + HOUR))
    former = list(series.packs.order_by("segment_start"))
    before = history(series)
    recut()
    current = list(series.packs.current().order_by("segment_start"))
    assert edges(series) == [
        (NOVEMBER, DECEMBER),
        (DECEMBER, JANUARY),
        (JANUARY, JANUARY + HOUR),
    ]
    assert history(series) == before
    for was, now in zip(former, current[:2], strict=True):
        assert (now.public_id, now.cds_created) == (was.public_id, was.cds_created)
        assert now.cds_modified > was.cds_modified
        assert now.cds_synced == was.cds_synced


def test_months_that_did_not_move_stay_as_they_are(series, old_rules):
    """A client that asks for what was modified gets the months at the edge alone."""
    july, august = (datetime(2026, m, 1, 7, tzinfo=UTC) for m in (7, 8))
    with old_rules():
        write(series, july, *month(july, august))
        write(series, NOVEMBER, *month(NOVEMBER, DECEMBER + HOUR))
    row = series.packs.get(segment_start=july)
    recut()
    assert series.packs.get(segment_start=july) == row
    after = series.packs.get(segment_start=july)
    assert (after.cds_modified, after.superseded_at) == (row.cds_modified, None)


def test_edges_that_move_later_give_their_hour_back(links, tmp_path):
    """Standard time all year: the first hour of July belongs to June."""
    june, july, august = (datetime(2026, m, 1, 7, tzinfo=UTC) for m in (6, 7, 8))
    series = ensure_series(**{**links, "zone": ZONE}, interval=3600, columns=[NET])
    write(series, june, *month(june, august))
    write(series, july, 99, as_of=T2)
    before, june_id = history(series), series.packs.get(segment_start=june).public_id
    with tzif.rules(tmp_path, America__Vancouver=WINTER_ALL_YEAR):
        recut()
        assert edges(series)[1:] == [(june + HOUR, july + HOUR), (july + HOUR, august)]
        assert history(series) == before
        assert series.packs.current().get(segment_start=june + HOUR).public_id == june_id
        write(series, july + HOUR, 7, as_of=T3)
        assert seen(series)[july + HOUR, NET.key][0] == 7
        write(series, july - HOUR, 5, 6, as_of=T3)
    assert len(seen(series)) == len(before[None])


def test_a_segment_of_the_moved_hour_alone_joins_the_month(links, tmp_path):
    """July had its first hour only; June takes it, and later Julys are segments of their own."""
    june, july, august = (datetime(2026, m, 1, 7, tzinfo=UTC) for m in (6, 7, 8))
    series = ensure_series(**{**links, "zone": ZONE}, interval=3600, columns=[NET])
    write(series, june, *month(june, july))
    write(series, july, 99, as_of=T2)
    before, lost = history(series), series.packs.get(segment_start=july).public_id
    with tzif.rules(tmp_path, America__Vancouver=WINTER_ALL_YEAR):
        recut()
        assert history(series) == before
        assert lost not in series.packs.current().values_list("public_id", flat=True)
        write(series, june + HOUR, 1, as_of=T3)
        write(series, july + HOUR, *month(july + HOUR, august), as_of=T3)
        ids = series.packs.current().values_list("public_id", flat=True)
        assert len(ids) == len(set(ids)) == 3
        assert completeness(series)[-1] == (july + HOUR, august, True)


def test_a_long_reading_at_an_edge_moves_with_its_start(links, tmp_path):
    """Its middle lies in the month after; it belongs to the one in which it begins, once."""
    shift = 8 * HOUR
    series = ensure_series(**{**links, "zone": ZONE}, interval=8 * 3600, columns=[NET])
    first = NOVEMBER - 3 * shift
    write(series, first, 1, 2, 3, 4)
    assert edges(series) == [(first, NOVEMBER), (NOVEMBER, NOVEMBER + shift)]
    with tzif.rules(tmp_path, America__Vancouver=WINTER_ALL_YEAR):
        recut()
        assert edges(series) == [(first, NOVEMBER + shift)]
        write(series, NOVEMBER, 5, as_of=T2)
    assert edges(series) == [(first, NOVEMBER + shift)]


def test_what_was_withdrawn_and_corrected_reads_as_before(series, old_rules):
    """Late arrivals, gaps and a second column around the moved hour."""
    with old_rules():
        write(series, DECEMBER - HOUR, 1, 2, 3, as_of=T2)
        write(series, DECEMBER - HOUR, 4, None, 6, as_of=T3, replace=True)
        write(series, DECEMBER, 7, as_of=T4, quality=Quality.ESTIMATED)
        write(series, DECEMBER - 2 * HOUR, 8, 9, 10, as_of=T1, quality=Quality.ESTIMATED)
        write(series, DECEMBER, "0.1", "0.2", as_of=T2, column=COST)
    before = history(series)
    recut()
    assert history(series) == before
    assert edges(series) == [(DECEMBER - 2 * HOUR, DECEMBER), (DECEMBER, DECEMBER + 2 * HOUR)]


def test_an_hour_that_was_stored_twice_is_there_once(series, old_rules):
    """As releases before this one left it: what came under the new rules holds."""
    with old_rules():
        write(series, NOVEMBER, *month(NOVEMBER, DECEMBER + HOUR))
        write(series, NOVEMBER, 77, as_of=T3)
    UsageSeries.objects.update(cut_under=months_digest(series.tzinfo))
    write(series, DECEMBER, 5000, 5001, as_of=T2)
    UsageSeries.objects.update(cut_under="")
    recut()
    assert edges(series) == [(NOVEMBER, DECEMBER), (DECEMBER, DECEMBER + 2 * HOUR)]
    hour = {at: seen(series, at)[DECEMBER, NET.key][0] for at in (T1, T2, T3)}
    assert hour == {T1: (DECEMBER - NOVEMBER) // HOUR, T2: 5000, T3: 5000}


def test_the_command_twice_and_back(series, old_rules):
    """Nothing is left to do; processes that still run under the old rules cut back, losing none."""
    with old_rules():
        write(series, NOVEMBER, *month(NOVEMBER, JANUARY + HOUR))
    before = history(series)
    recut()
    versions = set(UsagePack.objects.values_list("pk", "superseded_at"))
    events = AuditEvent.objects.filter(action="usage.recut").count()
    recut()
    assert set(UsagePack.objects.values_list("pk", "superseded_at")) == versions
    assert AuditEvent.objects.filter(action="usage.recut").count() == events == 1
    with old_rules():
        write(series, JANUARY, 4, as_of=T2)
        assert edges(series) == [
            (NOVEMBER, DECEMBER + HOUR),
            (DECEMBER + HOUR, JANUARY + HOUR),
        ]
        assert seen(series, T1) == before[T1]


def test_a_dry_run_says_what_would_happen(series, old_rules, capsys):
    """And changes nothing."""
    with old_rules():
        write(series, NOVEMBER, *month(NOVEMBER, DECEMBER + HOUR))
    versions = set(UsagePack.objects.values_list("pk", "superseded_at"))
    recut("--dry-run")
    out = capsys.readouterr().out
    assert f"rules: {rules_version()}" in out
    assert f"{ZONE}: 1 series checked, 1 to recut, 2 new versions." in out
    assert set(UsagePack.objects.values_list("pk", "superseded_at")) == versions
    assert not AuditEvent.objects.filter(action="usage.recut").exists()
    assert waiting() == 1


def waiting():
    """What monitoring reads."""
    metric = metrics.get("usage_to_recut")
    assert metric is not None
    return metric.measure()


def test_monitoring_counts_what_waits(series, old_rules):
    """Series of other zones and periods that no month cuts do not wait."""
    rest: dict[str, Any] = {"customer": series.customer, "commodity": "electric", "columns": [NET]}
    ensure_series(**NO_LINKS, **rest, interval=None, zone=ZONE)
    ensure_series(**NO_LINKS, **rest, interval=3600, zone="America/Los_Angeles")
    assert waiting() == 1
    with old_rules():
        assert waiting() == 0
    recut()
    assert waiting() == 0


def test_who_ran_it_is_in_the_audit_trail(series, old_rules, django_user_model):
    """A member of staff by login, else the command; never somebody unknown."""
    staff = django_user_model.objects.create_user("ed@example.com", is_staff=True)
    with old_rules():
        write(series, NOVEMBER, *month(NOVEMBER, DECEMBER + HOUR))
    with pytest.raises(CommandError, match="nobody signs in"):
        recut("--by", "nobody@example.com")
    recut("--by", staff.email)
    event = AuditEvent.objects.get(action="usage.recut")
    assert event.actor == f"user:{staff.pk}"
    assert event.details == {
        "zone": ZONE,
        "rules": rules_version(),
        "series": [series.public_id],
        "versions": 2,
    }


def test_it_goes_on_where_it_was_stopped(links, old_rules):
    """Each batch is a transaction of its own and leaves the series that are done."""
    many = [ElectricUsage("kWh", "net"), ElectricUsage("Wh", "net"), ElectricUsage("MWh", "net")]
    with old_rules():
        for column in many:
            each = ensure_series(**{**links, "zone": ZONE}, interval=3600, columns=[column])
            write(each, NOVEMBER, *month(NOVEMBER, DECEMBER + HOUR), column=column)
    done = UsageSeries.objects.select_for_update().order_by("pk")[:1]
    cut_anew(list(done))
    recut("--zone", ZONE, "--batch", "1")
    assert {tuple(edges(each)) for each in UsageSeries.objects.all()} == {
        ((NOVEMBER, DECEMBER), (DECEMBER, DECEMBER + HOUR))
    }
    assert AuditEvent.objects.filter(action="usage.recut").count() == 2


def test_readings_of_another_grid_are_left_and_named(links, old_rules, capsys):
    """Full hours and half past do not fit into one segment: nobody guesses, deliveries wait."""
    with old_rules():
        series = ensure_series(**{**links, "zone": ZONE}, interval=3600, columns=[NET])
        write(series, DECEMBER - HOUR, 1, 2)
        write(series, DECEMBER + HOUR * 3 / 2, 3)
    before = history(series)
    with pytest.raises(CommandError, match="1 series"):
        recut()
    assert series.public_id in capsys.readouterr().err
    with pytest.raises(ReadingsRefused, match="grid"):
        write(series, DECEMBER, 4, as_of=T2)
    assert history(series) == before
    assert waiting() == 1


@pytest.mark.parametrize(("zone", "rule"), [("Europe/London", "GMT0"), ("Asia/Tokyo", "JST-10")])
def test_edges_that_cross_a_month_of_utc(links, tmp_path, zone, rule):
    """Partitions are months of UTC; the moved hour changes its partition as well."""
    july = datetime(2026, 7, 1, tzinfo=UTC)
    series = ensure_series(**{**links, "zone": zone}, interval=3600, columns=[NET])
    write(series, july - 20 * HOUR, *month(july, july + 40 * HOUR))
    before = history(series)
    with tzif.rules(tmp_path, **{zone.replace("/", "__"): rule}):
        recut()
        assert history(series) == before
        inside = {month_start(low, series.tzinfo) for low, _ in edges(series)}
        assert inside == {month_start(high - HOUR, series.tzinfo) for _, high in edges(series)}
        assert len(inside) == len(edges(series)) == 2


deliveries = st.lists(
    st.tuples(
        st.integers(-4, 4),
        st.lists(st.none() | st.integers(0, 9), min_size=1, max_size=6),
        st.sampled_from([T1, T2, T3, T4]),
        st.booleans(),
        st.sampled_from([Quality.VALID, Quality.ESTIMATED]),
        st.sampled_from(["old", "new"]),
    ),
    min_size=1,
    max_size=8,
)


class AnyOrder(TestCase):
    """Properties that hold whatever was delivered, in any order, under either set of rules."""

    @settings(max_examples=60)
    @given(deliveries)
    def test_the_edges_of_months_show_in_no_value(self, given_deliveries):
        """A twin of the series in a zone whose rules never change reads the same at any time."""
        customer = Customer.objects.create(source_key="c", name="Alice")
        base: dict[str, Any] = {**NO_LINKS, "customer": customer, "commodity": "electric"}
        with tempfile.TemporaryDirectory() as folder:
            moving = ensure_series(**base, interval=3600, zone=ZONE, columns=[NET])
            steady = ensure_series(**base, interval=3600, zone="Etc/GMT+7", columns=[NET])
            for at, values, as_of, replace, quality, rules in given_deliveries:
                arguments = {"as_of": as_of, "replace": replace, "quality": quality}
                write(steady, DECEMBER + at * HOUR, *values, **arguments)
                if rules == "new":
                    write(moving, DECEMBER + at * HOUR, *values, **arguments)
                    continue
                with tzif.rules(Path(folder), America__Vancouver=OLD):
                    write(moving, DECEMBER + at * HOUR, *values, **arguments)
            recut()
            instants = (T1, T2, T3, T4, None)
            assert [seen(moving, at) for at in instants] == [seen(steady, at) for at in instants]
            for low, high in edges(moving):
                zone = moving.tzinfo
                assert month_start(low, zone) == month_start(high - HOUR, zone)
            packs = {row.segment_start: row for row in moving.packs.current()}
            for row in CompletenessRange.objects.filter(series=moving):
                assert any(p.segment_start <= row.start < p.segment_end for p in packs.values())
