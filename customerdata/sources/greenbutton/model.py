"""What a Green Button file says, before any of it becomes ours."""

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
    """How the numbers of a meter reading are meant (ESPI ReadingType); None where unstated."""

    line: int
    commodity: int | None = None
    uom: int | None = None
    power_of_ten: int | None = None
    flow_direction: int | None = None
    interval_length: int | None = None
    accumulation: int | None = None
    currency: int | None = None
    data_qualifier: int | None = None


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


@dataclass(slots=True)
class MeterReading:
    """A run of readings of one kind at one usage point."""

    href: str
    line: int
    title: str = ""
    related: tuple[str, ...] = ()
    readings: list[Reading] = field(default_factory=list)
    reading_type: ReadingType | None = None


@dataclass(slots=True)
class UsagePoint:
    """A place where a service is metered."""

    href: str
    line: int
    service_kind: int | None
    title: str = ""
    related: tuple[str, ...] = ()
    local_time: LocalTime | None = None
    meter_readings: list[MeterReading] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Feed:
    """One file: its points and the instant at which it was true (`updated` of the feed)."""

    title: str
    as_of: datetime | None
    points: tuple[UsagePoint, ...]

    def readings(self) -> Iterable[Reading]:
        """Yield every interval of the file."""
        for point in self.points:
            for meter_reading in point.meter_readings:
                yield from meter_reading.readings
