"""What an import stored, read back from the store instead of from the file."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.models import ServiceContract
from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.usage.offered import not_offered
from customerdata.usage.store import Delivery, WriteResult
from customerdata.usage_values.formats import ColumnFormat
from customerdata.usage_values.wire import SegmentFormat


@dataclass(frozen=True, slots=True)
class Stored:
    """Values of one kind that are stored after an import, for the times that its file covers."""

    service: str
    channel: str
    format: SegmentFormat
    seconds: int
    count: int
    total: Decimal
    first: datetime
    last: datetime

    @property
    def words(self) -> str:
        """For example `electric_usage forward kWh, estimated`."""
        quality = f", {self.format.quality}" if self.format.quality else ""
        return f"{column_words(self.format.column)}{quality}"


@dataclass(slots=True)
class Summary:
    """The result of loading a file; `sums` are of all stored values, by words for the format."""

    points: int = 0
    structure_changes: int = 0
    segments: WriteResult = field(default_factory=WriteResult)
    stored: list[Stored] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """How many objects and segments are new or different."""
        return self.structure_changes + self.segments.created + self.segments.corrected

    @property
    def sums(self) -> dict[str, Decimal]:
        """Exact totals by words for the format, for all qualities."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for entry in self.stored:
            sums[column_words(entry.format.column)] += entry.total
        return dict(sums)

    @property
    def readings(self) -> int:
        """How many values are stored, without costs."""
        return sum(entry.count for entry in self.stored if entry.format.column.type != "cost")

    @property
    def first(self) -> datetime | None:
        """When the first stored reading begins."""
        return min((entry.first for entry in self.stored), default=None)

    @property
    def last(self) -> datetime | None:
        """When the last stored reading ends."""
        return max((entry.last for entry in self.stored), default=None)

    def add(self, written: WriteResult) -> None:
        """Count the changes of a write."""
        self.segments.created += written.created
        self.segments.corrected += written.corrected
        self.segments.unchanged += written.unchanged


def stored_values(
    service: str, channel: str, deliveries: Sequence[Delivery], as_of: datetime
) -> list[Stored]:
    """Return the stored values as of an instant, for the times covered by deliveries."""
    found: dict[tuple[SegmentFormat, int], list[tuple[datetime, Decimal]]] = defaultdict(list)
    by_series: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_series[delivery.series.pk].append(delivery)
    for group in by_series.values():
        brought = _brought(group)
        for column, quality, seconds, start, value in _values(group, as_of):
            if (column.key, start) in brought:
                found[SegmentFormat(column, quality), seconds].append((start, value))
    return [
        Stored(
            service=service,
            channel=channel,
            format=key,
            seconds=seconds,
            count=len(values),
            total=sum((value for _, value in values), Decimal()),
            first=min(start for start, _ in values),
            last=max(start for start, _ in values) + timedelta(seconds=seconds),
        )
        for (key, seconds), values in found.items()
    ]


def _brought(deliveries: Sequence[Delivery]) -> set[tuple[str, datetime]]:
    """Return the columns and times for which deliveries hold a value."""
    return {
        (column.format.key, delivery.start + position * _step(delivery))
        for delivery in deliveries
        for column in delivery.columns
        for position, present in enumerate(column.present.tolist())
        if present
    }


def _values(
    deliveries: Sequence[Delivery], as_of: datetime
) -> Iterator[tuple[ColumnFormat, Quality | None, int, datetime, Decimal]]:
    """Yield the stored values at and around the times of one series' deliveries."""
    series = deliveries[0].series
    low = min(delivery.start for delivery in deliveries)
    high = max(d.start + max(map(len, d.columns)) * _step(d) for d in deliveries)
    packs = UsagePack.objects.as_of(as_of).overlapping(low, high)
    for row in packs.filter(customer_id=series.customer_id, series=series):
        step = timedelta(seconds=row.interval)
        for column in row.unpacked().columns:
            values = zip(column.values(), column.qualities(), strict=True)
            for position, (value, quality) in enumerate(values):
                if isinstance(value, Decimal):
                    start = row.segment_start + position * step
                    yield column.format, quality, row.interval, start, value


def _step(delivery: Delivery) -> timedelta:
    return timedelta(seconds=delivery.interval or delivery.series.interval or 0)


def unoffered(stored: Sequence[Stored]) -> list[str]:
    """Warn about readings that no client can request, so that they are not missed (7.2.8.1)."""
    return sorted(
        f"no scope offers the value type {column_words(entry.column)}"
        f"{f', quality {entry.quality}' if entry.quality else ', quality not stated'}: no client "
        "can read these values. Add it to the choices of include_usage_segment_value_types."
        for entry in not_offered({line.format for line in stored})
    )


def stored_overlaps(series: UsageSeries) -> bool:
    """Return whether stored periods of varying length in a series overlap."""
    packs = UsagePack.objects.current().filter(customer_id=series.customer_id, series=series)
    spans = packs.order_by("segment_start").values_list("segment_start", "segment_end")
    latest: datetime | None = None
    for start, end in spans:
        if latest is not None and start < latest:
            return True
        latest = end
    return False


def rivals(
    contract: ServiceContract, column: ColumnFormat, name: str, source: str, in_file: Sequence[str]
) -> Iterator[str]:
    """Warn if an earlier file stored the same time of a service in a different form.

    It can be another channel, or the same channel renamed or with a new description.
    """
    mine: list[UsageSeries] = []
    others: list[tuple[UsageSeries, str]] = []
    for series in UsageSeries.objects.filter(contract=contract).order_by("pk"):
        for known in series.formats:
            feeds = series.sources.get(known.key)
            if known.type != column.type:
                continue
            if known.key == column.key and feeds == source:
                mine.append(series)
            elif known.key == column.key and feeds and feeds not in in_file:
                others.append((series, "another channel"))
            elif known.key != column.key and feeds == source:
                others.append((series, f"{name} as {column_words(known)}"))
    for series, words in others:
        same = [own for own in mine if own.interval == series.interval and own.grid == series.grid]
        if any(_share_time(own, series) for own in same):
            yield (
                f"an earlier file stored {words} for times that {name} ({column_words(column)}) "
                "covers now. Both are kept; if they are the same readings, they count twice."
            )


def lanes_beside(
    touched: Collection[UsageSeries], column: ColumnFormat, start: datetime, end: datetime
) -> bool:
    """Return whether an unwritten series of the same channel has values at these times."""
    untouched = UsageSeries.objects.exclude(pk__in=[series.pk for series in touched])
    for series in touched:
        same = untouched.filter(
            contract_id=series.contract_id, interval=series.interval, grid=series.grid
        )
        for other in same:
            if other.sources.get(column.key) != series.sources.get(column.key):
                continue
            packs = UsagePack.objects.current().overlapping(start, end)
            if packs.filter(customer_id=other.customer_id, series=other).exists():
                return True
    return False


def _share_time(one: UsageSeries, other: UsageSeries) -> bool:
    mine = UsagePack.objects.current().filter(
        customer_id=one.customer_id,
        series=one,
        segment_start__lt=OuterRef("segment_end"),
        segment_end__gt=OuterRef("segment_start"),
    )
    packs = UsagePack.objects.current().filter(customer_id=other.customer_id, series=other)
    return packs.filter(Exists(mine)).exists()


def column_words(column: ColumnFormat) -> str:
    """Return for example `electric_usage forward kWh`."""
    described = column.described()
    names = ("type", "demand_type", "direction", "units", "currency")
    return " ".join(str(described[name]) for name in names if name in described)
