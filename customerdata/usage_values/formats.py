"""Value formats: what a column of readings means (CDS-WG3-01 10.8.2, 10.8.5, 10.8.7).

A `ColumnFormat` is the identity of a stored column. Reading quality is not part of it: quality is
kept per value and becomes part of the format only when a segment is rendered, because the wire
format carries it on the Value Format. A field that the utility does not know is `UNKNOWN` and left
out of the wire form, which is different from None ("does not apply", sent as null).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, Self

from customerdata.enums.usage import (
    DemandType,
    DirectionType,
    SeasonType,
    SupplyAttributionType,
    SupplyType,
    TierType,
    TimeOfUseType,
    UnitType,
    ValueType,
)
from customerdata.enums.usage import ReadingQualityType as Quality


class Unknown(Enum):
    """The single value for a label that the utility does not know."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN
Label = str | None | Unknown


# Stored as one byte per value; 0 means that the quality is not known. Codes are never reused.
QUALITY_CODES: Mapping[Quality, int] = {
    Quality.RAW: 1,
    Quality.MANUAL: 2,
    Quality.VALID: 3,
    Quality.REVENUE: 4,
    Quality.ESTIMATED: 5,
    Quality.CALCULATED: 6,
    Quality.CORRECTED: 7,
    Quality.WEBSITE: 8,
}
QUALITY_BY_CODE: Mapping[int, Quality | None] = {
    0: None,
    **{code: quality for quality, code in QUALITY_CODES.items()},
}

DIRECTIONS = frozenset(DirectionType.values)
TOU = frozenset(TimeOfUseType.values)
TIERS = frozenset(TierType.values)
SEASONS = frozenset(SeasonType.values)


class FormatError(ValueError):
    """A value format has a field, value or type that its definition does not allow."""


@dataclass(frozen=True, slots=True)
class _Format:
    """The parts that all column formats share: checks, identity and the stored JSON form."""

    type: ClassVar[ValueType]
    value_field: ClassVar[str]
    has_quality: ClassVar[bool] = False
    allowed: ClassVar[Mapping[str, frozenset[str]]] = {}
    nullable: ClassVar[frozenset[str]] = frozenset({"tou", "tier", "season"})
    optional: ClassVar[frozenset[str]] = frozenset({"direction", "tou", "tier", "season"})
    references: ClassVar[frozenset[str]] = frozenset({"meters", "meter", "of"})

    def __post_init__(self) -> None:
        for name, choices in self.allowed.items():
            value = getattr(self, name)
            if value is UNKNOWN and name in self.optional:
                continue
            if value is None and name in self.nullable:
                continue
            if value not in choices:
                raise FormatError(f"{self.type}: {name} is {value!r}, allowed: {sorted(choices)}")

    def described(self) -> dict[str, Any]:
        """The wire fields that describe the values: no id, quality, meters or indexes."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            "type": str(self.type),
            **{
                name: value
                for name, value in named.items()
                if name not in self.references and value is not UNKNOWN
            },
        }

    @property
    def key(self) -> str:
        """Canonical text that distinguishes this column from every other column of a pack."""
        return canonical(self.described())

    def to_json(self) -> dict[str, Any]:
        """The stored form: described fields and references."""
        return self.described()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read the described fields and references from a stored or wire form."""
        names = {f.name for f in fields(cls)} - cls.references
        return cls(**{name: data[name] for name in names if name in data})


