"""Finds the series that readings belong to, by what it hangs on, or creates it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Mod

from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.usage.grids import grid_of
from customerdata.usage_values.formats import ColumnFormat
from customerdata.usage_values.segments import months_digest
from portal.errors import DomainError

_A_DAY = 86_400
# The start of a reading, and its length in seconds.
Period = tuple[datetime, int]


class SeriesTaken(DomainError):
    """The series of the readings has a column that another source feeds."""

    code = "series_taken"


def ensure_series(
    *,
    customer: models.Model,
    contract: models.Model | None,
    service_point: models.Model | None,
    meter: models.Model | None,
    account: models.Model | None,
    commodity: str,
    interval: int | None,
    zone: str,
    columns: Sequence[ColumnFormat],
    lane: int = 0,
    source: str = "",
    grid: str = "",
) -> UsageSeries:
    """Find or create the series of these readings, and declare `columns` on it.

    If a column already exists in another unit (or currency), the readings get a separate series,
    because a pack never spans a change of units. Writes for one customer are serialized. `lane`
    separates readings that the source states for overlapping times. `source` is the source's own
    names for what feeds the columns, the main one first: two sources never feed the same column.
    `grid` names what can share a series (`customerdata.usage.grids`). `zone` determines where the
    months of a new series begin; later deliveries that state another zone still belong to it.

    Raises SeriesTaken if another source feeds one of the minor columns.
    """
    links = {
        "customer": customer,
        "contract": contract,
        "service_point": service_point,
        "meter": meter,
        "account": account,
        "commodity": commodity,
        "interval": interval,
    }
    with transaction.atomic():
        # Lock the customer, or two imports at once could both find nothing and create a series.
        type(customer)._default_manager.select_for_update(no_key=True).get(pk=customer.pk)
        candidates = UsageSeries.objects.filter(_exactly(links)).order_by("lane", "pk")
        for series in candidates:
            if _is_of(series, columns, source, grid) and series.lane == lane:
                return _declared(series, columns, source)
        # Claim a series from before sources had names, preferably the one with this lane.
        for series in sorted(candidates, key=lambda each: each.lane != lane) if source else ():
            if _is_unclaimed(series, columns, grid):
                series.lane = lane
                series.grid = grid if _grids(series) <= {grid} else ""
                return _declared(series, columns, source)
        series = UsageSeries(
            **links,
            zone=zone,
            lane=lane,
            grid=grid,
            columns=[],
            sources={},
            cut_under=months_digest(ZoneInfo(zone)),
        )
        return _declared(series, columns, source)


def odd_steps(contract: models.Model, column: ColumnFormat, source: str) -> set[Period]:
    """Return the periods that earlier releases stored in fixed steps that do not divide a day.

    A day of 23 hours is an example. Stored readings have to be found there again, or a later file
    would store them twice.
    """
    found: set[Period] = set()
    stepped = UsageSeries.objects.filter(contract_id=contract.pk, interval__isnull=False)
    for series in stepped.alias(rest=Mod(_A_DAY, "interval")).exclude(rest=0):
        if not _may_hold(series, column, source):
            continue
        for start, step, count in _current(series).values_list(
            "segment_start", "interval", "count"
        ):
            found |= {(start + timedelta(seconds=step * n), step) for n in range(count)}
    return found


def lanes_of_periods(
    contract: models.Model, column: ColumnFormat, source: str
) -> dict[tuple[str, datetime], int]:
    """Return the lane of stored periods of varying length, by grid and start, if it is unique.

    Otherwise a later file with only some of the overlapping periods would use other lanes.
    """
    varying = UsageSeries.objects.filter(contract_id=contract.pk, interval__isnull=True)
    if not varying.filter(lane__gt=0).exists():
        return {}
    lanes: dict[tuple[str, datetime], set[int]] = defaultdict(set)
    for series in varying:
        if _may_hold(series, column, source):
            for start, seconds in _current(series).values_list("segment_start", "interval"):
                lanes[grid_of(start, seconds).name, start].add(series.lane)
    return {period: min(found) for period, found in lanes.items() if len(found) == 1}


def _may_hold(series: UsageSeries, column: ColumnFormat, source: str) -> bool:
    """Return whether a source feeds the column, or it is not known which source does."""
    declared = any(known.key == column.key for known in series.formats)
    return declared and series.sources.get(column.key, source) == source


def _current(series: UsageSeries) -> models.QuerySet[UsagePack]:
    return UsagePack.objects.current().filter(customer_id=series.customer_id, series=series)


def _is_of(series: UsageSeries, columns: Sequence[ColumnFormat], source: str, grid: str) -> bool:
    fed_by = series.sources.get(columns[0].key, "") if columns else ""
    fits = _fits(series, grid) if series.grid or grid else True
    return fed_by == source and fits and _compatible(series.formats, columns)


def _is_unclaimed(series: UsageSeries, columns: Sequence[ColumnFormat], grid: str) -> bool:
    """Return whether a series from before sources had names holds such readings."""
    declared = {column.key for column in series.formats}
    claimed = any(series.sources.get(column.key) for column in columns)
    return (
        columns[0].key in declared
        and not claimed
        and _fits(series, grid)
        and _compatible(series.formats, columns)
    )


def _fits(series: UsageSeries, grid: str) -> bool:
    """Return whether readings on a grid fit the series; a series without readings fits any."""
    if series.grid:
        return series.grid == grid
    grids = _grids(series)
    return grid in grids or not grids


def _grids(series: UsageSeries) -> set[str]:
    """Return the names of the grids on which the series has values."""
    packs = _current(series)
    if series.interval is not None:
        packs = packs.order_by("segment_start")[:1]
    periods = packs.values_list("segment_start", "interval")
    return {grid_of(start, interval).name for start, interval in periods}


def _declared(series: UsageSeries, columns: Sequence[ColumnFormat], source: str) -> UsageSeries:
    """Store the series with these columns, all fed by the source."""
    known = {column.key for column in series.formats}
    missing = [column.to_json() for column in columns if column.key not in known]
    sources = dict(series.sources)
    for column in columns if source else ():
        if sources.setdefault(column.key, source) != source:
            raise SeriesTaken(f"Another source feeds {column.key} of the series.")
    if missing or sources != series.sources or series.pk is None:
        series.columns = [*series.columns, *missing]
        series.sources = sources
        # The digest of the months is written elsewhere, so leave that column out.
        fields = None if series.pk is None else ["columns", "sources", "lane", "grid"]
        series.save(update_fields=fields)
    return series


def _exactly(links: Mapping[str, object]) -> Q:
    """Equality that also matches NULL."""
    found = Q()
    for name, value in links.items():
        found &= Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    return found


def _compatible(declared: Sequence[ColumnFormat], wanted: Sequence[ColumnFormat]) -> bool:
    units = {_unitless(column): column.key for column in declared}
    return all(units.get(_unitless(column), column.key) == column.key for column in wanted)


def _unitless(column: ColumnFormat) -> tuple[tuple[str, object], ...]:
    data = column.to_json() if column.type == "meter_readings" else column.described()
    return tuple(sorted((k, v) for k, v in data.items() if k not in {"units", "currency"}))
