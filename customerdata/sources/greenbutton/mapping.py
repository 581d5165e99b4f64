"""Maps ESPI codes to value formats and qualities.

Conversions are exact: powers of ten, never a heating value or a gas volume correction. Nothing is
guessed (docs/adr/0003): if a file leaves something open, the operator has to state it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from customerdata.enums.usage import DemandType, DirectionType
from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.sources.greenbutton.model import GreenButtonError, ReadingType
from customerdata.sources.greenbutton.registers import is_register
from customerdata.sources.greenbutton.stated import NOTHING, Facts, Told
from customerdata.usage_values.formats import (
    UNKNOWN,
    ColumnFormat,
    ElectricDemand,
    ElectricUsage,
    NaturalGasUsage,
)

SERVICE_KINDS: Mapping[int, str] = {0: "electric", 1: "natural_gas"}
SERVICES = tuple(SERVICE_KINDS.values())

# ESPI flowDirection; the standard has no value for the others, so the direction is left out.
_DIRECTIONS: Mapping[int, str] = {
    1: DirectionType.FORWARD.value,
    4: DirectionType.NET.value,
    19: DirectionType.REVERSE.value,
}

# ESPI dataQualifier, for the codes that state the demand type of a reading of power.
_DEMAND_TYPES: Mapping[int, str] = {2: DemandType.AVERAGE.value, 8: DemandType.PEAK.value}
DEMAND_TYPES = tuple(DemandType.values)

# ESPI currency is the ISO 4217 number.
_CURRENCIES: Mapping[int, str] = {840: "USD", 124: "CAD", 36: "AUD", 978: "EUR", 826: "GBP"}

# Cost is in hundred-thousandths of the currency (ESPI IntervalReading).
COST_EXPONENT = -5

# ESPI QualityOfReading; if a reading has several, the most significant one wins.
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


# ESPI UnitSymbol. Electricity is stored in kWh and kW, the units that the portal offers.
_WATT = 38
_UOMS: Mapping[int, Unit] = {
    72: Unit("electric", "usage", "kWh", -3),
    _WATT: Unit("electric", "demand", "kW", -3),
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
# Common units without a counterpart in the standard, for messages.
_OTHER_UOMS: Mapping[int, str] = {
    5: "A",
    29: "V",
    61: "VA",
    63: "var",
    71: "VAh",
    73: "varh",
    80: "money",
    119: "cubic feet",
}
# ESPI CommodityType, for the codes that are one of our services.
_COMMODITIES: Mapping[int, str] = {1: "electric", 2: "electric", 7: "natural_gas"}
_LARGEST_POWER = 12


@dataclass(frozen=True, slots=True)
class Measure:
    """How the integers of a meter reading become values: value = sign * integer * 10 ** exponent.

    Files count flow to the grid upward, under a separate direction; in the standard it is
    negative in every direction (CDS-WG3-01 10.8.5.1.2, 10.8.5.2.2). Some files already do that.
    """

    service: str
    format: ColumnFormat
    exponent: int
    currency: str | None
    default_quality: Quality | None = None

    def value(self, integer: int | None) -> Decimal | None:
        """Return the exact value."""
        if integer is None:
            return None
        signed = -abs(integer) if self.is_reverse else integer
        return _scaled(signed, self.exponent)

    def quality(self, marks: Sequence[int]) -> Quality | None:
        """Return the quality of a reading: its own marks override the type's default."""
        return quality(marks) if marks else self.default_quality

    @property
    def is_reverse(self) -> bool:
        """Return whether the channel counts flow to the grid."""
        return getattr(self.format, "direction", None) == DirectionType.REVERSE

    @property
    def is_net(self) -> bool:
        """Return whether the channel counts inflow minus outflow."""
        return getattr(self.format, "direction", None) == DirectionType.NET


def cost(integer: int | None) -> Decimal | None:
    """Return a reading's cost as an exact amount of money."""
    return None if integer is None else _scaled(integer, COST_EXPONENT)


def _scaled(integer: int, exponent: int) -> Decimal:
    # Decimal arithmetic rounds to 28 digits; parsing a text does not.
    return Decimal(f"{integer}E{exponent}")


@dataclass(frozen=True, slots=True)
class Described:
    """What is known about a channel: what the file says and what the operator states.

    `facts` are stated for this channel, `told` for the whole file; `name` is for messages.
    """

    name: str
    reading_type: ReadingType | None
    service_kind: int | None
    told: Told
    facts: Facts = NOTHING

    @property
    def line(self) -> int | None:
        """The line of the reading type in the file."""
        return self.reading_type.line if self.reading_type else None

    def states(self, name: str) -> int | None:
        """Return what the reading type says, None if it does not say."""
        return getattr(self.reading_type, name, None)

    def lacks(self, fact: str) -> bool:
        """Return whether the file leaves open a fact that an option could state."""
        if fact == "unit":
            return not self.states("uom")
        if fact == "power_of_ten":
            return self.states("power_of_ten") is None
        if fact == "demand_type":
            power = self.states("uom") == _WATT
            return power and self.states("data_qualifier") not in _DEMAND_TYPES
        return is_register(self.states("accumulation"))


