"""What options say of which channel, qualities and signs."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.models import ServiceContract
from customerdata.models.usage import CompletenessRange, UsagePack, UsageSeries
from customerdata.sources.greenbutton.mapping import Described, measure, quality
from customerdata.sources.greenbutton.model import GreenButtonError, ReadingType
from customerdata.sources.greenbutton.stated import Facts, Told, matches
from customerdata.usage.store import write_readings
from customerdata.usage_values.columns import make_column
from tests.customerdata.sources.greenbutton.conftest import load, stored
from tests.customerdata.sources.greenbutton.feeds import (
    block,
    document,
    entry,
    feed,
    point,
    reading,
    reading_type,
)

START = 1768021200
CODES = [0, *range(7, 20)]


def two_channels(first: str, second: str, kind: int | str = 0) -> bytes:
    """Return a feed of a point with two channels of a reading each."""
    return document(
        entry("UP/1", "UP", point().replace("<kind>0<", f"<kind>{kind}<")),
        entry("UP/1/MR/1", "UP/1/MR", "<MeterReading/>", "RT/1"),
        entry("UP/1/MR/2", "UP/1/MR", "<MeterReading/>", "RT/2"),
        entry("UP/1/MR/1/IB/1", "UP/1/MR/1/IB", block(reading(START, 3600, 1000))),
        entry("UP/1/MR/2/IB/1", "UP/1/MR/2/IB", block(reading(START, 3600, 300))),
        entry("RT/1", "RT", first),
        entry("RT/2", "RT", second),
    )


def silent(*names: str) -> str:
    """Return a reading type without the elements named."""
    text = reading_type()
    for name in names:
        text = text.replace(f"<{name}>", "<x>").replace(f"</{name}>", "</x>")
    return text


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("element", "told", "named"),
    [
        ("uom", {"unit": "Wh"}, Facts(unit="Wh")),
        ("powerOfTenMultiplier", {"power_of_ten": 3}, Facts(power_of_ten=3)),
    ],
)
def test_an_option_without_a_name_speaks_of_one_thing_alone(element, told, named):
    """Where several channels are silent, each is named."""
    data = two_channels(silent(element), silent(element))
    with pytest.raises(GreenButtonError, match=r"several channels: 1, 2|several channels: MR"):
        load(data, Told(**told))
    assert not ServiceContract.objects.exists()
    load(data, Told(named={"RT/1": named, "MR/2": named}))
    factor = 1000 if "power_of_ten" in told else 1
    assert [v.value for v in stored()] == [Decimal("0.3") * factor, factor]


@pytest.mark.usefixtures("account")
def test_an_option_for_the_silent_channel_leaves_the_others_alone():
    """The other states its unit and its power."""
    load(
        two_channels(reading_type(powerOfTenMultiplier=-3), silent("uom", "powerOfTenMultiplier")),
        Told(unit="kWh", power_of_ten=-1),
    )
    assert [v.value for v in stored()] == [Decimal("0.001"), 30]


@pytest.mark.usefixtures("account")
def test_two_services_of_one_point_are_two_contracts():
    """Electricity and gas under one usage point that names neither."""
    data = two_channels(reading_type(), reading_type(uom=169), kind="")
    told = Told(named={"MR/1": Facts(service="electric"), "MR/2": Facts(service="natural_gas")})
    load(data, told)
    assert [(v.words, str(v.value)) for v in stored()] == [
        ("electric_usage forward kWh", "1"),
        ("natural_gas_usage therm", "300"),
    ]
    assert ServiceContract.objects.count() == 2
    assert load(data, told).changes == 0


@pytest.mark.usefixtures("account")
def test_options_that_contradict_each_other_are_refused():
    """Two names of one channel."""
    data = two_channels(silent("uom"), reading_type())
    named = {"MR/1": Facts(unit="Wh"), "RT/1": Facts(unit="kWh")}
    with pytest.raises(GreenButtonError, match="stated twice"):
        load(data, Told(named=named))


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("power", [99, -99, 13])
def test_a_power_of_ten_that_espi_does_not_know_is_refused(power):
    """Its number would not fit anywhere."""
    with pytest.raises(GreenButtonError, match=r"line \d+, <powerOfTenMultiplier>"):
        load(feed([reading(START, 3600, 1)], power=power))


@pytest.mark.usefixtures("account")
def test_a_number_that_is_too_long_is_refused_with_its_line():
    """ESPI allows 48 bits."""
    with pytest.raises(GreenButtonError, match=r"line \d+, <value>: .*too many digits"):
        load(feed([reading(START, 3600, 10**80)]))


@pytest.mark.spec("WG3-01 10.8.5.1.2 b")
@pytest.mark.usefixtures("account")
def test_what_flows_to_the_grid_is_negative_whatever_its_sign_in_the_file():
    """Some files write it so already; both signs in one channel are reported."""
    summary = load(feed([reading(START, 3600, -500), reading(START + 3600, 3600, 0)], flow=19))
    assert [v.value for v in stored()] == [Decimal("-0.5"), 0]
    assert not any("both signs" in text for text in summary.warnings)
    mixed = [reading(START, 3600, -500), reading(START + 3600, 3600, 20)]
    summary = load(feed(mixed, flow=19, updated="2026-02-02T00:00:00Z"))
    assert [v.value for v in stored()] == [Decimal("-0.5"), Decimal("-0.02")]
    assert any("both signs" in text for text in summary.warnings)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("default", "own", "expected"),
    [(8, None, "estimated"), (8, 0, "valid"), (None, 8, "estimated"), (16, None, ""), (8, 16, "")],
)
def test_a_reading_without_quality_has_the_default_of_its_type(default, own, expected):
    """Its own marks go before, also those that the standard has no word for."""
    data = feed([reading(START, 3600, 1, quality=own)])
    if default is not None:
        stated = f"<defaultQuality>{default}</defaultQuality><flowDirection>".encode()
        data = data.replace(b"<flowDirection>", stated)
    load(data)
    assert [v.quality for v in stored()] == [expected]


@given(
    st.lists(st.sampled_from(CODES), max_size=4),
    st.none() | st.sampled_from(CODES),
)
def test_an_estimate_never_looks_like_a_reading(marks, default):
    """Whatever else is marked, and wherever it is marked."""
    type_ = ReadingType(1, uom=72, commodity=1, default_quality=default)
    found = measure(Described("M1", type_, 0, Told()), []).quality(tuple(marks))
    heard = marks or ([default] if default is not None else [])
    assert (found == Quality.ESTIMATED) == bool({8, 9, 12}.intersection(heard))
    assert found == quality(heard)


@given(st.integers(-(10**50), 10**50), st.sampled_from([None, 1, 4, 19]), st.integers(-12, 12))
def test_a_value_is_the_number_of_the_file_times_a_power_of_ten(number, flow, power):
    """Exact, and never above zero where it flows to the grid."""
    type_ = ReadingType(1, uom=72, flow_direction=flow, power_of_ten=power)
    value = measure(Described("M1", type_, 0, Told()), []).value(number)
    assert value is not None
    expected = Fraction(number) * Fraction(10) ** (power - 3)
    assert Fraction(value) == (-abs(expected) if flow == 19 else expected)


@pytest.mark.parametrize(
    ("selector", "link", "found"),
    [
        ("M1", "https://a/MeterReading/M1", True),
        ("MeterReading/M1", "https://a/MeterReading/M1", True),
        ("/MeterReading/M1/", "https://a/MeterReading/M1", True),
        ("1", "https://a/MeterReading/M1", False),
        ("", "https://a/MeterReading/M1", False),
        ("#1", "#1", True),
    ],
)
def test_a_selector_is_the_end_of_a_link(selector, link, found):
    """Whole steps only."""
    assert matches(selector, link) == found


@pytest.mark.usefixtures("account")
def test_both_directions_in_one_series_of_releases_before_are_found_again():
    """Each channel feeds its own column there, and nothing is stored twice."""
    data = two_channels(reading_type(), reading_type(flowDirection=19))
    load(data)
    before = stored()
    made = UsageSeries.objects.order_by("pk").first()
    assert made is not None
    columns = [series.formats[0] for series in UsageSeries.objects.order_by("pk")]
    UsagePack.objects.all().delete()
    CompletenessRange.objects.all().delete()
    UsageSeries.objects.exclude(pk=made.pk).delete()
    made.columns = [column.to_json() for column in columns]
    made.sources, made.grid = {}, ""
    made.save()
    write_readings(
        series=made,
        start=datetime.fromtimestamp(START, UTC),
        columns=[
            make_column(column, [value.value])
            for column, value in zip(columns, before, strict=True)
        ],
        as_of=datetime(2026, 2, 1, tzinfo=UTC),
        synced=datetime(2026, 2, 1, tzinfo=UTC),
    )
    assert load(data).changes == 0
    assert stored() == before
