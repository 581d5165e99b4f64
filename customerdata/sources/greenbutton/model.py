"""The contents of a Green Button file, before any of it is stored."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from portal.errors import DomainError


class GreenButtonError(DomainError):
    """The file breaks a rule; the message names the line and the element. Nothing was loaded."""

    code = "invalid_greenbutton"

    def __init__(self, message: str, *, line: int | None = None, element: str = "") -> None:
        where = ", ".join(
            part
            for part in (f"line {line}" if line else "", f"<{element}>" if element else "")
            if part
        )
        super().__init__(f"{where}: {message}" if where else message, field=element or None)
        self.line = line


@dataclass(frozen=True, slots=True)
class ReadingType:
    """What the numbers of a meter reading mean (ESPI ReadingType); None if not stated."""

    line: int
    link: str = ""
    commodity: int | None = None
    uom: int | None = None
    power_of_ten: int | None = None
    flow_direction: int | None = None
    interval_length: int | None = None
    accumulation: int | None = None
    currency: int | None = None
    data_qualifier: int | None = None
    default_quality: int | None = None


@dataclass(frozen=True, slots=True)
class LocalTime:
    """Offset from UTC in seconds and the daylight saving rules (ESPI LocalTimeParameters)."""

    line: int
    tz_offset: int
    dst_offset: int
    dst_start_rule: str
    dst_end_rule: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One interval: `value` and `cost` are the file's integers, unscaled; `seconds` its length."""

    start: datetime
    seconds: int
    value: int | None
    cost: int | None
    qualities: tuple[int, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Untimed:
    """A reading without its own period: its place in the block determines its time."""

    value: int | None
    cost: int | None
    qualities: tuple[int, ...]
    line: int

    def at(self, start: datetime, seconds: int) -> Reading:
        """Return the reading with its period."""
        return Reading(start, seconds, self.value, self.cost, self.qualities, self.line)


@dataclass(frozen=True, slots=True)
class Block:
    """A run of consecutive readings (ESPI IntervalBlock), with its own period if it has one."""

    line: int
    start: datetime | None
    seconds: int | None
    readings: tuple[Reading, ...]
    untimed: tuple[Untimed, ...]


@dataclass(slots=True)
class MeterReading:
    """A run of readings of one kind at one usage point: a channel of the meter.

    `missing_type` is the reading type that it names if that is not in the file.
    """

    link: str
    line: int
    atom_id: str = ""
    reading_type: ReadingType | None = None
    missing_type: str = ""
    blocks: list[Block] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The link, else the Atom id if that is unique; empty if it has neither."""
        return self.link or self.atom_id


@dataclass(slots=True)
class UsagePoint:
    """A place where a service is metered."""

    link: str
    line: int
    service_kind: int | None
    title: str = ""
    atom_id: str = ""
    local_time: LocalTime | None = None
    meter_readings: list[MeterReading] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Like `MeterReading.name`."""
        return self.link or self.atom_id


@dataclass(frozen=True, slots=True)
class Feed:
    """One file: its points and the instant at which it was true (`updated` of the feed).

    `left_out` holds things that only links name and that the operator chose to leave out.
    """

    title: str
    as_of: datetime | None
    points: tuple[UsagePoint, ...]
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def readings(self) -> Iterable[Reading]:
        """Yield every interval of the file that has its own period."""
        for point in self.points:
            for meter_reading in point.meter_readings:
                for block in meter_reading.blocks:
                    yield from block.readings
