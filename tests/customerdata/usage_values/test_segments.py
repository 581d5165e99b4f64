"""Windows, trimmed ids and month boundaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerdata.usage_values.segments import (
    Cut,
    Window,
    base_segment_id,
    cut,
    month_parts,
    month_start,
    new_segment_id,
    next_month_start,
    same_id,
    segment_id_month,
    trimmed_id,
)

LA = ZoneInfo("America/Los_Angeles")
START = datetime(2025, 1, 1, tzinfo=UTC)
KEY = b"k" * 32
instants = st.none() | st.integers(-100, 1000).map(lambda m: START + timedelta(minutes=m))


@given(st.integers(0, 40), st.sampled_from([900, 1800, 3600]), instants, instants)
def test_a_cut_keeps_exactly_the_intervals_inside_the_window(count, interval, low, high):
    """Decision on CDS-WG3-01 7.3.7: an interval shows only if all of it is granted."""
    step = timedelta(seconds=interval)
    inside = [
        i
        for i in range(count)
        if (low is None or START + i * step >= low)
        and (high is None or START + (i + 1) * step <= high)
    ]
    part = cut(START, interval, count, Window(low, high))
    assert list(range(part.first, part.last)) == inside
    assert part.empty == (not inside)


def test_trimmed_ids_depend_on_base_edges_and_key():
    """Two different cuts must never share an id, and nobody can guess one."""
    base = new_segment_id(START)
    ids = {
        trimmed_id(base, START, 900, Cut(0, 96, 96), KEY),
        trimmed_id(base, START, 900, Cut(1, 96, 96), KEY),
        trimmed_id(base, START, 900, Cut(0, 95, 96), KEY),
        trimmed_id(base, START, 900, Cut(1, 95, 96), KEY),
        trimmed_id(base, START, 900, Cut(1, 95, 96), b"other"),
        trimmed_id(new_segment_id(START), START, 900, Cut(1, 95, 96), KEY),
    }
    assert len(ids) == 6
    assert base in ids
    assert {base_segment_id(i) for i in ids if i.startswith(base)} == {base}


def test_a_growing_segment_keeps_its_trimmed_id():
    """The current month gets values each day; a client must find its object again."""
    base = new_segment_id(START)
    before = trimmed_id(base, START, 900, Cut(4, 96, 96), KEY)
    after = trimmed_id(base, START, 900, Cut(4, 192, 192), KEY)
    assert same_id(before, after)


def test_a_base_id_tells_its_month_and_nothing_else_does():
    """A look-up by id reads one partition; a made-up id reads none."""
    at = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert segment_id_month(new_segment_id(at)) == (
        datetime(2025, 12, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert new_segment_id(at) != new_segment_id(at)
    for made_up in ("", "zzzz", "5ea1", "0000" + "2" * 20, "5ea1" + "'" * 20):
        assert segment_id_month(made_up) is None
    body = new_segment_id(at)[4:]
    for head in ("000c", "0017", "6_2a", "-123", "+123", " 123", "\u0661234"):
        assert segment_id_month(head + body) is None, "no month, or none with days before it"


@pytest.mark.parametrize(
    ("day", "quarters"), [("2025-03-09", 92), ("2025-11-02", 100), ("2025-06-01", 96)]
)
def test_days_of_clock_changes_have_their_real_length(day, quarters):
    """23 and 25 hours: counts follow from instants, not from the calendar."""
    start = datetime.fromisoformat(day).replace(tzinfo=LA).astimezone(UTC)
    end = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=LA).astimezone(UTC)
    assert cut(start, 900, 200, Window(start, end)) == Cut(0, quarters, 200)


@pytest.mark.parametrize(
    ("month", "quarters"), [("2025-03", 31 * 96 - 4), ("2025-11", 30 * 96 + 4), ("2025-02", 2688)]
)
def test_a_local_month_is_one_pack(month, quarters):
    """Boundaries are local midnights, also in the months of clock changes."""
    start = month_start(datetime.fromisoformat(f"{month}-15T00:00:00+00:00"), LA)
    parts = list(month_parts(start, 900, quarters + 10, LA))
    assert parts == [(0, quarters), (quarters, quarters + 10)]
    assert start + timedelta(seconds=900 * quarters) == next_month_start(start, LA)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001
    st.sampled_from([900, 3600, 86400, 7 * 86400, 40 * 86400]),
    st.integers(1, 400),
)
def test_month_parts_cover_everything_once(start, interval, count):
    """No value may be lost or doubled by the split, and none sits in a wrong month."""
    start = start.replace(tzinfo=UTC)
    parts = list(month_parts(start, interval, count, LA))
    assert [i for first, last in parts for i in range(first, last)] == list(range(count))
    step = timedelta(seconds=interval)
    for first, last in parts:
        months = {month_start(start + i * step, LA) for i in (first, last - 1)}
        assert len(months) == 1