def measure(about: Described, warnings: list[str]) -> Measure:
    """Return what a channel's readings mean; raises GreenButtonError if that is unclear."""
    unit = _unit(about)
    service = _service(about, unit)
    kind = about.service_kind
    if about.facts.service is None and kind is not None and service != SERVICE_KINDS.get(kind):
        warnings.append(
            f"line {about.line}: {about.name} is read as {service}, as its unit and commodity "
            f"say, although the usage point states service kind {kind}."
        )
    default = about.states("default_quality")
    return Measure(
        service=service,
        format=_format(about, unit),
        exponent=unit.exponent + _power_of_ten(about),
        currency=_CURRENCIES.get(about.states("currency") or 0) or about.told.currency,
        default_quality=None if default is None else quality([default]),
    )


def _unit(about: Described) -> Unit:
    choice = f"({', '.join(UNIT_NAMES)})"
    uom = about.states("uom")
    stated = about.facts.unit
    if not uom:
        stated = stated or about.told.unit
        if stated is None:
            raise GreenButtonError(
                f"The reading type of {about.name} states no unit. State it with --unit {choice}, "
                "and with --power-of-ten if the numbers are scaled.",
                line=about.line,
                element="ReadingType",
            )
        return _NAMED[stated]
    found = _UOMS.get(uom)
    if found is None and stated is None:
        what = _OTHER_UOMS.get(uom)
        raise GreenButtonError(
            f"The unit of measure {uom}{f' ({what})' if what else ''} of {about.name} has no exact "
            f"counterpart. Leave it out with --leave-out {about.name}, or if you know what it "
            f"counts, state this with --unit {about.name}=UNIT {choice}.",
            line=about.line,
            element="uom",
        )
    if found is not None and stated is not None and _NAMED[stated] != found:
        raise GreenButtonError(
            f"--unit {about.name}={stated}: the file states a different unit ({uom}).",
            line=about.line,
            element="uom",
        )
    return found or _NAMED[stated or ""]


def _service(about: Described, unit: Unit) -> str:
    kind = about.service_kind
    if kind is not None and kind not in SERVICE_KINDS:
        raise GreenButtonError(
            f"Service kind {kind} of {about.name} is neither electricity (0) nor gas (1). Leave it "
            f"out with --leave-out {about.name}.",
            line=about.line,
            element="kind",
        )
    service = about.facts.service
    if service is None and kind is None:
        service = about.told.service
    elif service is None and kind is not None:
        service = SERVICE_KINDS[kind]
        if _COMMODITIES.get(about.states("commodity") or 0) == unit.service:
            # Two statements of the reading type outweigh one of the usage point.
            service = unit.service
    if service is None:
        raise GreenButtonError(
            f"The file does not name the service of {about.name}. State it with --service "
            f"({', '.join(SERVICES)}).",
            line=about.line,
            element="kind",
        )
    if unit.service != service:
        raise GreenButtonError(
            f"The unit {unit.name} of {about.name} does not measure {service}. If it measures "
            f"{unit.service}, state this with --service {about.name}={unit.service}.",
            line=about.line,
            element="uom",
        )
    return service


def _power_of_ten(about: Described) -> int:
    power = about.states("power_of_ten")
    if power is None:
        power = about.facts.power_of_ten
    if power is None:
        power = about.told.power_of_ten or 0
    if abs(power) > _LARGEST_POWER:
        raise GreenButtonError(
            f"A power of ten of {power} is not valid; ESPI allows -{_LARGEST_POWER} to "
            f"{_LARGEST_POWER}.",
            line=about.line,
            element="powerOfTenMultiplier",
        )
    return power


def _format(about: Described, unit: Unit) -> ColumnFormat:
    if unit.service == "natural_gas":
        return NaturalGasUsage(units=unit.name)
    # It is unknown whether the meter counts one way or both, so the wire form must not say either.
    direction = _DIRECTIONS.get(about.states("flow_direction") or 0, UNKNOWN)
    if unit.quantity == "demand":
        return ElectricDemand(unit.name, _demand_type(about), direction)
    return ElectricUsage(unit.name, direction)


def _demand_type(about: Described) -> str:
    """Return what the file states, else what the operator states (CDS-WG3-01 10.8.7.7)."""
    found = _DEMAND_TYPES.get(about.states("data_qualifier") or 0)
    found = found or about.facts.demand_type or about.told.demand_type
    if found is None:
        raise GreenButtonError(
            f"The readings of power of {about.name} do not state their type of demand. State it "
            f"with --demand-type ({', '.join(DEMAND_TYPES)}).",
            line=about.line,
            element="dataQualifier",
        )
    return found


def quality(marks: Sequence[int]) -> Quality | None:
    """Return the standard's quality for ESPI's marks, None if they are missing or unknown."""
    for codes, found in _QUALITIES:
        if codes.intersection(marks):
            return found
    return None
