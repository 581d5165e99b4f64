"""Versions of segments: idempotent, corrected without forgetting, readable as of any instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.models import (
    CompletenessRange,
    Customer,
    MeterDevice,
    ServiceContract,
    UsagePack,
    UsageSeries,
)
from customerdata.usage.partitioning import ensure_partitions
from customerdata.usage.series import ensure_series
from customerdata.usage.store import (
    Delivery,
    ReadingsRefused,
    write_many,
    write_readings,
)
from customerdata.usage_values.columns import make_column
from customerdata.usage_values.formats import (
    ElectricDemand,
    ElectricUsage,
    NaturalGasUsage,
)
from tests.customerdata.usage.conftest import COST, NET

LA = ZoneInfo("America/Los_Angeles")
START = datetime(2025, 3, 1, tzinfo=LA).astimezone(UTC)
T1, T2, T3 = (datetime(2025, 5, day, tzinfo=UTC) for day in (1, 2, 3))
STEP = timedelta(minutes=15)


def usage(*values, column=NET, quality=None):
    """A column of decimals; None is a gap."""
    return make_column(column, [None if v is None else Decimal(str(v)) for v in values], quality)


def write(series, *values, at=0, as_of=T1, replace=False):
    """Write net usage from the `at`-th quarter hour of March on."""
    return write_readings(
        series=series,
        start=START + at * STEP,
        columns=[usage(*values)],
        as_of=as_of,
        synced=as_of,
        replace=replace,
    )


def seen(series, at=None):
    """Quarter hour of March -> value, as of an instant."""
    found = {}
    for row in series.packs.as_of(at):
        pack = row.unpacked()
        first = (pack.segment_start - START) // STEP
        for i, value in enumerate(pack.columns[0].values(), start=first):
            assert i not in found, "two versions hold at the same instant"
            if value is not None:
                found[i] = value
    return found


def test_readings_become_one_pack_per_local_month(series):
    """A segment never crosses a local month; March of 2025 has a 23-hour day."""
    count = 31 * 96 - 4 + 30 * 96
    result = write(series, *range(count))
    assert (result.created, result.corrected, result.unchanged) == (2, 0, 0)
    march, april = series.packs.order_by("segment_start")
    assert (march.count, april.count) == (31 * 96 - 4, 30 * 96)
    assert march.segment_end == april.segment_start == datetime(2025, 4, 1, tzinfo=LA)
    assert seen(series) == {i: Decimal(i) for i in range(count)}


@pytest.mark.parametrize(("day", "quarters"), [("2025-03-09", 92), ("2025-11-02", 100)])
def test_days_of_clock_changes_lose_and_double_nothing(series, day, quarters):
    """The hour that is skipped has no readings; the hour that comes twice has them twice."""
    midnight = datetime.fromisoformat(day)
    start = midnight.replace(tzinfo=LA).astimezone(UTC)
    write_readings(
        series=series, start=start, columns=[usage(*range(quarters))], as_of=T1, synced=T1
    )
    row = series.packs.get()
    assert row.count == quarters
    assert row.segment_end == (midnight + timedelta(days=1)).replace(tzinfo=LA)


@pytest.mark.spec("WG3-01 7.3.1 f")
def test_the_same_content_again_only_confirms(series):
    """A second import changes nothing but the time of the last check."""
    write(series, 1, "2.50")
    before = UsagePack.objects.get()
    result = write(series, "1.0", "2.5", as_of=T2)
    assert (result.created, result.corrected, result.unchanged) == (0, 0, 1)
    after = UsagePack.objects.get()
    assert after.cds_synced == T2
    assert (after.cds_modified, after.version, after.as_of) == (before.cds_modified, 1, T1)


def test_a_correction_makes_a_version_and_keeps_the_former(series):
    """A grant that ended between the two keeps showing the former values (7.3.1)."""
    write(series, 1, 2, 3)
    result = write(series, 9, at=1, as_of=T2)
    assert result.corrected == 1
    assert seen(series, T1) == {0: 1, 1: 2, 2: 3}
    assert seen(series, T2) == seen(series) == {0: 1, 1: 9, 2: 3}
    assert seen(series, T1 - STEP) == {}
    old, new = series.packs.order_by("version")
    assert old.public_id == new.public_id
    assert old.cds_created == new.cds_created
    assert (old.superseded_at, new.superseded_at) == (T2, None)


def test_gaps_are_kept_unless_the_delivery_is_complete(series):
    """A partial file says nothing about what it leaves out; a complete one withdraws it."""
    write(series, 1, 2, 3)
    write(series, None, 5, None, as_of=T2)
    assert seen(series) == {0: 1, 1: 5, 2: 3}
    write(series, 1, None, 3, as_of=T3, replace=True)
    assert seen(series) == {0: 1, 2: 3}
    assert seen(series, T2) == {0: 1, 1: 5, 2: 3}


def test_a_late_arrival_goes_where_it_was_true(series):
    """It shows from its own instant on; what was changed later stays changed."""
    write(series, 1, 2, 3, as_of=T1)
    write(series, 30, at=2, as_of=T3)
    write(series, 20, 25, at=1, as_of=T2)
    assert seen(series, T1) == {0: 1, 1: 2, 2: 3}
    assert seen(series, T2) == {0: 1, 1: 20, 2: 25}
    assert seen(series, T3) == seen(series) == {0: 1, 1: 20, 2: 30}


def test_earlier_days_of_a_month_join_its_segment(series):
    """History that arrives backwards must not leave two segments over the same time."""
    write(series, 5, at=10)
    first = series.packs.get()
    write(series, 1, at=2, as_of=T2)
    row = series.packs.current().get()
    assert (row.segment_start, row.public_id) == (START + 2 * STEP, first.public_id)
    assert seen(series) == {2: 1, 10: 5}
    assert seen(series, T1) == {10: 5}


def test_chunks_with_the_same_instant_add_up(series):
    """A long file is written in pieces that all have one as-of."""
    write(series, 1, 2)
    write(series, 3, 4, at=2)
    assert seen(series, T1) == {0: 1, 1: 2, 2: 3, 3: 4}
    assert series.packs.current().count() == 1


def test_gaps_are_recorded(series):
    """Pages and clients can tell a missing reading from a zero."""
    write(series, None, 1, 0, None, None, 2, None)
    ranges = CompletenessRange.objects.order_by("start")
    assert [(r.complete, (r.end - r.start) // STEP) for r in ranges] == [
        (True, 2),
        (False, 2),
        (True, 1),
    ]
    assert ranges[0].start == START + STEP
    write(series, 7, 8, at=3, as_of=T2)
    assert [r.complete for r in CompletenessRange.objects.all()] == [True]


def test_cost_joins_usage_in_one_pack(series):
    """Several formats of a time are columns of one segment."""
    write(series, 1, 2)
    write_readings(
        series=series, start=START, columns=[usage("0.1", "0.2", column=COST)], as_of=T2, synced=T2
    )
    row = series.packs.current().get()
    assert [entry.column.type for entry in row.formats] == ["electric_usage", "cost"]


def test_periods_of_varying_length_are_packs_of_one_value(links):
    """Local gas days have 23, 24 or 25 hours."""
    gas = NaturalGasUsage("therm")
    series = ensure_series(**{**links, "commodity": "natural_gas"}, interval=None, columns=[gas])
    days = [datetime(2025, 3, d, tzinfo=LA) for d in (8, 9, 10, 11)]
    deliveries = [
        Delivery(
            series,
            low.astimezone(UTC),
            [usage("1.5", column=gas)],
            T1,
            T1,
            interval=int((high.astimezone(UTC) - low.astimezone(UTC)).total_seconds()),
        )
        for low, high in pairwise(days)
    ]
    assert write_many(deliveries).created == 3
    assert [row.interval // 3600 for row in series.packs.order_by("segment_start")] == [24, 23, 24]
    assert write_many(deliveries).unchanged == 3
    with pytest.raises(ReadingsRefused):
        write_readings(
            series=series, start=START, columns=[usage(1, column=gas)], as_of=T1, synced=T1
        )


def test_what_does_not_fit_the_series_is_refused_as_a_whole(series):
    """Wrong readings must not be stored beside right ones."""
    write(series, 1)
    with pytest.raises(ReadingsRefused, match="no column"):
        write_readings(
            series=series,
            start=START,
            columns=[usage(1, column=ElectricUsage("Wh", "net"))],
            as_of=T1,
            synced=T1,
        )
    with pytest.raises(ReadingsRefused, match="grid"):
        write_many(
            Delivery(series, START + offset, [usage(2)], T2, T2)
            for offset in (STEP, timedelta(minutes=7))
        )
    assert seen(series) == {0: 1}


def test_series_are_found_again_widened_and_split_by_unit(links, series):
    """A change of unit or meter starts another series; a further column joins."""
    again = ensure_series(**links, interval=900, columns=[NET])
    assert again == series
    demand = ElectricDemand("kW", "peak")
    wider = ensure_series(**links, interval=900, columns=[NET, demand])
    assert wider == series
    assert wider.formats == [NET, COST, demand]
    other_unit = ensure_series(**links, interval=900, columns=[ElectricUsage("Wh", "net")])
    other_meter = ensure_series(**{**links, "meter": None}, interval=900, columns=[NET])
    assert len({series.pk, other_unit.pk, other_meter.pk}) == 3


def test_many_months_take_few_statements(series, django_assert_max_num_queries):
    """Ingestion cost must not grow by a statement per segment."""
    values = [usage(*([1] * 96 * 300), quality=Quality.VALID)]
    ensure_partitions((START, START + timedelta(days=310)))
    with django_assert_max_num_queries(10):
        write_readings(series=series, start=START, columns=values, as_of=T1, synced=T1)
    later = [usage(*([1] * 96 * 299 + [2] * 96), quality=Quality.VALID)]
    with django_assert_max_num_queries(20):
        write_readings(series=series, start=START, columns=later, as_of=T2, synced=T2)


def test_the_database_allows_one_current_version(series):
    """A bug in the writer must not show two truths."""
    write(series, 1)
    row = series.packs.get()
    row.version = 2
    with pytest.raises(IntegrityError), transaction.atomic():
        UsagePack.objects.bulk_create([row])


deliveries_strategy = st.lists(
    st.tuples(
        st.sampled_from([T1, T2, T3]),
        st.integers(0, 5),
        st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=4),
    ),
    max_size=6,
)


class VersionProperties(TestCase):
    """Hypothesis needs a database that is reset for each example, hence a class here only."""

    @settings(max_examples=40, deadline=None)
    @given(deliveries_strategy)
    def test_in_order_every_instant_shows_the_deliveries_up_to_it(self, deliveries):
        """Deliveries in the source's order: state at t is their overlay up to t."""
        series = make_series()
        ordered = sorted(deliveries, key=lambda d: d[0])
        for as_of, at, values in ordered:
            write(series, *values, at=at, as_of=as_of)
        for instant in (T1, T2, T3):
            expected: dict[int, Decimal] = {}
            for as_of, at, values in ordered:
                if as_of <= instant:
                    expected |= {at + i: Decimal(v) for i, v in enumerate(values) if v is not None}
            assert seen(series, instant) == expected

    @settings(max_examples=40, deadline=None)
    @given(deliveries_strategy)
    def test_in_any_order_versions_form_one_chain(self, deliveries):
        """Late arrivals never leave two truths, a hole in time, or a change of what was before."""
        series = make_series()
        for as_of, at, values in deliveries:
            earlier = {t: seen(series, t) for t in (T1, T2, T3) if t < as_of}
            write(series, *values, at=at, as_of=as_of)
            for instant, state in earlier.items():
                assert seen(series, instant) == state
            given_now = {at + i: Decimal(v) for i, v in enumerate(values) if v is not None}
            assert seen(series, as_of).items() >= given_now.items()
        assert series.packs.current().count() <= 1


def make_series():
    """A fresh series outside the fixtures, for property tests."""
    customer = Customer.objects.create(source_key="p", name="Alice")
    return ensure_series(
        customer=customer,
        contract=ServiceContract.objects.create(customer=customer, source_key="p"),
        meter=MeterDevice.objects.create(customer=customer, source_key="p"),
        service_point=None,
        account=None,
        commodity=UsageSeries.Commodity.ELECTRIC,
        interval=900,
        zone="America/Los_Angeles",
        columns=[NET],
    )
