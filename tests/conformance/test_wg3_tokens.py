"""CDS-WG3-01 7.3.1, 10.1 to 10.4 and 10.8: listings show what the token may see, and no more."""

from datetime import timedelta

import pytest
from django.test import Client as Browser

from consent.catalogue.demo_offers import demo_offers
from customerdata.access.compute import compute_grant
from portal.values import jsontext
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api import listing, segments_world
from tests.customerdata.api.segments_world import (
    MARCH,
    NET_ID,
    T1,
    T2,
    grant_over,
    series_of,
    usage,
)
from tests.factories.consent import token_for
from tests.factories.customerdata import Household, chosen, contract_entry, make_grant
from tests.registration.schemas import problems

pytestmark = pytest.mark.django_db
spec = pytest.mark.spec
LISTINGS = {
    "accounts": "AccountListing",
    "service-contracts": "ServiceContractListing",
    "service-points": "ServicePointListing",
    "meter-devices": "MeterDeviceListing",
    "usage-segments": "UsageSegmentListing",
}
EVERYTHING = (
    "include_accounts",
    "include_account_numbers",
    "include_service_contracts",
    "include_contract_numbers",
    "include_service_points",
    "include_meter_devices",
    "include_meter_numbers",
)


@pytest.fixture(autouse=True)
def _offers():
    load_offers(demo_offers().values())


@spec(
    "WG3-01 10 a",
    "WG3-01 10 b",
    "WG3-01 10.1.1 a",
    "WG3-01 10.1.10 a",
    "WG3-01 10.2.1 a",
    "WG3-01 10.2.7 a",
    "WG3-01 10.3.1 a",
    "WG3-01 10.3.5 a",
    "WG3-01 10.4.1 a",
    "WG3-01 10.4.5 a",
    "WG3-01 10.8.8 a",
)
@pytest.mark.parametrize(("path", "schema"), LISTINGS.items())
def test_tokens_and_format(path, schema):
    """401 without a token; with one, the listing's own shape."""
    home = Household()
    address = f"/cds-customerdata-api/v1/{path}"
    assert Browser().get(address).status_code == 401
    grant = make_grant(home.user, (contract_entry(*EVERYTHING), chosen(*home.contract_ids(0))))
    compute_grant(grant)
    response = Browser().get(address, headers={"Authorization": f"Bearer {token_for(grant)}"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/json")
    content = b"".join(response) if response.streaming else response.content
    assert problems(schema, jsontext.loads(content)) == []


@spec("WG3-01 10.3.1 b", "WG3-01 10.4.1 b")
def test_references():
    """A meter is shared between services; the token knows one of them."""
    home = Household(services=2)
    hidden = home.services[1]
    grant = make_grant(home.user, (contract_entry(*EVERYTHING), chosen(*home.contract_ids(0))))
    compute_grant(grant)
    seen = str([listing.ask(grant, path) for path in LISTINGS if path != "usage-segments"])
    for secret in (
        hidden.contract.cds_servicecontract_id,
        hidden.point.cds_servicepoint_id,
        hidden.meter.cds_meterdevice_id,
    ):
        assert secret not in seen
    assert home.services[0].contract.cds_servicecontract_id in seen


@spec("WG3-01 7.2.8 c", "WG3-01 10.8.1 e")
def test_references_of_usage():
    """Without the fields that include them, the arrays are empty."""
    home = Household()
    segments_world.write(series_of(home.services[0]), [1, 2])
    grant = grant_over(home, usage(NET_ID, includes=("include_usage_segments",)))
    (segment,) = segments_world.segments(grant)
    related = {name: value for name, value in segment.items() if name.startswith("related_")}
    assert len(related) == 6
    assert not any(related.values())


@spec("WG3-01 7.3.1 c", "WG3-01 7.3.1 e")
def test_sync_until():
    """By the time of the source, not of arrival."""
    home = Household()
    series = series_of(home.services[0])
    segments_world.write(series, [1, 2, 3, 4])
    grant = grant_over(home, usage(NET_ID, sync_until=T1 + timedelta(hours=1)))
    segments_world.write(series, [9], as_of=T2)
    segments_world.write(series, [5], start=MARCH + timedelta(hours=1), as_of=T1)
    values = [
        value
        for segment in segments_world.segments(grant)
        for _, _, value in segments_world.readings(segment)
    ]
    assert values == [1, 2, 3, 4, 5]


@spec("WG3-01 10.8.1 c")
def test_billed_periods():
    """28 and 31 days: each its own interval."""
    home = Household()
    series = series_of(home.services[0], interval=None)
    start = MARCH
    for days in (28, 31):
        segments_world.write(series, [days], start=start, interval=days * 86400)
        start += timedelta(days=days)
    found = segments_world.segments(grant_over(home, usage(NET_ID)))
    assert [(int(each["interval"]), len(each["values"])) for each in found] == [
        (28 * 86400, 1),
        (31 * 86400, 1),
    ]
