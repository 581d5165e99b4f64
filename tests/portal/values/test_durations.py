"""Dates, datetimes and durations of CDS-WG1-02 2."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.values.durations import (
    Direction,
    Duration,
    absolute_date,
    absolute_datetime,
    date_within,
    datetime_within,
    normalize_date_value,
    normalize_datetime_value,
    parse_duration,
    shift,
)
from portal.values.times import TimeFormatError, format_datetime, parse_date, parse_datetime

PACIFIC = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)

moments = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
durations = st.builds(
    lambda years, months, days, hours: f"P{years}Y{months}M{days}DT{hours}H",
    *[st.integers(0, 50)] * 4,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P3Y", Duration(months=36)),
        ("P13M", Duration(months=13)),
        ("P2W", Duration(days=14)),
        ("P30DT2H", Duration(days=30, seconds=7200)),
        ("PT90M", Duration(seconds=5400)),
        ("PT36H", Duration(seconds=129600)),
        ("P0D", Duration()),
        ("PT0S", Duration()),
        ("P0S", Duration()),
    ],
)
def test_it_reads_durations(text, expected):
    """RFC 3339 appendix A, and the zero that CDS-WG1-02 2 prints although it is none."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1Y", "-P1Y", "+P1Y", "P1.5Y", "P1,5D", "P1S", "P1H", "p1y", "P1Y ",
     "P0003-06-04", "P501Y", "P999999D", "P1D2M", "P\u0661Y", "P1YT"],
)  # fmt: skip
def test_it_refuses_other_durations(text):
    """Signs, fractions and unit order matter: a misread duration opens too much data."""
    with pytest.raises(TimeFormatError):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31t12:00:00z",
        "2026-01-31T12:00Z",
        "2026-01-31T12:00:00.000000000Z",
        "2026-01-31 12:00:00Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31T13:00:00+0100",
        "2026-01-31T13:00:00 01:00",
        "2026-01-31T04:00:00-08",
        " 2026-01-31T12:00:00Z ",
    ],
)
def test_it_reads_datetimes_liberally(text):
    """Clients of all languages write datetimes differently; all of these are one instant."""
    assert format_datetime(parse_datetime(text)) == "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    "text",
    ["2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T12:00:00+25:00",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "now", "1700000000", ""],
)  # fmt: skip
def test_it_refuses_what_is_no_datetime(text):
    """Liberal does not mean guessing, and the ends of the calendar must not crash."""
    with pytest.raises(TimeFormatError):
        parse_datetime(text)


def test_a_datetime_without_offset_counts_in_the_zone():
    """A local time belongs to the utility's zone, not to the server's."""
    assert parse_datetime("2026-07-01T00:00", zone=PACIFIC) == datetime(2026, 7, 1, 7, tzinfo=UTC)


def test_a_leap_second_is_the_last_one_we_know():
    """RFC 3339 allows second 60."""
    assert parse_datetime("2016-12-31T23:59:60Z").second == 59


@given(moments)
def test_writing_and_reading_give_the_same_instant(moment):
    """The canonical text loses nothing."""
    assert parse_datetime(format_datetime(moment)) == moment


def test_it_writes_no_naive_datetimes():
    """A datetime without zone would be a guess."""
    with pytest.raises(ValueError, match="time zone"):
        format_datetime(datetime(2026, 1, 1))  # noqa: DTZ001


def test_it_writes_a_fraction_only_when_there_is_one():
    """Whole seconds look the same everywhere."""
    assert format_datetime(NOW) == "2026-03-31T12:00:00Z"
    assert format_datetime(NOW + timedelta(microseconds=5)) == "2026-03-31T12:00:00.000005Z"


@pytest.mark.parametrize("text", ["PT1H", "P1DT1H", "P1YT0H", "2026-01-01T00:00:00Z", "2026-13-01"])
def test_relative_dates_hold_no_time_of_day(text):
    """CDS-WG1-02 2: hours, minutes and seconds are barred from relative dates."""
    with pytest.raises(TimeFormatError):
        normalize_date_value(text)


@pytest.mark.parametrize("zero", ["P0D", "PT0S", "P0S"])
def test_zero_has_one_form_per_kind(zero):
    """Decision 12: accepted in both kinds, written P0D for dates and PT0S for datetimes."""
    assert normalize_date_value(zero) == "P0D"
    assert normalize_datetime_value(zero) == "PT0S"


@pytest.mark.parametrize(
    ("text", "direction", "expected"),
    [
        ("P1M", Direction.SUBTRACT, "2026-02-28"),
        ("P1Y", Direction.ADD, "2027-03-31"),
        ("P2W", Direction.SUBTRACT, "2026-03-17"),
        ("P0D", Direction.ADD, "2026-03-31"),
        ("2020-02-29", Direction.ADD, "2020-02-29"),
        ("infinite", Direction.ADD, "infinite"),
    ],
)
def test_it_resolves_dates(text, direction, expected):
    """Calendar arithmetic: the last day of a shorter month, not an overflow into the next."""
    assert absolute_date(text, now=NOW, direction=direction, zone=PACIFIC) == expected


