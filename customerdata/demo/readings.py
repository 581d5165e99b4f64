"""Readings of the demo's series, determined by the contract's key and the month."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from customerdata.demo.dates import Calendar, months
from customerdata.demo.grids import Grid, Integers, month_grid
from customerdata.demo.profiles import SCALE, profile_of
from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.models import UsageSeries
from customerdata.usage.store import Delivery
from customerdata.usage_values.columns import Column, mantissa_column
from customerdata.usage_values.formats import QUALITY_CODES

SEED = 20_260_101


def readings(
    series: UsageSeries, first: date, last: date, calendar: Calendar
) -> Iterator[Delivery]:
    """Yield the readings of the local days [first, last), as valid values.

    Each delivery holds at the source from the end of its last interval, so a Grant whose sync ended
    in the past sees what the utility knew then. Periods that have not ended yield nothing.
    """
    profile = profile_of(series)
    key = _key(series)
    size = float(np.random.default_rng([SEED, key]).uniform(0.6, 1.5))
    start, end = calendar.midnight(first), calendar.midnight(last)
    for month in months(first, last):
        grid = month_grid(calendar.zone, month, profile.period)
        low, high = grid.inside(start, end)
        if low == high:
            continue
        rng = np.random.default_rng([SEED, key, month.year * 12 + month.month])
        drawn = profile.draw(grid, rng, size)
        step = high - low if profile.period.interval else 1
        for at in range(low, high, step):
            yield _delivery(series, grid, drawn, at, at + step, calendar)


def altered(
    delivery: Delivery,
    start: datetime,
    end: datetime,
    *,
    quality: Quality = Quality.VALID,
    factor: int = 1,
    missing: bool = False,
) -> Delivery:
    """Return a delivery whose values in [start, end) are multiplied, requalified or missing."""
    step = timedelta(seconds=delivery.interval or 0)
    count = len(delivery.columns[0])
    low, high = ((at - delivery.start) // step for at in (start, end))
    span = slice(min(max(low, 0), count), min(max(high, 0), count))
    code = 0 if missing else QUALITY_CODES[quality]
    return replace(
        delivery,
        columns=[
            _altered(column, span, code, 0 if missing else factor) for column in delivery.columns
        ],
    )


def _altered(column: Column, span: slice, code: int, factor: int) -> Column:
    data, quality, present = column.data.copy(), column.quality.copy(), column.present.copy()
    data[span] *= factor
    quality[span] = code
    present[span] = bool(factor)
    return replace(column, data=data, quality=quality, present=present)


def _key(series: UsageSeries) -> int:
    source_key = series.contract.source_key if series.contract else series.public_id
    return zlib.crc32(source_key.encode())


def _delivery(
    series: UsageSeries,
    grid: Grid,
    drawn: tuple[Integers, ...],
    first: int,
    last: int,
    calendar: Calendar,
) -> Delivery:
    start, end = grid.edge(first), grid.edge(last)
    return Delivery(
        series=series,
        start=start,
        columns=[
            mantissa_column(column, mantissas[first:last], SCALE, Quality.VALID)
            for column, mantissas in zip(series.formats, drawn, strict=True)
        ],
        as_of=end,
        synced=calendar.now,
        interval=series.interval or (end - start) // timedelta(seconds=1),
    )
