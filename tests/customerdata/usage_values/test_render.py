"""The fast renderer says exactly what a trivial one says."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.usage_values.codec import Pack
from customerdata.usage_values.columns import (
    SupplyMix,
    decimal_text,
    make_column,
    mantissa_column,
)
from customerdata.usage_values.formats import ElectricUsage, MeterReadings
from customerdata.usage_values.render import render_values, segment_formats
from customerdata.usage_values.wire import SegmentFormat
from tests.customerdata.usage.strategies import packs


def naive_value(entry, value):
    """One value object, written out by hand."""
    if isinstance(value, SupplyMix):
        parts = [f'"sm":{decimal_text(value.sm)}']
        if value.ci is not None:
            parts.append(f'"ci":{decimal_text(value.ci)}')
        if value.eacs is not None:
            eacs = json.dumps(list(value.eacs), ensure_ascii=False, separators=(",", ":"))
            parts.append(f'"eacs":{eacs}')
        return "{" + ",".join(parts) + "}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else decimal_text(value)
    return f'{{"{entry.column.value_field}":{text}}}'


def naive(pack, formats):
    """One interval after the other, one format after the other."""
    columns = {c.format.key: (c.values(), c.qualities()) for c in pack.columns}
    sets = []
    for i in range(pack.count):
        cells = []
        for entry in formats:
            values, qualities = columns[entry.column.key]
            shown = values[i] is not None and qualities[i] == entry.quality
            cells.append(naive_value(entry, values[i]) if shown else "null")
        sets.append("[" + ",".join(cells) + "]")
    return ("[" + ",".join(sets) + "]").encode()


@given(packs(), st.data())
def test_rendering_equals_the_naive_one(pack, data):
    """Every type, kind, quality, gap and subset of formats."""
    present = segment_formats(pack)
    formats = [entry for entry in present if data.draw(st.booleans())]
    for chosen in (present, formats):
        text = render_values(pack, chosen)
        assert text == naive(pack, chosen)
        assert len(json.loads(text)) == pack.count


@given(packs())
def test_each_value_stands_in_exactly_one_full_format(pack):
    """Qualities split a column without losing or doubling a value."""
    rows = json.loads(render_values(pack, segment_formats(pack)))
    there = sum(int(column.present.sum()) for column in pack.columns)
    assert sum(cell is not None for row in rows for cell in row) == there


def test_qualities_become_formats_of_their_own():
    """The wire carries quality on the format (10.8.5.1.1), so each value shows in one."""
    column = make_column(
        ElectricUsage("kWh"),
        [Decimal("1.50"), Decimal(-2), None, Decimal("0.00")],
        [Quality.RAW, Quality.ESTIMATED, None, None],
    )
    pack = Pack("s", datetime(2025, 1, 1, tzinfo=UTC), 900, 4, (column,))
    formats = segment_formats(pack)
    assert [entry.quality for entry in formats] == [None, Quality.RAW, Quality.ESTIMATED]
    assert render_values(pack, formats) == (
        b'[[null,{"eu":1.5},null],[null,null,{"eu":-2}],[null,null,null],[{"eu":0},null,null]]'
    )


def test_no_formats_give_empty_value_sets():
    """Intervals stay countable when nothing may be shown."""
    column = make_column(ElectricUsage("kWh"), [Decimal(1), Decimal(2)])
    pack = Pack("s", datetime(2025, 1, 1, tzinfo=UTC), 900, 2, (column,))
    assert render_values(pack, []) == b"[[],[]]"
    assert render_values(pack.sliced(1, 1), [SegmentFormat(column.format)]) == b"[]"


@pytest.mark.spec("WG3-01 10.8.5.8.2 a")
def test_readings_are_json_strings():
    """A reading is text (10.8.5.8.2), whatever characters the meter shows."""
    column = make_column(MeterReadings(meter="m", units="kWh"), ['00"1', "\n", None])
    pack = Pack("s", datetime(2025, 1, 1, tzinfo=UTC), 900, 3, (column,))
    text = render_values(pack, segment_formats(pack))
    assert json.loads(text) == [[{"r": '00"1'}], [{"r": "\n"}], [None]]


def test_a_page_of_300k_values_renders_in_under_a_second():
    """A page of the listing has 100 segments of 15-minute values."""
    rng = np.random.default_rng(7)
    month = Pack(
        "s",
        datetime(2025, 1, 1, tzinfo=UTC),
        900,
        3000,
        (
            mantissa_column(
                ElectricUsage("kWh"),
                rng.integers(-(10**7), 10**7, 3000, dtype=np.int64),
                3,
                Quality.VALID,
            ),
        ),
    )
    formats = segment_formats(month)
    began = time.thread_time()
    for _ in range(100):
        render_values(month, formats)
    assert time.thread_time() - began < 1.0
