"""Dates, datetimes and durations as the CDS specifications write them (CDS-WG1-02 2).

Reading is liberal, writing is strict: every datetime is written with `format_datetime`. A relative
value is a calendar duration before or after one instant, the creation of a Grant, in the time zone
of the utility (CDS-WG1-02 3.9, CDS-WG3-01 7.3).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

import isodate
from dateutil.relativedelta import relativedelta

from portal.values.times import TimeFormatError, format_datetime, parse_date, parse_datetime

INFINITE = "infinite"

CLOCK_DRIFT = timedelta(minutes=5)
"""How far an absolute datetime can exceed a limit: clients compute it with their own clocks."""

_ZERO = frozenset({"P0D", "PT0S", "P0S"})
_DURATION = re.compile(
    r"P(?!$)([0-9]{1,6}Y)?([0-9]{1,6}M)?([0-9]{1,6}W)?([0-9]{1,6}D)?"
    r"(T(?!$)([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}S)?)?"
)
_MAX_YEARS = 500
_MAX_DAYS = _MAX_YEARS * 366


class Direction(StrEnum):
    """Whether a relative value points to the future or to the past."""

    ADD = "add"
    SUBTRACT = "subtract"


@dataclass(frozen=True, slots=True)
class Duration:
    """A relative value: months and days follow the calendar, seconds are elapsed time."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    @property
    def is_zero(self) -> bool:
        return not (self.months or self.days or self.seconds)


@dataclass(frozen=True, slots=True)
class Infinite:
    """The unlimited value."""


DateValue = date | Duration | Infinite
DatetimeValue = datetime | Duration | Infinite


def parse_duration(text: str) -> Duration:
    """Read a duration of RFC 3339 appendix A; "P0S", which CDS-WG1-02 2 prints, counts as zero.

    Raises TimeFormatError for other notations, fractions, signs and more than 500 years.
    """
    if text in _ZERO:
        return Duration()
    if not _DURATION.fullmatch(text):
        raise TimeFormatError(f'"{text}" is not a duration such as P3Y, P30D or PT2H')
    calendar, _, clock = text.partition("T")
    months = days = seconds = 0
    if calendar != "P":
        parsed = isodate.parse_duration(calendar, as_timedelta_if_possible=False)
        months = int(parsed.years) * 12 + int(parsed.months)
        days = parsed.tdelta.days
    if clock:
        elapsed = isodate.parse_duration("PT" + clock)
        seconds = elapsed.days * 86400 + elapsed.seconds
    if months > _MAX_YEARS * 12 or days > _MAX_DAYS or seconds > _MAX_DAYS * 86400:
        raise TimeFormatError(f'"{text}" is longer than {_MAX_YEARS} years')
    return Duration(months, days, seconds)


def read_date_value(text: str) -> DateValue:
    """Read a "relative or absolute date" (CDS-WG1-02 2). Raises TimeFormatError.

    Hours, minutes and seconds are not allowed in relative dates, except for a zero.
    """
    if text == INFINITE:
        return Infinite()
    if text.startswith("P"):
        duration = parse_duration(text)
        if text not in _ZERO and "T" in text:
            raise TimeFormatError(f'"{text}" contains a time of day, which a relative date cannot')
        return duration
    return parse_date(text)


def read_datetime_value(text: str, *, zone: tzinfo = UTC) -> DatetimeValue:
    """Read a "relative or absolute datetime" (CDS-WG1-02 2). Raises TimeFormatError."""
    if text == INFINITE:
        return Infinite()
    if text.startswith("P"):
        return parse_duration(text)
    return parse_datetime(text, zone=zone)


def normalize_date_value(text: str) -> str:
    """Return the only form in which we write this date. Raises TimeFormatError."""
    value = read_date_value(text)
    return "P0D" if isinstance(value, Duration) and value.is_zero else text


