"""Packs keep every value exactly, through storage, slicing and merging."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.usage_values.codec import (
    BrokenBlob,
    Pack,
    PackMismatch,
    decode,
    encode,
    overlay,
    rebase,
)
from customerdata.usage_values.columns import (
    Kind,
    SupplyMix,
    ValueRejected,
    decimal_text,
    make_column,
    mantissa_column,
)
from customerdata.usage_values.formats import (
    ElectricUsage,
    IntervalCost,
    MeterReadings,
    SupplyMixShare,
)
from tests.customerdata.usage.strategies import columns, content, packs

USAGE = ElectricUsage("kWh", "net")
START = datetime(2025, 1, 1, tzinfo=UTC)


def usage_pack(*values, start=START, quality=None):
    """A pack of one hourly usage column."""
    numbers = [None if v is None else Decimal(str(v)) for v in values]
    column = make_column(USAGE, numbers, quality)
    return Pack("s", start, 3600, len(values), (column,))


@given(packs())
def test_a_pack_survives_storage(pack):
    """Nothing may be rounded, reordered or lost on the way to the database and back."""
    encoded = encode(pack)
    back = decode(encoded.blob)
    assert content(back) == content(pack)
    assert (back.series, back.segment_start, back.interval, back.count) == (
        pack.series,
        pack.segment_start,
        pack.interval,
        pack.count,
    )
    assert [c.format for c in back.columns] == [c.format for c in pack.columns]
    assert encode(back) == encoded


@given(packs(), st.data())
def test_slicing_is_slicing_of_the_lists(pack, data):
    """A trimmed segment shows the very values of the whole one."""
    first = data.draw(st.integers(0, pack.count))
    last = data.draw(st.integers(first, pack.count))
    part = decode(encode(pack.sliced(first, last)).blob)
    assert content(part) == {key: rows[first:last] for key, rows in content(pack).items()}
    assert part.segment_start == pack.segment_start + timedelta(hours=first)
    assert part.segment_end == pack.segment_start + timedelta(hours=last)


@given(st.data())
def test_overlay_equals_a_dictionary_update(data):
    """Partial corrections: a value wins, a gap leaves what is known."""
    base_size, new_size = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    offset = data.draw(st.integers(-4, 8))
    base = Pack("s", START, 3600, base_size, (data.draw(columns(USAGE, base_size)),))
    start = START + timedelta(hours=offset)
    new = Pack("s", start, 3600, new_size, (data.draw(columns(USAGE, new_size)),))

    expected = dict(enumerate(content(base)[USAGE.key]))
    for position, row in enumerate(content(new)[USAGE.key], start=offset):
        if row[0] is not None:
            expected[position] = row
    merged = overlay(base, new)

    low = min(0, offset)
    rows = content(merged)[USAGE.key]
    assert merged.segment_start == START + timedelta(hours=low)
    assert len(rows) == max(base_size, offset + new_size) - low
    for position, row in enumerate(rows, start=low):
        assert row == expected.get(position, (None, None))
    # Equal content is equal bytes, however it came about: idempotency rests on it.
    assert encode(overlay(merged, new)).digest == encode(merged).digest


@given(st.data())
def test_rebase_repeats_a_step_on_other_ground(data):
    """A late delivery shows wherever no later one has spoken, and only there."""

    def some(size):
        return Pack("s", START, 3600, size, (data.draw(columns(USAGE, size)),))

    was = some(4)
    became = overlay(was, some(6))
    now = overlay(was, some(5))
    result = content(rebase(was, became, now))[USAGE.key]
    gap = (None, None)
    old, new, other = (content(p)[USAGE.key] for p in (was, became, now))
    for i, row in enumerate(result):
        before, after, late = (rows[i] if i < len(rows) else gap for rows in (old, new, other))
        assert row == (late if before == after else after)


def test_rebase_keeps_a_withdrawal_and_starts_from_nothing():
    """A value taken back later stays away; a first delivery may turn out to be the second."""
    was = usage_pack(1, 2, 3)
    became = overlay(was, usage_pack(1, None, 3), replace=True)
    now = overlay(was, usage_pack(9, None, None))
    assert [v for v, _ in content(rebase(was, became, now))[USAGE.key]] == [9, None, 3]
    earlier = usage_pack(7, 8, start=START - timedelta(hours=1))
    assert [v for v, _ in content(rebase(None, was, earlier))[USAGE.key]] == [7, 1, 2, 3]


def test_replace_lets_gaps_win():
    """A complete delivery may withdraw a value."""
    merged = overlay(usage_pack(1, 2, 3), usage_pack(None, 5), replace=True)
    assert [v for v, _ in content(merged)[USAGE.key]] == [None, Decimal(5), Decimal(3)]


def test_columns_of_one_side_are_kept():
    """Cost arrives later than usage and joins it."""
    cost = make_column(IntervalCost("USD", of=(USAGE,)), [Decimal("0.5")])
    late = Pack("s", START + timedelta(hours=1), 3600, 1, (cost,))
    merged = overlay(usage_pack(1, 2), late)
    assert [c.values() for c in merged.columns] == [
        [Decimal(1), Decimal(2)],
        [None, Decimal("0.5")],
    ]


def test_packs_off_the_grid_are_refused():
    """Half an hour beside the grid would move every later value in time."""
    with pytest.raises(PackMismatch, match="grid"):
        overlay(usage_pack(1), usage_pack(1, start=START + timedelta(minutes=30)))


def test_equal_values_are_equal_bytes_whatever_their_spelling():
    """1.50 and 1.5 are the same reading: no new version."""
    assert encode(usage_pack("1.50", "2.00")).digest == encode(usage_pack("1.5", "2")).digest
    cents = mantissa_column(USAGE, np.array([150, 200]), 2)
    assert encode(Pack("s", START, 3600, 2, (cents,))).digest == encode(usage_pack("1.5", 2)).digest


@pytest.mark.parametrize("value", [1.5, True, "1", Decimal("NaN"), Decimal("1e999"), float("inf")])
def test_inexact_values_are_refused(value):
    """Energy and money are decimals, never floats."""
    with pytest.raises(ValueRejected):
        make_column(USAGE, [value])


def test_float_arrays_and_numeric_readings_are_refused():
    """The fast path and meter readings hold the same line."""
    with pytest.raises(ValueRejected):
        mantissa_column(USAGE, np.array([1.5]), 0)
    with pytest.raises(ValueRejected):
        make_column(MeterReadings(meter="m", units="kWh"), [Decimal(1)])
    with pytest.raises(ValueRejected):
        make_column(MeterReadings(meter="m", units="kWh"), ["\ud800"])
    with pytest.raises(ValueRejected):
        make_column(SupplyMixShare("base", "wind"), [SupplyMix(Decimal("1.01"))])
    with pytest.raises(ValueRejected):
        make_column(IntervalCost("USD"), [Decimal(1)], Quality.RAW)


def test_numbers_past_64_bits_stay_exact():
    """Such a column changes its kind and nothing else."""
    big = Decimal("12345678901234567890.123456789")
    pack = usage_pack(big, 1, None)
    assert pack.columns[0].kind is Kind.JSON
    assert decode(encode(pack).blob).columns[0].values() == [big, Decimal(1), None]


@pytest.mark.parametrize(
    ("value", "text"),
    [("0E+3", "0"), ("-0.00", "0"), ("1.500", "1.5"), ("-1E-3", "-0.001"), ("1E+3", "1000")],
)
def test_decimals_have_one_rendering(value, text):
    """No exponent, no trailing zeros, one zero."""
    assert decimal_text(Decimal(value)) == text


def test_damaged_blobs_are_reported():
    """A broken row has to fail loudly, never show other numbers."""
    blob = encode(usage_pack(1, 2, 3)).blob
    for broken in (b"", b"XYZ" + blob[3:], blob[:3] + b"\x09" + blob[4:], blob[:-4]):
        with pytest.raises(BrokenBlob):
            decode(broken)


def test_a_month_of_quarter_hours_is_small():
    """Storage is planned at a few bytes per value; one row per interval would be 40 times that."""
    rng = np.random.default_rng(1)
    values = rng.integers(100, 2000, 2976).astype(np.int64)
    pack = Pack("s", START, 900, 2976, (mantissa_column(USAGE, values, 3, Quality.VALID),))
    assert len(encode(pack).blob) < 2.2 * 2976


def test_packs_check_their_columns():
    """Lengths, time zone, interval and repeated formats."""
    column = make_column(USAGE, [Decimal(1)])
    for bad in (
        lambda: Pack("s", START, 3600, 2, (column,)),
        lambda: Pack("s", START.replace(tzinfo=None), 3600, 1, (column,)),
        lambda: Pack("s", START, 0, 1, (column,)),
        lambda: Pack("s", START, 3600, 1, (column, column)),
    ):
        with pytest.raises(PackMismatch):
            bad()
