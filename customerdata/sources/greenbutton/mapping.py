"""From ESPI codes to value formats, zones and qualities.

Only exact conversions: powers of ten, never a heating value or a gas volume correction. Nothing is
guessed (docs/adr/0003): what a file leaves open is asked of the operator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from customerdata.enums.usage import DemandType, DirectionType
from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.sources.greenbutton.model import GreenButtonError, LocalTime, ReadingType
from customerdata.usage.formats import (
    UNKNOWN,
    ColumnFormat,
    ElectricDemand,
    ElectricUsage,
    NaturalGasUsage,
)

SERVICE_KINDS: Mapping[int, str] = {0: "electric", 1: "natural_gas"}
SERVICES = tuple(SERVICE_KINDS.values())

# ESPI flowDirection; for all others the standard has no word, so the direction is left out.
_DIRECTIONS: Mapping[int, str] = {
    1: DirectionType.FORWARD.value,
    4: DirectionType.NET.value,
    19: DirectionType.REVERSE.value,
}

# ESPI dataQualifier, as far as it says what kind of demand a reading of power is.
_DEMAND_TYPES: Mapping[int, str] = {2: DemandType.AVERAGE.value, 8: DemandType.PEAK.value}
DEMAND_TYPES = tuple(DemandType.values)

# ESPI currency is ISO 4217's number.
_CURRENCIES: Mapping[int, str] = {840: "USD", 124: "CAD", 36: "AUD", 978: "EUR", 826: "GBP"}

# Cost is in hundred-thousandths of the currency (ESPI IntervalReading).
COST_EXPONENT = -5

# ESPI QualityOfReading; several marks on one reading: the most telling one wins.
_QUALITIES: Sequence[tuple[frozenset[int], Quality]] = (
    (frozenset({8, 9, 12}), Quality.ESTIMATED),
    (frozenset({7}), Quality.MANUAL),
    (frozenset({11, 13, 15}), Quality.CALCULATED),
    (frozenset({19}), Quality.REVENUE),
    (frozenset({0, 17, 18}), Quality.VALID),
    (frozenset({10, 14}), Quality.RAW),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the standard and the power of ten that leads from the file's unit to it."""

    service: str
    quantity: str
    name: str
    exponent: int


# ESPI UnitSymbol. Electricity is kept in kWh and kW, the units that the portal offers.
_UOMS: Mapping[int, Unit] = {
    72: Unit("electric", "usage", "kWh", -3),
    38: Unit("electric", "demand", "kW", -3),
    132: Unit("natural_gas", "usage", "Btu", 0),
    169: Unit("natural_gas", "usage", "therm", 0),
}
_NAMED: Mapping[str, Unit] = {
    "Wh": Unit("electric", "usage", "kWh", -3),
    "kWh": Unit("electric", "usage", "kWh", 0),
    "therm": Unit("natural_gas", "usage", "therm", 0),
    "Btu": Unit("natural_gas", "usage", "Btu", 0),
    "Sm3": Unit("natural_gas", "usage", "Sm3", 0),
    "scf": Unit("natural_gas", "usage", "scf", 0),
}
UNIT_NAMES = tuple(_NAMED)