def normalize_datetime_value(text: str, *, zone: tzinfo = UTC) -> str:
    """Return the only form in which we write this datetime. Raises TimeFormatError."""
    value = read_datetime_value(text, zone=zone)
    if isinstance(value, datetime):
        return format_datetime(value)
    return "PT0S" if isinstance(value, Duration) and value.is_zero else text


def shift(now: datetime, duration: Duration, *, direction: Direction, zone: tzinfo) -> datetime:
    """Return `now` moved by a duration: months and days on the wall clock of `zone`, then seconds.

    The result is in UTC. Raises TimeFormatError if it is outside the calendar.
    """
    sign = 1 if direction is Direction.ADD else -1
    calendar = relativedelta(months=sign * duration.months, days=sign * duration.days)
    try:
        if duration.months or duration.days:
            now = now.astimezone(zone) + calendar
        return now.astimezone(UTC) + timedelta(seconds=sign * duration.seconds)
    except (ValueError, OverflowError) as error:
        raise TimeFormatError("the value is outside the calendar") from error


def resolve_date(text: str, *, now: datetime, direction: Direction, zone: tzinfo) -> date | None:
    """Return the absolute local date of a relative or absolute date, None for infinite."""
    value = read_date_value(text)
    if isinstance(value, Infinite):
        return None
    if isinstance(value, Duration):
        return shift(now, value, direction=direction, zone=zone).astimezone(zone).date()
    return value


def resolve_datetime(
    text: str, *, now: datetime, direction: Direction, zone: tzinfo
) -> datetime | None:
    """Return the absolute UTC datetime of a relative or absolute datetime, None for infinite."""
    value = read_datetime_value(text, zone=zone)
    if isinstance(value, Infinite):
        return None
    if isinstance(value, Duration):
        return shift(now, value, direction=direction, zone=zone)
    return value


def absolute_date(text: str, *, now: datetime, direction: Direction, zone: tzinfo) -> str:
    """Return the absolute date, or "infinite", for Grants and tokens (CDS-WG3-01 7.3)."""
    moment = resolve_date(text, now=now, direction=direction, zone=zone)
    return INFINITE if moment is None else moment.isoformat()


def absolute_datetime(text: str, *, now: datetime, direction: Direction, zone: tzinfo) -> str:
    """Return the absolute datetime, or "infinite", for Grants and tokens (7.3)."""
    moment = resolve_datetime(text, now=now, direction=direction, zone=zone)
    return INFINITE if moment is None else format_datetime(moment)


def date_within(
    text: str,
    *,
    minimum: str,
    maximum: str,
    now: datetime,
    direction: Direction,
    zone: tzinfo,
) -> bool:
    """Return whether a date lies between two limits, each relative, absolute or infinite.

    The maximum is the value furthest from now, the minimum the nearest (CDS-WG1-02 3.8).
    """

    def distance(value: str) -> float:
        moment = resolve_date(value, now=now, direction=direction, zone=zone)
        if moment is None:
            return float("inf")
        days = (moment - now.astimezone(zone).date()).days
        return days if direction is Direction.ADD else -days

    return distance(minimum) <= distance(text) <= distance(maximum)


def datetime_within(
    text: str,
    *,
    minimum: str,
    maximum: str,
    now: datetime,
    direction: Direction,
    zone: tzinfo,
) -> bool:
    """Return whether a datetime lies between two limits, each relative, absolute or infinite.

    Absolute values can exceed a limit by CLOCK_DRIFT, since limits move with our clock.
    """

    def distance(value: str) -> float:
        moment = resolve_datetime(value, now=now, direction=direction, zone=zone)
        if moment is None:
            return float("inf")
        microseconds = (moment - now) // timedelta(microseconds=1)
        return microseconds if direction is Direction.ADD else -microseconds

    is_absolute = isinstance(read_datetime_value(text, zone=zone), datetime)
    slack = CLOCK_DRIFT // timedelta(microseconds=1) if is_absolute else 0
    return distance(minimum) - slack <= distance(text) <= distance(maximum) + slack