def test_today_is_the_day_in_the_utilitys_zone():
    """Shortly after midnight UTC it is still yesterday at the Pacific."""
    now = datetime(2026, 4, 1, 3, tzinfo=UTC)
    assert absolute_date("P0D", now=now, direction=Direction.ADD, zone=PACIFIC) == "2026-03-31"


def test_days_follow_the_wall_clock_and_hours_elapse():
    """A day across the change to summer time has 23 hours, 24 hours stay 24 hours."""
    before = datetime(2026, 3, 7, 20, tzinfo=UTC)
    by_day = shift(before, parse_duration("P1D"), direction=Direction.ADD, zone=PACIFIC)
    by_hour = shift(before, parse_duration("PT24H"), direction=Direction.ADD, zone=PACIFIC)
    assert (by_day - before, by_hour - before) == (timedelta(hours=23), timedelta(hours=24))


def test_infinite_stays_infinite():
    """CDS-WG3-01 7.3: Grants carry the word itself."""
    text = absolute_datetime("infinite", now=NOW, direction=Direction.SUBTRACT, zone=PACIFIC)
    assert text == "infinite"


@given(durations, moments)
def test_a_resolved_value_is_absolute_and_stable(text, now):
    """Resolving twice changes nothing, whatever the second clock says."""
    once = absolute_datetime(text, now=now, direction=Direction.ADD, zone=PACIFIC)
    later = now + timedelta(days=400)
    assert absolute_datetime(once, now=later, direction=Direction.ADD, zone=PACIFIC) == once


@given(durations, moments)
def test_directions_point_away_from_each_other(text, now):
    """What is added lies after the instant, what is subtracted before it."""
    duration = parse_duration(text)
    after = shift(now, duration, direction=Direction.ADD, zone=PACIFIC)
    before = shift(now, duration, direction=Direction.SUBTRACT, zone=PACIFIC)
    assert before - timedelta(hours=1) <= now <= after + timedelta(hours=1)


@given(st.text(max_size=30))
def test_no_text_crashes_the_readers(text):
    """Any input gives a value or a TimeFormatError."""
    for read in (normalize_date_value, normalize_datetime_value, parse_duration, parse_date):
        try:
            read(text)
        except TimeFormatError:
            continue


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("P3Y", True),
        ("P36M", True),
        ("P3Y1M", False),
        ("P0D", True),
        ("infinite", False),
        ("2023-03-31", True),
        ("2023-03-30", False),
        ("2026-03-31", True),
        ("2026-04-01", False),
    ],
)
def test_history_of_dates_ends_at_the_maximum(text, fits):
    """CDS-WG1-02 3.8: for the past, maximum is the furthest back and minimum the closest to now."""
    assert fits == date_within(
        text, minimum="P0D", maximum="P3Y", now=NOW, direction=Direction.SUBTRACT, zone=UTC
    )


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("PT0S", False),
        ("P1D", True),
        ("P1Y", True),
        ("P1YT1S", False),
        ("2026-12-31T00:00:00Z", True),
        ("2030-01-01T00:00:00Z", False),
        ("2026-03-31T12:00:00Z", False),
        ("infinite", False),
    ],
)
def test_the_future_of_datetimes_ends_at_the_maximum(text, fits):
    """Relative and absolute limits bind relative and absolute values alike."""
    assert fits == datetime_within(
        text,
        minimum="P1D",
        maximum="2027-03-31T12:00:00Z",
        now=NOW,
        direction=Direction.ADD,
        zone=UTC,
    )


def test_a_client_may_compute_the_limit_by_its_own_clock():
    """Three years ago by a clock that runs two minutes late is still three years ago."""

    def fits(text):
        return datetime_within(
            text,
            minimum="PT0S",
            maximum="P3Y",
            now=NOW,
            direction=Direction.SUBTRACT,
            zone=UTC,
        )

    assert fits("2023-03-31T11:58:00Z")
    assert fits("2026-03-31T12:02:00Z")
    assert not fits("2023-03-31T11:50:00Z")


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)))
def test_a_date_fits_exactly_between_its_limits(day):
    """Compared with the calendar itself."""
    fits = date_within(
        day.isoformat(),
        minimum="P1M",
        maximum="P2Y",
        now=NOW,
        direction=Direction.ADD,
        zone=UTC,
    )
    assert fits == (date(2026, 4, 30) <= day <= date(2028, 3, 31))
