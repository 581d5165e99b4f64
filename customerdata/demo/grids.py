"""The intervals of one local month, with the values that a usage curve depends on.

A month is always computed whole, so that values do not depend on the day the demo is created.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from dateutil.relativedelta import relativedelta
from numpy.typing import NDArray

from customerdata.demo.dates import Calendar

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_HOUR = 3600
_DAY = 86_400


class Period(Enum):
    """How time is divided; days and months start at local midnight and vary in length."""

    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    @property
    def interval(self) -> int | None:
        """Seconds, None if they vary."""
        return {Period.QUARTER_HOUR: 900, Period.HOUR: _HOUR}.get(self)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One local month. `edges` has one element more than there are intervals.

    `hour` is the local hour of day at the middle of an interval, `day` counts from 0, `weekday`
    from Monday, `hours` is the length; `winter` is 1 in mid-January and -1 in mid-July.
    """

    edges: Integers
    hour: Floats
    day: Integers
    weekday: Integers
    hours: Floats
    winter: Floats

    def __len__(self) -> int:
        return len(self.hour)

    @property
    def days(self) -> int:
        """The number of local days in the month."""
        return int(self.day.max()) + 1

    def inside(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return the intervals [first, last) that lie entirely in [start, end)."""
        low = np.searchsorted(self.edges, int(start.timestamp()))
        high = np.searchsorted(self.edges, int(end.timestamp()), side="right") - 1
        return int(low), max(int(low), int(high))

    def edge(self, position: int) -> datetime:
        """Return the instant at which an interval begins."""
        return datetime.fromtimestamp(int(self.edges[position]), tz=UTC)


@lru_cache(maxsize=256)
def month_grid(zone: ZoneInfo, month: date, period: Period) -> Grid:
    """Return the grid of the month that starts on `month`."""
    edges = _edges(zone, month, period)
    middle = (edges[:-1] + edges[1:]) // 2
    hours, where = np.unique(middle // _HOUR, return_inverse=True)
    local = middle + np.array([_offset(zone, int(h) * _HOUR) for h in hours])[where]
    first = int(local[0]) // _DAY
    yearday = month.timetuple().tm_yday + local // _DAY - first
    return Grid(
        edges=edges,
        hour=(local % _DAY) / _HOUR,
        day=local // _DAY - first,
        # 1 January 1970 was a Thursday.
        weekday=(local // _DAY + 3) % 7,
        hours=np.diff(edges) / _HOUR,
        winter=np.cos(2 * np.pi * (yearday - 15) / 365.25),
    )


def _edges(zone: ZoneInfo, month: date, period: Period) -> Integers:
    calendar = Calendar(datetime.now(tz=UTC), zone)
    after = month + relativedelta(months=1)
    start, end = (int(calendar.midnight(day).timestamp()) for day in (month, after))
    if period.interval is not None:
        return np.arange(start, end + 1, period.interval, dtype=np.int64)
    days = [month, after]
    if period is Period.DAY:
        days = [month + relativedelta(days=n) for n in range((after - month).days + 1)]
    return np.array([int(calendar.midnight(day).timestamp()) for day in days], dtype=np.int64)


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, tz=zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
