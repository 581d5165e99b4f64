"""Decides which periods share a series: those on one grid of equal steps, or of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAY = 86_400
# A local day has 23 or 25 hours twice a year, and 22 or 26 if two changes coincide.
_SHORTEST_DAY, _LONGEST_DAY = 22 * 3600, 26 * 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grid:
    """The `interval` of a series, None for periods of varying length, and the `name` of its grid.

    For steps that divide a day, the second at which they begin defines the grid. Other periods
    (parts of a day such as nights, days, bills) are packs of one value each. A day and a bill that
    begin together are not the same period, but a bill of another length corrects an earlier one.
    """

    interval: int | None
    name: str


def grid_of(start: datetime, seconds: int) -> Grid:
    """Return the grid on which a period lies."""
    if seconds < _SHORTEST_DAY and _DAY % seconds == 0:
        phase = (start - _EPOCH) % timedelta(seconds=seconds)
        return Grid(seconds, f"{phase / timedelta(seconds=1):.6f}".rstrip("0").rstrip("."))
    if seconds < _SHORTEST_DAY:
        return Grid(None, "part")
    return Grid(None, "day" if seconds <= _LONGEST_DAY else "long")