# Offset in seconds of North American zones that follow the US daylight saving rules.
_US_RULES = ("360E2000", "B40E2000")
_US_ZONES: Mapping[int, str] = {
    -12600: "America/St_Johns",
    -14400: "America/Halifax",
    -18000: "America/New_York",
    -21600: "America/Chicago",
    -25200: "America/Denver",
    -28800: "America/Los_Angeles",
    -32400: "America/Anchorage",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the operator states where the file is silent; None where nothing was stated."""

    service: str | None = None
    unit: str | None = None
    power_of_ten: int | None = None
    zone: str | None = None
    currency: str | None = None
    demand_type: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """How the integers of a meter reading become values: value = sign * integer * 10 ** exponent.

    Files count what flows to the grid upwards, under a direction of its own; in the standard it is
    negative in every direction (CDS-WG3-01 10.8.5.1.2, 10.8.5.2.2).
    """

    service: str
    format: ColumnFormat
    exponent: int
    currency: str | None

    def value(self, integer: int | None) -> Decimal | None:
        """Return the exact value."""
        return None if integer is None else Decimal(self._sign * integer).scaleb(self.exponent)

    @property
    def _sign(self) -> int:
        return -1 if getattr(self.format, "direction", None) == DirectionType.REVERSE else 1


def cost(integer: int | None) -> Decimal | None:
    """Return the exact amount of money of a reading's cost."""
    return None if integer is None else Decimal(integer).scaleb(COST_EXPONENT)


def measure(reading_type: ReadingType | None, service_kind: int | None, told: Told) -> Measure:
    """Return how readings of this type are meant; raises GreenButtonError where that is open."""
    line = reading_type.line if reading_type else None
    unit = _unit(reading_type, told, line)
    service = _service(service_kind, told, line)
    if unit.service != service:
        raise GreenButtonError(
            f"The unit {unit.name} does not measure {service}.", line=line, element="uom"
        )
    power = told.power_of_ten
    if reading_type is not None and reading_type.power_of_ten is not None:
        power = reading_type.power_of_ten
    return Measure(
        service=service,
        format=_format(unit, reading_type, told),
        exponent=unit.exponent + (power or 0),
        currency=_currency(reading_type) or told.currency,
    )


def _unit(reading_type: ReadingType | None, told: Told, line: int | None) -> Unit:
    if reading_type is not None and reading_type.uom:
        found = _UOMS.get(reading_type.uom)
        if found is None and told.unit is None:
            raise GreenButtonError(
                f"The unit of measure {reading_type.uom} has no exact counterpart here. "
                f"If you know what it counts, say so with --unit ({', '.join(UNIT_NAMES)}).",
                line=line,
                element="uom",
            )
        if found is not None:
            return found
    if told.unit is None:
        raise GreenButtonError(
            "The reading type states no unit. State it with --unit "
            f"({', '.join(UNIT_NAMES)}), and with --power-of-ten if the numbers are scaled.",
            line=line,
            element="ReadingType",
        )
    return _NAMED[told.unit]


def _service(service_kind: int | None, told: Told, line: int | None) -> str:
    if service_kind is not None:
        if service_kind not in SERVICE_KINDS:
            raise GreenButtonError(
                f"Service kind {service_kind} is neither electricity (0) nor gas (1).",
                line=line,
                element="kind",
            )
        return SERVICE_KINDS[service_kind]
    if told.service is None:
        raise GreenButtonError(
            f"The usage point names no service. State it with --service ({', '.join(SERVICES)}).",
            line=line,
            element="kind",
        )
    return told.service


def _format(unit: Unit, reading_type: ReadingType | None, told: Told) -> ColumnFormat:
    if unit.service == "natural_gas":
        return NaturalGasUsage(units=unit.name)
    flow = reading_type.flow_direction if reading_type else None
    # Nobody says whether the meter counts one way or both: then it must not be said on the wire.
    direction = _DIRECTIONS.get(flow or 0, UNKNOWN)
    if unit.quantity == "demand":
        return ElectricDemand(unit.name, _demand_type(reading_type, told), direction)
    return ElectricUsage(unit.name, direction)


def _demand_type(reading_type: ReadingType | None, told: Told) -> str:
    """Return what the file states, else what the operator does (CDS-WG3-01 10.8.7.7)."""
    stated = _DEMAND_TYPES.get(reading_type.data_qualifier or 0) if reading_type else None
    found = stated or told.demand_type
    if found is None:
        raise GreenButtonError(
            "The readings of power do not say which demand they are. State it with --demand-type "
            f"({', '.join(DEMAND_TYPES)}).",
            line=reading_type.line if reading_type else None,
            element="dataQualifier",
        )
    return found


def _currency(reading_type: ReadingType | None) -> str | None:
    return _CURRENCIES.get(reading_type.currency or 0) if reading_type else None


def quality(marks: Sequence[int]) -> Quality | None:
    """Return the standard's quality for ESPI's marks, None where there is none or an unknown."""
    for codes, found in _QUALITIES:
        if codes.intersection(marks):
            return found
    return None


def zone(local_time: LocalTime | None, told: Told, fallback: str) -> tuple[str, str]:
    """Return an IANA zone and a warning (empty if all is well).

    A Green Button file knows offsets and rules only. Readings carry absolute times, so the zone
    decides nothing but where local months begin.
    """
    if told.zone is not None:
        return told.zone, ""
    if local_time is None:
        return fallback, f"The file states no time zone; local months follow {fallback}."
    rules = (local_time.dst_start_rule, local_time.dst_end_rule)
    if rules == _US_RULES and local_time.dst_offset and local_time.tz_offset in _US_ZONES:
        return _US_ZONES[local_time.tz_offset], ""
    hours, rest = divmod(local_time.tz_offset, 3600)
    if not local_time.dst_offset and not rest and -12 <= hours <= 12:
        # The sign of these names is the opposite of everybody else's.
        return f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC", ""
    return fallback, (
        f"line {local_time.line}: no time zone has the offset {local_time.tz_offset} s with these "
        f"daylight saving rules; local months follow {fallback}. State another with --zone."
    )


def known_zone(name: str) -> bool:
    """Tell whether a name is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
