"""Loading Green Button files: exact, idempotent, versioned, all or nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from consent.catalogue.demo_offers import demo_offers
from customerdata.models import ServiceContract
from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.sources.greenbutton.model import GreenButtonError
from customerdata.sources.greenbutton.stated import Told
from portal.errors import NotFound
from portal.models import AuditEvent
from registration.services.catalogue.offers import load_offers
from tests.customerdata.sources.greenbutton.conftest import load
from tests.customerdata.sources.greenbutton.feeds import feed, reading

pytestmark = pytest.mark.usefixtures("account")

JANUARY = 1767254400  # 2026-01-01 00:00 in Los Angeles


def quarter_hours(count: int, *, start: int = JANUARY) -> list[str]:
    """Return consecutive 15-minute readings with the values 1, 2, 3, ..."""
    return [reading(start + 900 * n, 900, n + 1) for n in range(count)]


def stored_values(at: datetime | None = None) -> list[Decimal]:
    """Return all stored numbers of the first column as of an instant."""
    return [
        value
        for pack in UsagePack.objects.as_of(at).order_by("series", "segment_start")
        for value in pack.unpacked().columns[0].values()
        if isinstance(value, Decimal)
    ]


def test_a_file_becomes_contract_point_meter_and_usage():
    """Wh become kWh exactly."""
    summary = load(feed(quarter_hours(4), power=0))
    assert (summary.points, summary.readings, summary.segments.created) == (1, 4, 1)
    assert stored_values() == [Decimal(n) / 1000 for n in (1, 2, 3, 4)]
    series = UsageSeries.objects.get()
    assert (series.zone, series.interval, series.commodity) == (
        "America/Los_Angeles",
        900,
        "electric",
    )
    assert series.contract is not None
    assert series.meter is not None
    assert AuditEvent.objects.filter(action="greenbutton.imported").count() == 1


def test_a_second_run_changes_nothing():
    """Operators run imports from timers."""
    data = feed(quarter_hours(200), power=-3)
    first = load(data)
    packs = list(UsagePack.objects.values_list("pk", flat=True))
    second = load(data)
    assert first.changes > 0
    assert second.changes == 0
    assert list(UsagePack.objects.values_list("pk", flat=True)) == packs


def test_a_correction_makes_a_new_version_and_keeps_the_old():
    """A Grant that reads as of January still sees January's numbers."""
    load(feed(quarter_hours(4), updated="2026-01-10T00:00:00Z"))
    corrected = [*quarter_hours(3), reading(JANUARY + 2700, 900, 400)]
    summary = load(feed(corrected, updated="2026-02-10T00:00:00Z"))
    assert (summary.segments.created, summary.segments.corrected) == (0, 1)
    assert stored_values()[-1] == Decimal("0.4")
    assert stored_values(datetime(2026, 1, 15, tzinfo=UTC))[-1] == Decimal("0.004")


def test_costs_and_qualities_are_kept():
    """Cost is in hundred-thousandths of the currency."""
    readings = [
        reading(JANUARY, 900, 250, cost=3125, quality=8),
        reading(JANUARY + 900, 900, 300, cost=3750, quality=0),
    ]
    summary = load(feed(readings))
    pack = UsagePack.objects.get().unpacked()
    usage, cost = pack.columns
    assert [str(q) for q in usage.qualities()] == ["estimated", "valid"]
    assert list(cost.values()) == [Decimal("0.03125"), Decimal("0.0375")]
    assert summary.sums["cost USD"] == Decimal("0.06875")


def test_days_across_a_clock_change_are_periods_of_their_own():
    """A gas day has 23 or 25 hours twice a year."""
    start = datetime(2026, 3, 7, 8, tzinfo=UTC)
    days = [(start, 86_400), (start + timedelta(days=1), 82_800)]
    readings = [reading(int(begin.timestamp()), length, 5) for begin, length in days]
    load(feed(readings, kind=1, uom=169, commodity=7))
    packs = UsagePack.objects.order_by("segment_start")
    assert [(p.segment_end - p.segment_start).total_seconds() for p in packs] == [86_400, 82_800]
    assert stored_values() == [5, 5]


def test_overlapping_readings_are_kept_side_by_side():
    """Nothing is dropped or moved, and the operator is told."""
    same = [reading(JANUARY, 2_592_000, value) for value in (10, 20, 30)]
    data = feed(same, kind=1, uom=169)
    summary = load(data)
    assert sorted(stored_values()) == [10, 20, 30]
    assert any("overlap" in warning for warning in summary.warnings)
    assert load(data).changes == 0


def test_gaps_stay_gaps():
    """A missing hour is not zero, and a missing year does not become a year of blanks."""
    load(feed([*quarter_hours(2), *quarter_hours(2, start=JANUARY + 3600)]))
    (pack,) = UsagePack.objects.all()
    assert pack.unpacked().columns[0].values() == [
        Decimal("0.001"), Decimal("0.002"), None, None, Decimal("0.001"), Decimal("0.002"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "told", "element", "hint"),
    [
        ({"uom": None}, Told(), "ReadingType", "--unit"),
        ({"uom": 119, "kind": 1}, Told(), "uom", "--unit"),
        ({"kind": ""}, Told(), "kind", "--service"),
        ({"kind": 2}, Told(), "kind", "neither electricity"),
        ({"kind": 1, "uom": 72, "commodity": 7}, Told(), "uom", "does not measure"),
        ({"uom": 38}, Told(), "dataQualifier", "--demand-type"),
        ({"uom": 38, "qualifier": 12}, Told(), "dataQualifier", "--demand-type"),
    ],
)
def test_what_a_file_leaves_open_is_asked_for(options, told, element, hint):
    """A guessed unit would be wrong a thousandfold."""
    with pytest.raises(GreenButtonError) as caught:
        load(feed(quarter_hours(1), **options), told)
    assert f"<{element}>" in caught.value.message
    assert hint in caught.value.message
    assert not ServiceContract.objects.exists()


