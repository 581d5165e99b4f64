"""Dates and datetimes as the standards write them: read liberally, written strictly.

Every datetime is written with `format_datetime`.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,12}))?)?"
    # A plus sign that was not percent-encoded arrives as a space.
    r"(?P<offset>[Zz]|[ +-][0-9]{2}(?::?[0-9]{2})?)?"
)


def utility_zone() -> ZoneInfo:
    """Return the utility's time zone, for relative dates and for times on pages."""
    return ZoneInfo(settings.CDS_TIMEZONE)


class TimeFormatError(ValueError):
    """A text is not the expected date, datetime or duration; the message says why."""


def parse_date(text: str) -> date:
    """Read a full-date of RFC 3339. Raises TimeFormatError."""
    if not _DATE.fullmatch(text):
        raise TimeFormatError(f'"{text}" is not a date such as 2026-01-31')
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise TimeFormatError(f'"{text}" is not a date in the calendar') from error


def parse_datetime(text: str, *, zone: tzinfo = UTC) -> datetime:
    """Read a datetime liberally and return it in UTC.

    Seconds can be missing, fractions are cut to microseconds, offsets can be written +HH:MM, +HHMM
    or +HH, and a datetime without an offset is in `zone`. Raises TimeFormatError.
    """
    match = _DATETIME.fullmatch(text.strip())
    if not match:
        raise TimeFormatError(f'"{text}" is not a datetime such as 2026-01-31T12:00:00Z')
    day = parse_date(match["day"])
    try:
        moment = datetime(
            day.year,
            day.month,
            day.day,
            int(match["hour"]),
            int(match["minute"]),
            # RFC 3339 has leap seconds, our clocks do not.
            59 if match["second"] == "60" else int(match["second"] or 0),
            int((match["fraction"] or "0")[:6].ljust(6, "0")),
            tzinfo=_offset(match["offset"]) or zone,
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise TimeFormatError(f'"{text}" is not a time in the calendar') from error


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if text[0] == "-" else shift)


def format_datetime(moment: datetime) -> str:
    """Write an aware datetime in UTC with Z; a fraction appears only if it is not zero."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone must not be sent")
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
