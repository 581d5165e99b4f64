"""Finds the place of a statement among the versions of an object: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which a version holds: open if `until` is None, empty if both are equal."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """The version that held until now (its index or None), and the end of the new version."""

    holds: int | None
    until: datetime | None


def place(spans: Sequence[Span], as_of: datetime) -> Place:
    """Find the place of a statement that is true from `as_of` onward.

    A statement cuts short the version that held at its instant, and ends where the next begins.
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