@dataclass(frozen=True, slots=True)
class _Metered(_Format):
    """A measured format; `meters` are public meter ids, or UNKNOWN."""

    meters: tuple[str, ...] | Unknown = field(default=UNKNOWN, kw_only=True)

    has_quality: ClassVar[bool] = True

    def to_json(self) -> dict[str, Any]:
        data = self.described()
        if not isinstance(self.meters, Unknown):
            data["related_meterdevices"] = list(self.meters)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        names = {f.name for f in fields(cls)} - cls.references
        known = {name: data[name] for name in names if name in data}
        if "related_meterdevices" in data:
            known["meters"] = tuple(data["related_meterdevices"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class ElectricUsage(_Metered):
    """Electric usage per interval (CDS-WG3-01 10.8.5.1)."""

    units: str
    direction: str | Unknown = UNKNOWN
    tou: Label = UNKNOWN
    tier: Label = UNKNOWN
    season: Label = UNKNOWN

    type: ClassVar[ValueType] = ValueType.ELECTRIC_USAGE
    value_field: ClassVar[str] = "eu"
    allowed: ClassVar[Mapping[str, frozenset[str]]] = {
        "units": frozenset({"Wh", "kWh", "MWh"}),
        "direction": DIRECTIONS,
        "tou": TOU,
        "tier": TIERS,
        "season": SEASONS,
    }


@dataclass(frozen=True, slots=True)
class ElectricDemand(_Metered):
    """Electric demand per interval or at its edges (CDS-WG3-01 10.8.5.2)."""

    units: str
    demand_type: str
    direction: str | Unknown = UNKNOWN
    tou: Label = UNKNOWN
    tier: Label = UNKNOWN
    season: Label = UNKNOWN

    type: ClassVar[ValueType] = ValueType.ELECTRIC_DEMAND
    value_field: ClassVar[str] = "ed"
    allowed: ClassVar[Mapping[str, frozenset[str]]] = {
        "units": frozenset({"W", "kW", "MW"}),
        "demand_type": frozenset(DemandType.values),
        "direction": DIRECTIONS,
        "tou": TOU,
        "tier": TIERS,
        "season": SEASONS,
    }


@dataclass(frozen=True, slots=True)
class _Commodity(_Metered):
    """Usage of something that flows in only one direction."""

    units: str
    tier: Label = UNKNOWN
    season: Label = UNKNOWN


@dataclass(frozen=True, slots=True)
class WaterUsage(_Commodity):
    """Water usage per interval (CDS-WG3-01 10.8.5.4)."""

    type: ClassVar[ValueType] = ValueType.WATER_USAGE
    value_field: ClassVar[str] = "wu"
    allowed: ClassVar[Mapping[str, frozenset[str]]] = {
        "units": frozenset({"m3", "L", "gal", "ft3", "CCF", "MCF", "MMCF"}),
        "tier": TIERS,
        "season": SEASONS,
    }


@dataclass(frozen=True, slots=True)
class NaturalGasUsage(_Commodity):
    """Natural gas usage per interval (CDS-WG3-01 10.8.5.5)."""

    type: ClassVar[ValueType] = ValueType.NATURAL_GAS_USAGE
    value_field: ClassVar[str] = "gu"
    allowed: ClassVar[Mapping[str, frozenset[str]]] = {
        "units": frozenset({"Btu", "therm", "Sm3", "scf"}),
        "tier": TIERS,
        "season": SEASONS,
    }


@dataclass(frozen=True, slots=True)
class FuelOilUsage(_Commodity):
    """Fuel oil usage per interval (CDS-WG3-01 10.8.5.6)."""

    type: ClassVar[ValueType] = ValueType.FUEL_OIL_USAGE
    value_field: ClassVar[str] = "fu"
    allowed: ClassVar[Mapping[str, frozenset[str]]] = {
        "units": frozenset({"L", "gal"}),
        "tier": TIERS,
        "season": SEASONS,
    }


@dataclass(frozen=True, slots=True)
class _Derived(_Format):
    """A format that describes other columns of the pack; its `indexes` derive from `of`."""

    of: tuple[ColumnFormat, ...] = field(default=(), kw_only=True)

    def to_json(self) -> dict[str, Any]:
        return {**self.described(), "of": [column.to_json() for column in self.of]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        names = {f.name for f in fields(cls)} - cls.references
        known = {name: data[name] for name in names if name in data}
        return cls(**known, of=tuple(column_from_json(part) for part in data.get("of", ())))


@dataclass(frozen=True, slots=True)
class SupplyMixShare(_Derived):
    """One component of the supply mix of the columns `of` (CDS-WG3-01 10.8.5.3)."""

    attribution: str
    supply_type: str

    type: ClassVar[ValueType] = ValueType.ELECTRIC_SUPPLY_MIX
    value_field: ClassVar[str] = "sm"
    allowed: ClassVar[Mapping[str, frozenset[str]]] = {
        "attribution": frozenset(SupplyAttributionType.values),
        "supply_type": frozenset(SupplyType.values),
    }


@dataclass(frozen=True, slots=True)
class IntervalCost(_Derived):
    """Cost of the columns `of`; without any, a flat cost of the interval (CDS-WG3-01 10.8.5.7)."""

    currency: str

    type: ClassVar[ValueType] = ValueType.COST
    value_field: ClassVar[str] = "c"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise FormatError(f"cost: currency {self.currency!r} is not an ISO 4217 code")


@dataclass(frozen=True, slots=True)
class MeterReadings(_Format):
    """Readings as shown on one register of one meter (CDS-WG3-01 10.8.5.8)."""

    meter: str
    units: str
    register: str | None = None

    type: ClassVar[ValueType] = ValueType.METER_READINGS
    value_field: ClassVar[str] = "r"
    allowed: ClassVar[Mapping[str, frozenset[str]]] = {"units": frozenset(UnitType.values)}

    @property
    def key(self) -> str:
        """One pack can hold registers of several meters."""
        return canonical(self.to_json())

    def to_json(self) -> dict[str, Any]:
        return {**self.described(), "related_meterdevice": self.meter}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            meter=data.get("related_meterdevice", ""),
            units=data["units"],
            register=data.get("register"),
        )


ColumnFormat = (
    ElectricUsage
    | ElectricDemand
    | SupplyMixShare
    | WaterUsage
    | NaturalGasUsage
    | FuelOilUsage
    | IntervalCost
    | MeterReadings
)
_CLASSES: Mapping[str, type[ColumnFormat]] = {
    str(cls.type): cls
    for cls in (
        ElectricUsage,
        ElectricDemand,
        SupplyMixShare,
        WaterUsage,
        NaturalGasUsage,
        FuelOilUsage,
        IntervalCost,
        MeterReadings,
    )
}


def column_from_json(data: Mapping[str, Any]) -> ColumnFormat:
    """Read a column format from its stored or wire form.

    Raises:
        FormatError: the type is unknown, a field is missing or a value is not allowed.
    """
    cls = _CLASSES.get(data.get("type", ""))
    if cls is None:
        raise FormatError(f"unknown value type {data.get('type')!r}")
    try:
        return cls.from_json(data)
    except (TypeError, KeyError) as error:
        raise FormatError(f"{data['type']}: {error}") from error


def canonical(data: Mapping[str, Any]) -> str:
    """Canonical JSON text: equal for equal data."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))
