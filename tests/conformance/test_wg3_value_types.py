"""The value types of CDS-WG3-01 10.8.5: their formats and their values, as segments hold them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from customerdata.enums import UnitType
from customerdata.usage_values.codec import Pack
from customerdata.usage_values.columns import SupplyMix, make_column
from customerdata.usage_values.formats import (
    ColumnFormat,
    ElectricDemand,
    ElectricUsage,
    FormatError,
    FuelOilUsage,
    IntervalCost,
    MeterReadings,
    NaturalGasUsage,
    SupplyMixShare,
    WaterUsage,
    column_from_json,
)
from customerdata.usage_values.render import render_values, segment_formats
from customerdata.usage_values.wire import SegmentFormat, wire_formats
from tests.registration.schemas import problems

spec = pytest.mark.spec
SCHEMAS = Path(__file__).parent.parent / "spec" / "schemas"
USAGE = ElectricUsage("kWh", "net")
# A column of each type, a value of it, and the name of its objects.
TYPES: dict[str, tuple[ColumnFormat, Any, str]] = {
    "electric_usage": (USAGE, Decimal("1.5"), "ElectricUsage"),
    "electric_demand": (ElectricDemand("kW", "peak"), Decimal("4.2"), "ElectricDemand"),
    "electric_supply_mix": (
        SupplyMixShare("base", "solar", of=(USAGE,)),
        SupplyMix(Decimal("0.35"), None, None),
        "ElectricSupplyMix",
    ),
    "water_usage": (WaterUsage("m3"), Decimal(3), "WaterUsage"),
    "natural_gas_usage": (NaturalGasUsage("therm"), Decimal(2), "NaturalGasUsage"),
    "fuel_oil_usage": (FuelOilUsage("gal"), Decimal(9), "FuelOilUsage"),
    "cost": (IntervalCost("USD", of=(USAGE,)), Decimal("0.12"), "IntervalCost"),
    "meter_readings": (MeterReadings(meter="m1", units="kWh"), "00123", "MeterReadings"),
}
each_type = pytest.mark.parametrize("name", TYPES)
METERED = [name for name, (column, _, _) in TYPES.items() if hasattr(column, "meters")]


def described(column: ColumnFormat) -> dict[str, Any]:
    """Return the Value Format of a column whose quality nobody knows."""
    (wire,) = wire_formats([SegmentFormat(column)], meters={"m1"}, ids={})
    return wire


@spec(
    "WG3-01 10.8.2 a",
    "WG3-01 10.8.5 a",
    "WG3-01 10.8.5.* a",
    "WG3-01 10.8.5.*.1 a",
    "WG3-01 10.8.5.*.1 b",
    "WG3-01 10.8.5.3.1 l",
    "WG3-01 10.8.5.3.1 m",
    "WG3-01 10.8.5.*.2 a",
)
@each_type
def test_format_and_value(name: str) -> None:
    """The format says the type, and the value has the field of the type."""
    column, value, title = TYPES[name]
    pack = Pack("s", datetime(2025, 1, 1, tzinfo=UTC), 900, 1, (make_column(column, [value]),))
    formats = segment_formats(pack)
    (wire,) = wire_formats(formats, meters={"m1"}, ids={})
    assert wire["type"] == name
    assert problems("ValueFormat", wire) == []
    assert problems(f"{title}ValueFormat", wire) == []
    ((shown,),) = json.loads(render_values(pack, formats))
    assert problems(f"{title}Value", shown) == []


@spec(
    "WG3-01 10.8.5.1.1 c",
    "WG3-01 10.8.5.2.1 c",
    "WG3-01 10.8.5.3.1 n",
    "WG3-01 10.8.5.5.1 c",
    "WG3-01 10.8.5.6.1 c",
)
@pytest.mark.parametrize("name", METERED)
def test_units(name: str) -> None:
    """Those that the section of the type names, of all that there are."""
    schema = json.loads((SCHEMAS / f"{TYPES[name][2]}ValueFormat.schema.json").read_text())
    wanted = schema["properties"]["units"]["allOf"][1]["enum"]
    accepted = []
    for unit in UnitType.values:
        try:
            column_from_json({"type": name, "units": unit, "demand_type": "peak"})
        except FormatError:
            continue
        accepted.append(unit)
    assert sorted(accepted) == sorted(wanted)


@spec(
    "WG3-01 10.8.5.1.1 d",
    "WG3-01 10.8.5.1.1 f",
    "WG3-01 10.8.5.1.1 g",
    "WG3-01 10.8.5.1.1 h",
    "WG3-01 10.8.5.1.1 i",
    "WG3-01 10.8.5.1.1 j",
    "WG3-01 10.8.5.2.1 d",
    "WG3-01 10.8.5.2.1 f",
    "WG3-01 10.8.5.2.1 g",
    "WG3-01 10.8.5.2.1 h",
    "WG3-01 10.8.5.2.1 i",
    "WG3-01 10.8.5.2.1 j",
    "WG3-01 10.8.5.3.1 o",
    "WG3-01 10.8.5.3.1 p",
    "WG3-01 10.8.5.3.1 q",
    "WG3-01 10.8.5.3.1 r",
    "WG3-01 10.8.5.5.1 g",
    "WG3-01 10.8.5.5.1 h",
    "WG3-01 10.8.5.5.1 i",
    "WG3-01 10.8.5.5.1 j",
    "WG3-01 10.8.5.6.1 g",
    "WG3-01 10.8.5.6.1 h",
    "WG3-01 10.8.5.6.1 i",
    "WG3-01 10.8.5.6.1 j",
)
@pytest.mark.parametrize("name", METERED)
def test_what_nobody_knows_is_absent(name: str) -> None:
    """Null says that a label does not apply, which is something one has to know."""
    told = {"type": name, "units": TYPES[name][0].described()["units"]}
    if name == "electric_demand":
        told["demand_type"] = "peak"
    assert set(described(column_from_json(told))) == {"id", *told}
    electric = name.startswith("electric")
    for label in ("tou", "tier", "season") if electric else ("tier", "season"):
        wire = described(column_from_json({**told, label: None}))
        assert set(wire) == {"id", *told, label}
        assert wire[label] is None


@spec("WG3-01 10.8.5.3.1 k", "WG3-01 10.8.5.7.1 k")
@pytest.mark.parametrize("column", [SupplyMixShare("base", "solar"), IntervalCost("USD")])
def test_indexes_of_nothing(column: ColumnFormat) -> None:
    """A flat cost, and a mix of what is not shown."""
    assert described(column)["indexes"] == []


@spec("WG3-01 10.8.5.8.1 d")
def test_a_register_nobody_knows() -> None:
    """The field is required, so it is null."""
    assert described(MeterReadings(meter="m1", units="kWh"))["register"] is None


@spec(
    "WG3-01 10.8.5.1.1 e",
    "WG3-01 10.8.5.2.1 e",
    "WG3-01 10.8.7.* a",
)
@pytest.mark.parametrize(
    "told",
    [
        {"type": "electric_usage", "units": "kWh", "direction": "sideways"},
        {"type": "electric_usage", "units": "kWh", "tou": "noon"},
        {"type": "electric_usage", "units": "kWh", "tier": "tier_top"},
        {"type": "electric_usage", "units": "kWh", "season": "rain"},
        {"type": "electric_demand", "units": "kW", "demand_type": "peak", "direction": "sideways"},
        {"type": "electric_demand", "units": "kW", "demand_type": "lowest"},
        {"type": "electric_supply_mix", "attribution": "mine", "supply_type": "solar"},
        {"type": "electric_supply_mix", "attribution": "base", "supply_type": "nowhere"},
        {"type": "meter_readings", "units": "furlong", "related_meterdevice": "m1"},
    ],
)
def test_words_that_the_lists_do_not_have(told: dict[str, Any]) -> None:
    """Nothing is stored of them, so nothing is sent."""
    with pytest.raises(FormatError):
        column_from_json(told)
