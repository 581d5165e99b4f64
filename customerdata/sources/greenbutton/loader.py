"""Loading a Green Button file into an account: contract, service point, meter and usage.

Running it again changes nothing. A later file of the same points corrects what differs as of its
own `updated` time and keeps the earlier values (CDS-WG3-01 7.3.1).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db import transaction

from customerdata.models import Account, AccountVersion, ServiceContractVersion
from customerdata.models.usage import UsageSeries
from customerdata.services.structure import (
    ContractState,
    MeterState,
    ServicePointState,
    Written,
    upsert_contract,
    upsert_meter,
    upsert_service_point,
)
from customerdata.sources.greenbutton import mapping
from customerdata.sources.greenbutton.mapping import Measure, Told
from customerdata.sources.greenbutton.model import (
    Feed,
    GreenButtonError,
    MeterReading,
    Reading,
    UsagePoint,
)
from customerdata.usage.columns import Column, make_column
from customerdata.usage.formats import ColumnFormat, IntervalCost
from customerdata.usage.offered import not_offered
from customerdata.usage.segments import month_start
from customerdata.usage.store import (
    Delivery,
    ReadingsRefused,
    WriteResult,
    ensure_series,
    write_many,
)
from customerdata.usage.wire import SegmentFormat
from portal import audit
from portal.errors import NotFound
from portal.models import User

_DAY = 86_400


@dataclass(slots=True)
class Summary:
    """What a file held and what loading it did; sums are exact, by words for the format."""

    points: int = 0
    readings: int = 0
    structure_changes: int = 0
    first: datetime | None = None
    last: datetime | None = None
    segments: WriteResult = field(default_factory=WriteResult)
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    warnings: list[str] = field(default_factory=list)
    formats: set[SegmentFormat] = field(default_factory=set)

    @property
    def changes(self) -> int:
        """How many objects and segments are new or different."""
        return self.structure_changes + self.segments.created + self.segments.corrected


@dataclass(frozen=True, slots=True)
class _Place:
    """Where readings of one usage point go."""

    account: Account
    contract: Written
    service_point: Written
    meter: Written
    zone: str


@transaction.atomic
def load_feed(
    *,
    feed: Feed,
    account_number: str,
    told: Told,
    fallback_zone: str,
    now: datetime,
    by: User | str,
) -> Summary:
    """Load everything in a feed, or nothing.

    `now` is the source's time for a file that does not say when it was made.
    Raises GreenButtonError (line and element) and NotFound for an unknown account.
    """
    account = _account(account_number)
    summary = Summary(points=len(feed.points))
    as_of = feed.as_of or now
    for point in feed.points:
        _load_point(account, point, told, fallback_zone, as_of, now, summary)
    _warn_of_unoffered(summary)
    audit.record(
        "greenbutton.imported",
        by=by,
        subject=f"account:{account.public_id}",
        details={"readings": summary.readings, "changes": summary.changes},
    )
    return summary


def _account(number: str) -> Account:
    found = list(
        AccountVersion.objects.current().filter(account_number=number).select_related("account")[:2]
    )
    if len(found) != 1:
        words = "several accounts have" if found else "no account has"
        raise NotFound(f"--account: {words} the number {number}.", field="account")
    account: Account = found[0].account
    return account


def _load_point(
    account: Account,
    point: UsagePoint,
    told: Told,
    fallback_zone: str,
    as_of: datetime,
    now: datetime,
    summary: Summary,
) -> None:
    readings = [reading for run in point.meter_readings for reading in run.readings]
    if not readings:
        summary.warnings.append(f"line {point.line}: the usage point has no readings.")
        return
    zone, warning = mapping.zone(point.local_time, told, fallback_zone)
    if warning:
        summary.warnings.append(warning)
    # Every reading type of the point is understood before anything of it is stored.
    measures = [
        mapping.measure(run.reading_type, point.service_kind, told) for run in point.meter_readings
    ]
    start = min(reading.start for reading in readings)
    place = _place(account, point, measures[0].service, zone, start, as_of, now)
    summary.structure_changes += sum(
        written.changed for written in (place.contract, place.service_point, place.meter)
    )
    for run, measure in zip(point.meter_readings, measures, strict=True):
        _load_run(place, run, measure, as_of, now, summary)


def _place(
    account: Account,
    point: UsagePoint,
    service: str,
    zone: str,
    start: datetime,
    as_of: datetime,
    now: datetime,
) -> _Place:
    key = f"greenbutton:{account.source_key}:{point.href}"[:200]
    customer = account.customer
    began = start.astimezone(ZoneInfo(zone)).date()
    known = (
        ServiceContractVersion.objects.current()
        .filter(contract__source_key=key, contract__customer=customer)
        .first()
    )
    contract = upsert_contract(
        customer=customer,
        source_key=key,
        state=ContractState(
            account=account,
            contract_number="",
            name=point.title,
            service_types=(service, "metered"),
            # A later file may start later; the service did not.
            start=min(began, known.start) if known else began,
        ),
        as_of=as_of,
        synced=now,
    )
    service_point = upsert_service_point(
        customer=customer,
        source_key=key,
        state=ServicePointState(
            servicepoint_number="", types=(service,), current_contracts=(contract.object,)
        ),
        as_of=as_of,
        synced=now,
    )
    meter = upsert_meter(
        customer=customer,
        source_key=key,
        state=MeterState(
            meter_number="",
            types=(f"{service}_usage",),
            current_service_points=(service_point.object,),
        ),
        as_of=as_of,
        synced=now,
    )
    return _Place(account, contract, service_point, meter, zone)


def _load_run(
    place: _Place,
    run: MeterReading,
    measure: Measure,
    as_of: datetime,
    now: datetime,
    summary: Summary,
) -> None:
    formats = _formats(run, measure)
    lanes = _lanes(run.readings)
    if len(lanes) > 1:
        summary.warnings.append(
            f"line {run.line}: readings overlap in time; they are kept as the file states them, "
            f"in {len(lanes)} parallel series."
        )
    deliveries = [
        delivery
        for number, lane in enumerate(lanes)
        for delivery in _deliveries(place, lane, number, formats, measure, as_of, now)
    ]
    try:
        written = write_many(deliveries)
    except ReadingsRefused as error:
        raise GreenButtonError(error.message, line=run.line, element="MeterReading") from error
    _add_up(summary, run.readings, formats, measure, written)


def _formats(run: MeterReading, measure: Measure) -> tuple[ColumnFormat, ...]:
    priced = next((reading for reading in run.readings if reading.cost is not None), None)
    if priced is None:
        return (measure.format,)
    if measure.currency is None:
        raise GreenButtonError(
            "The reading has a cost, but the file names no currency. State it with --currency.",
            line=priced.line,
            element="cost",
        )
    return (measure.format, IntervalCost(measure.currency, of=(measure.format,)))


def _lanes(readings: Iterable[Reading]) -> list[list[Reading]]:
    """Sort readings into as few runs without overlap as possible; most files need one."""
    lanes: list[list[Reading]] = []
    ends: list[datetime] = []
    for reading in sorted(readings, key=lambda r: (r.start, r.line)):
        end = reading.start + timedelta(seconds=reading.seconds)
        free = next((i for i, last in enumerate(ends) if last <= reading.start), None)
        if free is None:
            lanes.append([reading])
            ends.append(end)
        else:
            lanes[free].append(reading)
            ends[free] = end
    return lanes


def _deliveries(
    place: _Place,
    lane: Sequence[Reading],
    number: int,
    formats: tuple[ColumnFormat, ...],
    measure: Measure,
    as_of: datetime,
    now: datetime,
) -> Iterator[Delivery]:
    # Days and bills vary in length (clock changes, calendar), so they are periods of their own.
    by_interval: dict[int | None, list[Reading]] = defaultdict(list)
    for reading in lane:
        by_interval[reading.seconds if reading.seconds < _DAY else None].append(reading)
    for interval, readings in by_interval.items():
        series = _series(place, number, interval, formats, measure)
        parts = _months(readings, interval, place.zone) if interval else [[r] for r in readings]
        for part in parts:
            first = part[0]
            assert first is not None  # noqa: S101 -- parts begin and end with a reading
            yield Delivery(
                series=series,
                start=first.start,
                columns=_columns(part, formats, measure),
                as_of=as_of,
                synced=now,
                interval=interval or first.seconds,
            )


def _series(
    place: _Place,
    lane: int,
    interval: int | None,
    formats: tuple[ColumnFormat, ...],
    measure: Measure,
) -> UsageSeries:
    return ensure_series(
        customer=place.account.customer,
        contract=place.contract.object,
        service_point=place.service_point.object,
        meter=place.meter.object,
        account=place.account,
        commodity=measure.service,
        interval=interval,
        zone=place.zone,
        columns=formats,
        lane=lane,
    )


def _months(
    readings: Sequence[Reading], interval: int, zone: str
) -> Iterator[list[Reading | None]]:
    """Group by local month, the unit of storage; within a month None stands for a gap."""
    tz = ZoneInfo(zone)
    for _, group in groupby(readings, key=lambda r: month_start(r.start, tz)):
        month = list(group)
        step = timedelta(seconds=interval)
        dense: list[Reading | None] = [None] * ((month[-1].start - month[0].start) // step + 1)
        for reading in month:
            position, rest = divmod(reading.start - month[0].start, step)
            if rest:
                raise GreenButtonError(
                    f"The start is not a multiple of {interval} s after the reading before it.",
                    line=reading.line,
                    element="start",
                )
            dense[position] = reading
        yield dense


def _columns(
    readings: Sequence[Reading | None], formats: tuple[ColumnFormat, ...], measure: Measure
) -> list[Column]:
    columns = [
        make_column(
            formats[0],
            [measure.value(r.value) if r else None for r in readings],
            [mapping.quality(r.qualities) if r else None for r in readings],
        )
    ]
    if len(formats) > 1:
        costs = [mapping.cost(r.cost) if r else None for r in readings]
        columns.append(make_column(formats[1], costs))
    return columns


def _add_up(
    summary: Summary,
    readings: Sequence[Reading],
    formats: tuple[ColumnFormat, ...],
    measure: Measure,
    written: WriteResult,
) -> None:
    summary.readings += len(readings)
    ends = [reading.start + timedelta(seconds=reading.seconds) for reading in readings]
    summary.first = min([reading.start for reading in readings] + _some(summary.first))
    summary.last = max(ends + _some(summary.last))
    summary.sums[_words(formats[0])] += sum(
        (measure.value(r.value) or Decimal(0) for r in readings), Decimal(0)
    )
    if len(formats) > 1:
        summary.sums[_words(formats[1])] += sum(
            (mapping.cost(r.cost) or Decimal(0) for r in readings), Decimal(0)
        )
    summary.formats |= {
        SegmentFormat(formats[0], mapping.quality(r.qualities))
        for r in readings
        if r.value is not None
    }
    summary.formats |= {SegmentFormat(column) for column in formats[1:]}
    summary.segments.created += written.created
    summary.segments.corrected += written.corrected
    summary.segments.unchanged += written.unchanged


def _some(value: datetime | None) -> list[datetime]:
    return [] if value is None else [value]


def _warn_of_unoffered(summary: Summary) -> None:
    """Say which readings no client can ask for, so nobody wonders where they are (7.2.8.1)."""
    summary.warnings += sorted(
        f"no scope offers the value type {_words(entry.column)}"
        f"{f', quality {entry.quality}' if entry.quality else ', quality not stated'}: no client "
        "can read these readings. Add it to the choices of include_usage_segment_value_types."
        for entry in not_offered(summary.formats)
    )


def _words(column: ColumnFormat) -> str:
    """Return for example `electric_usage forward kWh`."""
    described = column.described()
    names = ("type", "demand_type", "direction", "units", "currency")
    return " ".join(str(described[name]) for name in names if name in described)
