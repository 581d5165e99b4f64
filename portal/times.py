"""Datetimes as the standards write them: read liberally, written strictly."""

import re
from datetime import UTC, datetime

_PATTERN = re.compile(
    r"^(?P<day>\d{4}-\d{2}-\d{2})[Tt ](?P<minute>\d{2}:\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?$"
)


def parse_datetime(text: str) -> datetime:
    """Return an aware datetime; a text without offset is UTC. Raises ValueError.

    Accepts a missing seconds part, up to nine fraction digits (cut to microseconds), `Z` or an
    offset with or without colon. A `+` that a URL turned into a space is understood.
    """
    match = _PATTERN.match(re.sub(r" (\d{2}:?\d{2})$", r"+\1", text.strip()))
    if match is None:
        raise ValueError(f"{text!r} is not a datetime such as 2026-01-31T00:00:00Z")
    fraction = (match["fraction"] or "")[:6].ljust(6, "0")
    zone = (match["zone"] or "Z").upper().replace("Z", "+00:00")
    iso = f"{match['day']}T{match['minute']}:{match['second'] or '00'}.{fraction}{zone}"
    return datetime.fromisoformat(iso)


def format_datetime(value: datetime) -> str:
    """Return RFC 3339 in UTC with `Z`; microseconds only when there are some."""
    if value.tzinfo is None:
        raise ValueError("naive datetimes never leave the process")
    text = value.astimezone(UTC).isoformat(
        timespec="microseconds" if value.microsecond else "seconds"
    )
    return text.replace("+00:00", "Z")
