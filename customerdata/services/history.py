"""Where a statement belongs among the versions of an object: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Since when and until when a version holds; `until` None is open, equal ends are empty."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Which version held so far (index, None: none did), and until when the new one will."""

    holds: int | None
    until: datetime | None


def place(spans: Sequence[Span], as_of: datetime) -> Place:
    """Find the place of a statement that is true since `as_of`.

    A statement cuts the version that held at its instant and ends where the next one begins.
    """
    holds = next(
        (
            index
            for index, span in enumerate(spans)
            if span.since <= as_of and (span.until is None or as_of < span.until)
        ),
        None,
    )
    later = [
        span.since
        for span in spans
        if span.since > as_of and (span.until is None or span.until > span.since)
    ]
    return Place(holds, min(later, default=None))
