"""Writes readings: packs by local month, versions by the source's time, never overwritten.

Callers pass columns. This module splits them into segments, merges partial deliveries with stored
values, and keeps every earlier state readable (CDS-WG3-01 7.3.1, 10.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.usage.lineage import Lineage
from customerdata.usage.partitioning import ensure_partitions
from customerdata.usage.recut import cut_anew
from customerdata.usage.saving import save_lineages
from customerdata.usage_values.codec import Pack, PackMismatch
from customerdata.usage_values.columns import Column
from customerdata.usage_values.segments import (
    YEARS,
    month_parts,
    month_start,
    next_month_start,
)
from portal.errors import DomainError

_BATCH = 200
_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=UTC) for year in (YEARS.start, YEARS.stop))


class ReadingsRefused(DomainError):
    """The readings do not fit the series: unknown column, or wrong grid, period or year."""

    code = "readings_refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Readings of one series from `start`, one column per format, all of the same length.

    `as_of` is when the source held these values to be true, `synced` when it was last queried.
    With `replace` the delivery is complete for its time: a gap withdraws an earlier value.
    `interval` (seconds) is needed by series without a fixed one, which take one value at a time.
    """

    series: UsageSeries
    start: datetime
    columns: Sequence[Column]
    as_of: datetime
    synced: datetime
    replace: bool = False
    interval: int | None = None


@dataclass(slots=True)
class WriteResult:
    """How many segments a write created, corrected with a new version, or left unchanged."""

    created: int = 0
    corrected: int = 0
    unchanged: int = 0


def write_readings(
    *,
    series: UsageSeries,
    start: datetime,
    columns: Sequence[Column],
    as_of: datetime,
    synced: datetime,
    replace: bool = False,
    interval: int | None = None,
) -> WriteResult:
    """Store readings of one series; see `Delivery` for the parameters.

    Repeated content creates no version and only updates `cds_synced`. Different content creates a
    new version as of `as_of`; the former stays readable before that instant. A delivery older than
    the current version is inserted at its place, and later versions keep what they changed.

    Raises:
        ReadingsRefused: a column that the series does not declare, readings off the grid of the
            stored ones (or stored ones of two grids, after a change of time zone rules), a period
            for a series of fixed intervals, or a year before 1900 or after 2199.
    """
    delivery = Delivery(series, start, columns, as_of, synced, replace, interval)
    return write_many([delivery])


@transaction.atomic
def write_many(deliveries: Iterable[Delivery]) -> WriteResult:
    """Store many deliveries in one transaction with few statements.

    Raises:
        ReadingsRefused: see `write_readings`; nothing is stored then.
    """
    result = WriteResult()
    writer = _Writer(result)
    by_series: dict[int, list[Delivery]] = {}
    for delivery in deliveries:
        by_series.setdefault(delivery.series.pk, []).append(delivery)
    spans = [(d.start, _end(d)) for group in by_series.values() for d in group]
    if not spans:
        return result
    ensure_partitions(*spans)
    # Locked in one order, so that two ingestions cannot wait for each other.
    series = UsageSeries.objects.select_for_update(no_key=True).filter(pk__in=by_series)
    _follow_rules(series.order_by("pk"))
    for group in by_series.values():
        writer.deliver(sorted(group, key=lambda d: (d.as_of, d.start)))
        writer.flush_if_full()
    writer.flush()
    return result


def _follow_rules(series: Iterable[UsageSeries]) -> None:
    """Cut locked series along the current months, or a moved hour would end up in two.

    Raises:
        ReadingsRefused: stored readings of two grids would share a month.
    """
    for mismatch in cut_anew(list(series)).refused.values():
        raise ReadingsRefused(mismatch)


@dataclass(slots=True)
class _Writer:
    """Collects new versions and completeness rows to insert them in batches."""

    result: WriteResult
    lineages: dict[tuple[int, datetime], Lineage] = field(default_factory=dict)

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take all deliveries of one series, in the order of the source's time."""
        series = deliveries[0].series
        work = [(delivery, pack) for delivery in deliveries for pack in _split(delivery)]
        self._load(series, sorted({pack.segment_start for _, pack in work}))
        for delivery, pack in work:
            lineage = self.lineages[series.pk, _lineage_key(series, pack.segment_start)]
            try:
                outcome = lineage.deliver(
                    pack, as_of=delivery.as_of, synced=delivery.synced, replace=delivery.replace
                )
            except PackMismatch as error:
                raise ReadingsRefused(str(error)) from error
            if outcome is not None:
                setattr(self.result, outcome, getattr(self.result, outcome) + 1)

    def _load(self, series: UsageSeries, starts: Sequence[datetime]) -> None:
        """Read all versions of the segments that packs at `starts` can affect, in one query."""
        keys = {_lineage_key(series, start) for start in starts}
        for key in keys:
            self.lineages[series.pk, key] = Lineage(series, timezone.now())
        if not keys:
            return
        rows = UsagePack.objects.filter(customer_id=series.customer_id, series=series)
        if series.interval is None:
            rows = rows.filter(segment_start__in=keys)
        else:
            high = next_month_start(starts[-1], series.tzinfo)
            rows = rows.filter(segment_start__gte=min(keys), segment_start__lt=high)
        for row in rows.order_by("version"):
            lineage = self.lineages.get((series.pk, _lineage_key(series, row.segment_start)))
            if lineage is not None:
                lineage.rows.append(row)

    def flush_if_full(self) -> None:
        if len(self.lineages) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        save_lineages(list(self.lineages.values()))
        self.lineages.clear()


def _split(delivery: Delivery) -> list[Pack]:
    """The delivery as packs that do not cross a local month boundary.

    Raises:
        ReadingsRefused: see `write_readings`.
    """
    series = delivery.series
    declared = {column.key: column for column in series.formats}
    columns: list[Column] = []
    for column in delivery.columns:
        known = declared.get(column.format.key)
        if known is None:
            raise ReadingsRefused(f"the series has no column {column.format.key}")
        columns.append(
            Column(known, column.kind, column.scale, column.data, column.present, column.quality)
        )
    count = len(columns[0]) if columns else 0
    interval = delivery.interval or series.interval
    if series.interval is None and (delivery.interval is None or count != 1):
        raise ReadingsRefused("a series of varying periods takes one value and its interval")
    if interval is None or (series.interval is not None and interval != series.interval):
        raise ReadingsRefused(f"the series has intervals of {series.interval} s, not {interval} s")
    try:
        whole = Pack(series.public_id, delivery.start, interval, count, tuple(columns))
    except PackMismatch as error:
        raise ReadingsRefused(str(error)) from error
    parts = month_parts(delivery.start, interval, count, series.tzinfo)
    return [whole.sliced(first, last) for first, last in parts]


def _lineage_key(series: UsageSeries, at: datetime) -> datetime:
    """What the versions of one segment share: the local month, or the start of the period."""
    return at if series.interval is None else month_start(at, series.tzinfo)


def _end(delivery: Delivery) -> datetime:
    seconds = delivery.interval or delivery.series.interval or 0
    count = max((len(column) for column in delivery.columns), default=0)
    if not _FIRST <= delivery.start <= _LAST - timedelta(seconds=seconds * count):
        raise ReadingsRefused(
            f"readings from {delivery.start.isoformat()} on are outside the years"
            f" {_FIRST.year} to {_LAST.year - 1}"
        )
    return delivery.start + timedelta(seconds=seconds * count)
