"""Segments in time: value sets inside a window, ids of trimmed segments, month boundaries."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

# Lowercase base 32 without vowels: an id can be read aloud and never spells a word.
_ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
_RANDOM_LENGTH = 20
_TAG_LENGTH = 20
_MONTH_LENGTH = 4
# A time outside is an error of the source, and each month with readings becomes a table.
YEARS = range(1900, 2200)
_HEAD = re.compile(f"[0-9a-f]{{{_MONTH_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open time window of a grant; None is unbounded (CDS-WG3-01 7.3.6, 7.3.7)."""

    start: datetime | None = None
    end: datetime | None = None


class Cut(msgspec.Struct, frozen=True):
    """The value sets [first, last) of a segment that lie in a window.

    A struct, because listings create hundreds at a time.
    """

    first: int
    last: int
    count: int

    @property
    def empty(self) -> bool:
        """True if no value set lies entirely inside the window."""
        return self.first >= self.last

    @property
    def whole(self) -> bool:
        """True if nothing is cut off, so that the stored text can be sent."""
        return self.first == 0 and self.last == self.count


def cut(segment_start: datetime, interval: int, count: int, window: Window) -> Cut:
    """Return the value sets that lie entirely between the window's start and end.

    CDS-WG3-01 7.3.6 and 7.3.7; an interval that lies only partly in the window is left out.
    """
    step = timedelta(seconds=interval)
    first, last = 0, count
    if window.start is not None:
        first = max(0, -((segment_start - window.start) // step))
    if window.end is not None:
        last = min(count, (window.end - segment_start) // step)
    if first >= last:
        return Cut(0, 0, count)
    return Cut(first, last, count)


def new_segment_id(segment_start: datetime) -> str:
    """A random base id for a segment.

    The first characters are the month of `segment_start` in UTC, which the segment shows anyway:
    a lookup by id then reads one partition instead of all of them.
    """
    at = segment_start.astimezone(UTC)
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return f"{at.year * 12 + at.month - 1:0{_MONTH_LENGTH}x}{body}"


def segment_id_month(base_id: str) -> tuple[datetime, datetime] | None:
    """The UTC month [start, end) in a base id, None for a text that is not a base id."""
    head, body = base_id[:_MONTH_LENGTH], base_id[_MONTH_LENGTH:]
    if len(body) != _RANDOM_LENGTH or not set(body) <= set(_ALPHABET):
        return None
    # The range of years leaves room for a few days on either side.
    if not _HEAD.fullmatch(head) or (number := int(head, 16)) < 2 * 12:
        return None
    return _month(number), _month(number + 1)


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def trimmed_id(base_id: str, segment_start: datetime, interval: int, part: Cut, key: bytes) -> str:
    """The id of a trimmed segment: base id, ".", keyed hash of what was cut off.

    Only edges that were actually cut count, so a segment that still grows at its open end keeps
    its id. A part that cuts nothing off has the base id.
    """
    if part.whole:
        return base_id
    step = timedelta(seconds=interval)
    low = segment_start + part.first * step if part.first else None
    high = segment_start + part.last * step if part.last < part.count else None
    edges = "/".join(at.astimezone(UTC).isoformat() if at else "" for at in (low, high))
    digest = hmac.new(key, f"{base_id}/{edges}".encode(), hashlib.sha256).hexdigest()
    return f"{base_id}.{digest[:_TAG_LENGTH]}"


def base_segment_id(segment_id: str) -> str:
    """The base id inside a segment id, trimmed or not."""
    return segment_id.partition(".")[0]


def same_id(given: str, computed: str) -> bool:
    """Compare an id from a request with the computed one in constant time."""
    return hmac.compare_digest(given.encode(), computed.encode())


def month_start(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the local month of `at` begins."""
    local = at.astimezone(zone)
    return datetime(local.year, local.month, 1, tzinfo=zone).astimezone(UTC)


def next_month_start(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the local month after that of `at` begins."""
    local = at.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month, 12)
    return datetime(year, month + 1, 1, tzinfo=zone).astimezone(UTC)


# Zone files are read once per process, so a zone with other rules is a different object.
@lru_cache(maxsize=64)
def months_digest(zone: ZoneInfo) -> str:
    """Digest of a zone's month boundaries: equal if and only if rules cut packs the same way."""
    months = (datetime(y, m, 1, tzinfo=zone) for y in YEARS for m in range(1, 13))
    edges = ",".join(str(int(month.timestamp())) for month in months)
    return hashlib.sha256(edges.encode()).hexdigest()[:16]


def month_parts(
    start: datetime, interval: int, count: int, zone: ZoneInfo
) -> Iterator[tuple[int, int]]:
    """Split `count` intervals from `start` into runs [first, last) of one local month each.

    An interval belongs to the month in which it starts. A local month has 23- and 25-hour days in
    it, so its number of intervals follows from instants, never from the calendar.
    """
    step = timedelta(seconds=interval)
    first = 0
    while first < count:
        boundary = next_month_start(start + first * step, zone)
        last = min(count, -((start - boundary) // step))
        yield first, last
        first = last
