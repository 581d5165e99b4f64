"""Datetimes: read liberally, written strictly."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.values.times import format_datetime, parse_datetime


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T00:00:00Z", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T00:00Z", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31t00:00:00z", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T00:00:00.123456789Z", datetime(2026, 1, 31, 0, 0, 0, 123456, UTC)),
        ("2026-01-31T02:00:00+0200", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T02:00:00 02:00", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31 00:00:00", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_what_clients_really_send_is_understood(text, expected):
    """Missing seconds, nanoseconds, a plus that a URL turned into a space."""
    assert parse_datetime(text) == expected


@pytest.mark.parametrize(
    "text", ["", "2026-01-31", "2026-13-01T00:00:00Z", "now", "2026-02-30T00:00Z"]
)
def test_anything_else_is_refused(text):
    """A date is not a datetime."""
    with pytest.raises(ValueError):  # noqa: PT011 -- any ValueError is the contract
        parse_datetime(text)


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=-7)))))
def test_written_times_read_back(value):
    """Whatever the zone, the instant stays."""
    try:
        text = format_datetime(value)
    except OverflowError:
        return
    assert text.endswith("Z")
    assert parse_datetime(text) == value


def test_naive_times_never_leave():
    """A time without zone means something else to each reader."""
    with pytest.raises(ValueError, match="time zone"):
        format_datetime(datetime(2026, 1, 1))  # noqa: DTZ001 -- the subject of the test
