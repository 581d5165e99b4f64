"""Turns the readings of a channel into deliveries: columns on the grid of a series."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, count, groupby
from types import MappingProxyType
from zoneinfo import ZoneInfo

from customerdata.models.usage import UsageSeries
from customerdata.sources.greenbutton import mapping
from customerdata.sources.greenbutton.mapping import Measure
from customerdata.sources.greenbutton.model import GreenButtonError, Reading
from customerdata.sources.greenbutton.periods import end
from customerdata.usage.grids import Grid, grid_of
from customerdata.usage.series import Period
from customerdata.usage.store import Delivery
from customerdata.usage_values.columns import Column, ValueRejected, make_column
from customerdata.usage_values.formats import ColumnFormat, IntervalCost
from customerdata.usage_values.segments import month_start


@dataclass(frozen=True, slots=True)
class Run:
    """Readings of a channel that lie in one series: on one grid and without overlap."""

    grid: Grid
    lane: int
    readings: Sequence[Reading]


def runs(
    readings: Sequence[Reading],
    stepped: Collection[Period] = (),
    lanes: Mapping[tuple[str, datetime], int] = MappingProxyType({}),
) -> Iterator[Run]:
    """Sort readings into as few series as possible; most files need one.

    `stepped` holds the periods that lie in a series of fixed steps, whatever their grid; `lanes`
    gives the lane in which a period is stored, by grid and start.
    """
    by_grid: dict[Grid, list[Reading]] = defaultdict(list)
    for reading in readings:
        grid = grid_of(reading.start, reading.seconds)
        if (reading.start, reading.seconds) in stepped:
            grid = replace(grid, interval=reading.seconds)
        by_grid[grid].append(reading)
    for grid, group in by_grid.items():
        stored = {begin: lane for (name, begin), lane in lanes.items() if name == grid.name}
        for number, lane in sorted(_lanes(group, stored).items()):
            yield Run(grid, number, lane)


def overlaps(readings: Sequence[Reading]) -> bool:
    """Return whether two readings overlap; they are in order of time."""
    latest = readings[0].start
    for reading in readings:
        if reading.start < latest:
            return True
        latest = max(latest, end(reading))
    return False


def formats_of(readings: Iterable[Reading], measure: Measure) -> tuple[ColumnFormat, ...]:
    """Return the columns that the readings need.

    Raises GreenButtonError for a cost without a currency.
    """
    priced = next((reading for reading in readings if reading.cost is not None), None)
    if priced is None:
        return (measure.format,)
    if measure.currency is None:
        raise GreenButtonError(
            "The reading has a cost, but the file has no currency. State one with --currency.",
            line=priced.line,
            element="cost",
        )
    return (measure.format, IntervalCost(measure.currency, of=(measure.format,)))


def deliveries(
    run: Run,
    series: UsageSeries,
    formats: tuple[ColumnFormat, ...],
    measure: Measure,
    *,
    as_of: datetime,
    synced: datetime,
) -> Iterator[Delivery]:
    """Yield deliveries; raises GreenButtonError for a value that cannot be stored exactly."""
    interval = run.grid.interval
    if interval is not None:
        parts = _months(run.readings, interval, series.tzinfo)
    else:
        # Days and bills vary in length (clock changes, calendar), so each is a separate period.
        parts = ([reading] for reading in run.readings)
    for part in parts:
        first = part[0]
        assert first is not None  # noqa: S101 -- parts begin and end with a reading
        yield Delivery(
            series=series,
            start=first.start,
            columns=_columns(part, formats, measure, first.line),
            as_of=as_of,
            synced=synced,
            interval=interval or first.seconds,
        )


def _lanes(readings: Iterable[Reading], stored: Mapping[datetime, int]) -> dict[int, list[Reading]]:
    """Sort readings into as few non-overlapping runs as possible; stored ones keep their lane."""
    lanes: dict[int, list[Reading]] = {}
    for reading in readings:
        wanted = (stored[reading.start],) if reading.start in stored else ()
        number = next(
            number
            for number in chain(wanted, count())
            if number not in lanes or end(lanes[number][-1]) <= reading.start
        )
        lanes.setdefault(number, []).append(reading)
    return lanes


def _months(
    readings: Sequence[Reading], interval: int, zone: ZoneInfo
) -> Iterator[list[Reading | None]]:
    """Group by local month, the unit of storage; within a month None is a gap."""
    step = timedelta(seconds=interval)
    for _, group in groupby(readings, key=lambda r: month_start(r.start, zone)):
        month = list(group)
        dense: list[Reading | None] = [None] * ((month[-1].start - month[0].start) // step + 1)
        for reading in month:
            dense[(reading.start - month[0].start) // step] = reading
        yield dense


def _columns(
    readings: Sequence[Reading | None],
    formats: tuple[ColumnFormat, ...],
    measure: Measure,
    line: int,
) -> list[Column]:
    try:
        columns = [
            make_column(
                formats[0],
                [measure.value(r.value) if r else None for r in readings],
                [
                    measure.quality(r.qualities) if r and r.value is not None else None
                    for r in readings
                ],
            )
        ]
        if len(formats) > 1:
            costs = [mapping.cost(r.cost) if r else None for r in readings]
            columns.append(make_column(formats[1], costs))
    except ValueRejected as error:
        raise GreenButtonError(
            f"A number in this block of readings cannot be stored: {error}.",
            line=line,
            element="value",
        ) from error
    return columns
