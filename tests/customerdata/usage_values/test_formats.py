"""Value formats: identity, wire form, choices."""

from __future__ import annotations

import pytest

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.usage_values.formats import (
    UNKNOWN,
    ElectricUsage,
    FormatError,
    IntervalCost,
    MeterReadings,
    NaturalGasUsage,
    column_from_json,
)
from customerdata.usage_values.wire import (
    SegmentFormat,
    choice_format,
    published_ids,
    select_formats,
    wire_formats,
)
from tests.customerdata.usage.strategies import FORMATS, NET


@pytest.mark.parametrize("column", FORMATS, ids=lambda c: str(c.type))
def test_every_type_survives_its_stored_form(column):
    """A pack has to be read back years later with the same meaning."""
    assert column_from_json(column.to_json()) == column


def test_unknown_is_absent_and_not_applicable_is_null():
    """The standard tells "no tier" (null) from "tier not known" (absent)."""
    wire = ElectricUsage("kWh", tier=None).described()
    assert wire == {"type": "electric_usage", "units": "kWh", "tier": None}
    assert ElectricUsage("kWh").tier is UNKNOWN


@pytest.mark.spec("WG3-01 10.8.5.1.1 c", "WG3-01 10.8.5.1.1 e")
@pytest.mark.parametrize(
    "data",
    [
        {"type": "electric_usage", "units": "therm"},
        {"type": "electric_usage", "units": "kWh", "direction": None},
        {"type": "electric_usage", "units": "kWh", "tou": "noon"},
        {"type": "electric_usage"},
        {"type": "electric_demand", "units": "kW"},
        {"type": "cost", "currency": "dollars"},
        {"type": "steam_usage", "units": "Btu"},
        {},
    ],
)
def test_what_the_definition_does_not_allow_is_refused(data):
    """A wrong format would be published to every client."""
    with pytest.raises(FormatError):
        column_from_json(data)


def test_choice_and_segment_share_their_key_per_quality():
    """A granted choice has to select exactly the format it published."""
    choice = choice_format(
        {"id": "x", "type": "electric_usage", "units": "kWh", "direction": "net", "quality": "raw"}
    )
    stored = SegmentFormat(ElectricUsage("kWh", "net", meters=("m1",)), Quality.RAW)
    assert choice.choice_key == stored.choice_key
    (wire,) = wire_formats([stored], meters=(), ids={choice.choice_key: "x"})
    assert wire["id"] == "x"
    for other in (
        SegmentFormat(stored.column, Quality.ESTIMATED),
        SegmentFormat(stored.column),
        SegmentFormat(ElectricUsage("Wh", "net"), Quality.RAW),
        SegmentFormat(ElectricUsage("kWh", "net", tou="peak"), Quality.RAW),
    ):
        assert other.choice_key != choice.choice_key


@pytest.mark.spec("WG3-01 10.8.7.6 a")
def test_a_choice_with_a_quality_that_does_not_exist_is_refused():
    """Staff see the mistake when they publish, not clients later."""
    with pytest.raises(FormatError):
        choice_format({"type": "electric_usage", "units": "kWh", "quality": "good"})
    with pytest.raises(FormatError):
        choice_format({"type": "cost", "currency": "USD", "quality": "raw"})


@pytest.mark.spec("WG3-01 10.8.5.5.1 j")
def test_meters_are_restricted_and_unknown_meters_are_absent():
    """A format must not name a meter that the token may not see."""
    shown = [SegmentFormat(NET), SegmentFormat(NaturalGasUsage("therm"))]
    first, second = wire_formats(shown, meters={"m2"}, ids={})
    assert first["related_meterdevices"] == ["m2"]
    assert "related_meterdevices" not in second


@pytest.mark.spec("WG3-01 10.8.5.7.1 k")
def test_indexes_follow_the_shown_formats():
    """Indexes point at positions of this token's value sets, in every quality."""
    gas = NaturalGasUsage("therm")
    shown = [
        SegmentFormat(gas),
        SegmentFormat(NET, Quality.RAW),
        SegmentFormat(NET, Quality.ESTIMATED),
        SegmentFormat(IntervalCost("USD", of=(NET,))),
    ]
    assert wire_formats(shown, meters=(), ids={})[3]["indexes"] == [1, 2]
    assert wire_formats([shown[0], shown[3]], meters=(), ids={})[1]["indexes"] == []
    assert wire_formats([SegmentFormat(IntervalCost("EUR"))], meters=(), ids={})[0]["indexes"] == []


def test_selection_keeps_order_and_drops_readings_of_hidden_meters():
    """A meter reading has to name its meter, so a hidden meter hides its readings."""
    reading = SegmentFormat(MeterReadings(meter="m1", units="kWh", register="A"))
    present = [reading, SegmentFormat(NET, Quality.RAW), SegmentFormat(NET)]
    keys = {reading.choice_key, present[2].choice_key}
    assert select_formats(present, choice_keys=keys, meters={"m1"}) == (0, 2)
    assert select_formats(present, choice_keys=keys, meters=()) == (2,)


def test_registers_of_one_meter_have_different_ids():
    """Format ids have to be unique inside a segment though both match one choice."""
    shown = [SegmentFormat(MeterReadings(meter="m1", units="kWh", register=r)) for r in "AB"]
    assert shown[0].choice_key == shown[1].choice_key
    wire = wire_formats(shown, meters={"m1"}, ids={})
    assert wire[0]["id"] != wire[1]["id"]
    assert wire[0]["related_meterdevice"] == "m1"
    named = wire_formats(shown, meters={"m1"}, ids={shown[0].choice_key: "register"})
    assert len({entry["id"] for entry in named}) == 2
    assert all(entry["id"].startswith("register_") for entry in named)


def test_the_first_choice_of_a_format_names_it():
    """Ids within one segment differ, also where two scopes publish one id for two formats."""
    ids = published_ids([("a", "x"), ("a", "y"), ("b", "x"), ("c", "y")])
    assert (ids["a"], ids["c"]) == ("x", "y")
    assert ids["b"].startswith("x_")
