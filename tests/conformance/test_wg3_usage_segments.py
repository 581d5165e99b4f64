"""Usage Segments against CDS-WG3-01 7.2.8, 7.3.6, 7.3.7 and 10.8."""

from datetime import UTC, datetime, timedelta

import pytest

from consent.catalogue.demo_offers import demo_offers
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.segments_world import (
    COST_ID,
    MARCH,
    NET,
    NET_ID,
    ask,
    found,
    get,
    grant_over,
    segments,
    series_of,
    usage,
    write,
)
from tests.factories.customerdata import Household
from tests.registration.schemas import problems

pytestmark = pytest.mark.django_db
STEP = timedelta(minutes=15)


@pytest.fixture
def home():
    """A service with a month of quarter hours, gaps included."""
    load_offers(demo_offers().values())
    home = Household()
    values = [None if n % 7 == 3 else n for n in range(96)]
    write(series_of(home.services[0]), values, cost=[1] * 96)
    return home


@pytest.mark.spec(
    "WG3-01 10.8.1 a",
    "WG3-01 10.8.2 a",
    "WG3-01 10.8.5.1.1 a",
    "WG3-01 10.8.5.1.1 b",
    "WG3-01 10.8.5.7.1 a",
    "WG3-01 10.8.5.7.1 b",
    "WG3-01 10.8.8 a",
)
@pytest.mark.parametrize("values", [[NET_ID, COST_ID], [NET_ID], None])
def test_the_listing_fits_the_schema(home, values):
    """Whole, by subset and without values."""
    entry = usage() | {"include_usage_segment_value_types": values}
    body = ask(grant_over(home, entry))
    assert problems("UsageSegmentListing", body) == []
    assert len(body["usage_segments"]) == 1
    assert get(grant_over(home, entry))["Content-Type"] == "application/json"


@pytest.mark.spec("WG3-01 10.8.1 b", "WG3-01 10.8.3 a")
def test_value_sets_follow_the_formats(home):
    """As many intervals as lie between start and end, each as wide as formats."""
    (segment,) = segments(grant_over(home, usage()))
    start, end = (datetime.fromisoformat(segment[k]) for k in ("segment_start", "segment_end"))
    assert (end - start).total_seconds() == segment["interval"] * len(segment["values"])
    assert {len(values) for values in segment["values"]} == {len(segment["formats"])}
    assert segment["values"][3] == [None, {"c": 1}]


@pytest.mark.spec("WG3-01 7.2.8 g")
def test_no_usage_without_the_field(home):
    """A scope for contracts that does not turn usage on."""
    entry = {"type": "cds_service_contracts", "include_service_contracts": True}
    assert ask(grant_over(home, entry))["usage_segments"] == []


@pytest.mark.spec("WG3-01 7.2.8.1 j")
@pytest.mark.parametrize("none", [None, []])
def test_null_value_types(home, none):
    """Times only; an empty list asks for no more than null, and the form says the same of both."""
    entry = usage() | {"include_usage_segment_value_types": none}
    (segment,) = segments(grant_over(home, entry))
    assert (segment["formats"], segment["values"]) == ([], [])


@pytest.mark.spec("WG3-01 7.2.8.1 k")
def test_formats_are_among_the_choices(home):
    """No other type shows."""
    (segment,) = segments(grant_over(home, usage(COST_ID)))
    assert [entry["type"] for entry in segment["formats"]] == ["cost"]


@pytest.mark.spec("WG3-01 7.3.6 c", "WG3-01 7.3.6 d", "WG3-01 7.3.7 c", "WG3-01 7.3.7 d")
def test_trimmed_segments_replace_whole_ones(home):
    """Wholly inside the bounds, with an id of its own (decision 13)."""
    low, high = MARCH + 8 * STEP, MARCH + 20 * STEP
    (whole,) = segments(grant_over(home, usage(NET_ID)))
    (part,) = segments(grant_over(home, usage(NET_ID, segment_start=low, segment_end=high)))
    assert part["cds_usagesegment_id"] != whole["cds_usagesegment_id"]
    assert datetime.fromisoformat(part["segment_start"]) == low
    assert datetime.fromisoformat(part["segment_end"]) == high
    assert part["values"] == whole["values"][8:20]


@pytest.mark.spec("WG3-01 10.8.8 c")
def test_parameters_intersect(home):
    """Each alone matches, together they match nothing."""
    grant = grant_over(home, usage())
    (segment,) = segments(grant)
    account = segment["related_accounts"][0]
    assert found(grant, cds_account_ids=account) == [segment["cds_usagesegment_id"]]
    assert found(grant, cds_account_ids=account, before="2025-01-01T00:00:00Z") == []


@pytest.mark.spec("WG3-01 10.8.8 g")
def test_the_order(home):
    """A contract's segments by time, contracts by number."""
    other = Household(services=2)
    for service in reversed(other.services):
        for months in (2, 1):
            write(series_of(service), [1], start=MARCH + timedelta(days=31 * months))
    listed = segments(grant_over(other, usage()))
    contracts = [service.contract.cds_servicecontract_id for service in other.services]
    assert [s["related_servicecontracts"][0] for s in listed] == [
        contracts[0],
        contracts[0],
        contracts[1],
        contracts[1],
    ]
    assert listed[0]["segment_start"] < listed[1]["segment_start"]


@pytest.mark.spec("WG3-01 10.8.1 c")
def test_periods_of_varying_length_are_segments_of_one_value():
    """Gas days of 23 or 25 hours and bills; a window never cuts one in two."""
    load_offers(demo_offers().values())
    home = Household()
    series = series_of(home.services[0], interval=None, columns=[NET])
    start = datetime(2025, 3, 8, 8, tzinfo=UTC)
    for hours in (24, 23, 24):
        write(series, [hours], start=start, interval=hours * 3600)
        start += timedelta(hours=hours)
    later = usage(NET_ID, segment_start=datetime(2025, 3, 8, 9, tzinfo=UTC))
    listed = segments(grant_over(home, usage(NET_ID)))
    assert [s["interval"] for s in listed] == [86400, 82800, 86400]
    assert [s["interval"] for s in segments(grant_over(home, later))] == [82800, 86400]