def test_the_operator_may_state_it():
    """The same file loads once unit and service are stated."""
    data = feed([reading(JANUARY, 2_592_000, 12_000)], kind="", uom=None)
    load(data, Told(service="natural_gas", unit="therm"))
    assert stored_values() == [12_000]


@pytest.mark.spec("WG3-01 10.8.5.2.1 a")
@pytest.mark.parametrize(
    ("qualifier", "told", "kind"),
    [
        (8, Told(), "peak"),
        (2, Told(demand_type="peak"), "average"),
        (12, Told(demand_type="ending"), "ending"),
        (None, Told(demand_type="average"), "average"),
    ],
)
def test_demand_is_of_the_stated_type(qualifier, told, kind):
    """The file goes before the operator; nobody guesses."""
    load(feed(quarter_hours(1), uom=38, qualifier=qualifier), told)
    (column,) = UsageSeries.objects.get().formats
    assert column.described() == {
        "type": "electric_demand",
        "units": "kW",
        "demand_type": kind,
        "direction": "forward",
    }


@pytest.mark.spec("WG3-01 10.8.5.1.1 d", "WG3-01 10.8.5.2.1 d")
@pytest.mark.parametrize("flow", [None, 0, 20])
@pytest.mark.parametrize("uom", [72, 38])
def test_an_unstated_direction_is_left_out(flow, uom):
    """Whether the meter also counts backwards is not for us to say."""
    load(feed(quarter_hours(1), flow=flow, uom=uom), Told(demand_type="peak"))
    (column,) = UsageSeries.objects.get().formats
    assert "direction" not in column.described()


@pytest.mark.spec("WG3-01 10.8.5.1.2 b", "WG3-01 10.8.5.2.2 b")
@pytest.mark.parametrize("uom", [72, 38])
@pytest.mark.parametrize(
    ("flow", "value", "stored"), [(1, 5000, 5), (4, -5000, -5), (19, 5000, -5), (19, 0, 0)]
)
def test_what_flows_to_the_grid_is_negative(uom, flow, value, stored):
    """Files count it upwards under a direction of its own."""
    summary = load(
        feed([reading(JANUARY, 900, value)], flow=flow, uom=uom), Told(demand_type="peak")
    )
    assert stored_values() == [stored]
    assert list(summary.sums.values()) == [stored]
    assert str(stored_values()[0]) == str(stored)


def test_readings_that_nobody_can_ask_for_are_reported():
    """Stored, and invisible to every client: the import says which and where to add them."""
    load_offers(demo_offers().values())
    unknown = [reading(JANUARY + 900 * n, 900, 1, cost=5) for n in range(2)]
    (warning,) = load(feed(unknown).replace(b">840<", b">36<")).warnings
    assert "cost AUD" in warning
    assert "include_usage_segment_value_types" in warning
    kinds = [reading(JANUARY, 900, 1, quality=8), reading(JANUARY + 900, 900, 1)]
    told = Told(demand_type="average")
    warnings = load(feed(kinds, uom=38), told).warnings
    assert ["electric_demand average forward kW" in text for text in warnings] == [True, True]
    assert ["estimated" in text for text in sorted(warnings)] == [True, False]


@pytest.mark.parametrize(
    "options",
    [
        *({"flow": flow} for flow in (None, 1, 4, 19)),
        *({"flow": flow, "uom": 38, "qualifier": 8} for flow in (None, 1, 4, 19)),
        *({"kind": 1, "uom": uom} for uom in (132, 169)),
    ],
)
@pytest.mark.parametrize("quality", [None, 8])
def test_what_files_usually_hold_is_offered(options, quality):
    """Every direction, peak demand and gas in the units of files."""
    load_offers(demo_offers().values())
    assert load(feed([reading(JANUARY, 900, 1, quality=quality)], **options)).warnings == []


def test_costs_need_a_currency():
    """An amount without currency cannot be sent."""
    data = feed([reading(JANUARY, 900, 1, cost=5)]).replace(b"<currency>840</currency>", b"")
    with pytest.raises(GreenButtonError, match="--currency"):
        load(data)
    assert load(data, Told(currency="USD")).sums["cost USD"] == Decimal("0.00005")


def test_a_zone_with_a_wrong_sign_is_reported():
    """Readings carry absolute times; the zone only bounds the months."""
    summary = load(feed(quarter_hours(1), offset=18000))
    assert any("daylight saving" in warning for warning in summary.warnings)


def test_an_unknown_account_is_named():
    """A typing error must not create an account."""
    with pytest.raises(NotFound, match="no account has the number 99"):
        load(feed(quarter_hours(1)), number="99")
