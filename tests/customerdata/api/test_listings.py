"""The four structural listings: gating, filters, references, cost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customerdata.access.compute import compute_grant
from customerdata.access.listing import read_objects
from customerdata.access.reading import Reader
from customerdata.kinds.registry import VERSIONED
from customerdata.kinds.service_contract import SERVICE_CONTRACT
from customerdata.models import AccountVersion, MeterDeviceVersion, ServicePointVersion
from portal.http.listing import ListQuery
from tests.customerdata.api.listing import EVERYTHING, ask, ids
from tests.factories.customerdata import (
    Household,
    MeterDeviceFactory,
    Service,
    bill_entry,
    chosen,
    contract_entry,
    make_grant,
    usage_entry,
)

pytestmark = pytest.mark.django_db

LISTINGS = tuple(kind.path for kind in VERSIONED)
BILLS = ("bill-statements", "bill-sections")


def granted(home, *includes, services=(0,), **values):
    """A computed grant over some of a household's services."""
    grant = make_grant(
        home.user, (contract_entry(*includes, **values), chosen(*home.contract_ids(*services)))
    )
    compute_grant(grant)
    return grant


def bills_of(home):
    """A computed grant over the bills of a household's first service."""
    entry = bill_entry("include_bill_statements")
    grant = make_grant(home.user, (entry, chosen(*home.contract_ids(0))))
    compute_grant(grant)
    return grant


@pytest.mark.spec("WG3-01 6.1.5 h")
def test_a_grant_for_one_service_shows_exactly_that_service():
    """Nothing of the other service of the same account, nor of its point and meter."""
    home = Household(services=3)
    grant = granted(home, *EVERYTHING)
    service = home.services[0]
    assert ids(ask(grant, "accounts")) == [home.account.cds_account_id]
    assert ids(ask(grant, "service-contracts")) == [service.contract.cds_servicecontract_id]
    assert ids(ask(grant, "service-points")) == [service.point.cds_servicepoint_id]
    assert ids(ask(grant, "meter-devices")) == [service.meter.cds_meterdevice_id]


@pytest.mark.spec("WG3-01 10.3.1 b")
def test_references_name_only_visible_objects():
    """A point that also serves a contract outside the grant does not give its id away."""
    home = Household(services=2)
    inside, outside = home.services
    ServicePointVersion.objects.filter(service_point=inside.point).update(
        current_contracts=[inside.contract.pk, outside.contract.pk],
        previous_contracts=[outside.contract.pk],
    )
    grant = granted(home, *EVERYTHING)
    (point,) = ask(grant, "service-points")["service_points"]
    assert point["current_servicecontracts"] == [inside.contract.cds_servicecontract_id]
    assert point["previous_servicecontracts"] == []


@pytest.mark.spec("WG3-01 7.2.1 e", "WG3-01 7.2.2 e", "WG3-01 7.2.3 e", "WG3-01 7.2.4 e")
def test_optional_fields_are_absent_unless_enabled():
    """Required fields only; the numbers stay home."""
    home = Household()
    grant = granted(home, "include_meter_devices")
    (contract,) = ask(grant, "service-contracts")["service_contracts"]
    assert set(contract) == {
        "cds_servicecontract_id",
        "cds_created",
        "cds_modified",
        "cds_synced",
        "cds_account_id",
        "contract_types",
        "contract_status",
        "service_types",
    }
    (account,) = ask(grant, "accounts")["accounts"]
    assert set(account) == {
        "cds_account_id",
        "cds_created",
        "cds_modified",
        "cds_synced",
        "cds_account_parent",
    }
    (meter,) = ask(grant, "meter-devices")["meter_devices"]
    assert "meter_number" not in meter
    assert ids(ask(grant, "service-points")), "contracts and meters bring the points between them"


HIDDEN = [
    ("accounts", "account_numbers", "100-A"),
    ("accounts", "customer_numbers", "C-"),
    ("accounts", "account_statuses", "active"),
    ("service-contracts", "account_numbers", "100-A"),
    ("service-contracts", "contract_numbers", "SA-S"),
    ("meter-devices", "meter_number", "M-M"),
    ("meter-devices", "meter_numbers", "M-M"),
]


@pytest.mark.spec("WG3-01 10.1.10 d", "WG3-01 10.2.7 d", "WG3-01 10.4.5 d")
@pytest.mark.parametrize(("listing", "parameter", "prefix"), HIDDEN)
def test_filters_on_hidden_values_match_nothing(listing, parameter, prefix):
    """Otherwise a filter tells what a field does not (decision 55); visible values do match."""
    home = Household()
    account = AccountVersion.objects.get(account=home.account)
    contract = home.services[0].contract.versions.get()
    meter = MeterDeviceVersion.objects.get(meter=home.services[0].meter)
    value = {
        "account_numbers": account.account_number,
        "customer_numbers": account.customer_number,
        "account_statuses": "active",
        "contract_numbers": contract.contract_number,
        "meter_number": meter.meter_number,
        "meter_numbers": meter.meter_number,
    }[parameter]
    assert value.startswith(prefix)
    blind = granted(home, "include_meter_devices")
    seeing = granted(home, *EVERYTHING)
    assert ids(ask(blind, listing, **{parameter: value})) == []
    assert ids(ask(blind, listing, q=value if value != "active" else "Alex Kim")) == []
    assert len(ids(ask(seeing, listing, **{parameter: f"nothing {value}"}))) == 1
    assert ids(ask(seeing, listing, **{parameter: "nothing"})) == []


@pytest.mark.spec("WG3-01 10.1.10 f", "WG3-01 10.2.7 f", "WG3-01 10.3.5 f", "WG3-01 10.4.5 f")
def test_search_covers_every_visible_field_and_only_those():
    """`q` finds text in any case, inside contacts, programs and premises too; % is a character."""
    home = Household()
    service = home.services[0]
    home.account.versions.update(
        programs=[{"id": "1", "program_number": "CARE-7", "types": ["active"], "name": "n"}]
    )
    service.contract.versions.update(
        programs=[{"id": "1", "program_number": "DR-50%", "types": ["active"]}]
    )
    service.point.versions.update(
        address="99 Side Rd",
        premises=[{"id": "1", "premise_number": "PRE-1", "types": ["building"]}],
    )
    grant = granted(home, *EVERYTHING)
    searches = {
        "accounts": ["alex@", "care-7", "main st", "KIM", home.account.cds_account_id[3:9]],
        "service-contracts": ["e-1", "flat", "dr-50%", "springfield", "100-a", "sa-s"],
        "service-points": ["side rd", "pre-1", "sp-p"],
        "meter-devices": ["m-m"],
    }
    for listing, texts in searches.items():
        for text in texts:
            assert len(ids(ask(grant, listing, q=text))) == 1, (listing, text)
        assert ids(ask(grant, listing, q="no such thing")) == []
        assert ids(ask(grant, listing, q="%")) == (
            ids(ask(grant, listing)) if listing == "service-contracts" else []
        )
    blind = granted(home)
    for listing, texts in searches.items():
        for text in [t for t in texts if t != home.account.cds_account_id[3:9]]:
            assert ids(ask(blind, listing, q=text)) == [], (listing, text)


@pytest.mark.spec(
    "WG3-01 10.1.10 d", "WG3-01 10.2.7 c", "WG3-01 10.2.7 d", "WG3-01 10.3.5 d", "WG3-01 10.4.5 d"
)
def test_required_fields_filter():
    """Enumerations and references; several parameters intersect."""
    home = Household(services=2)
    first, second = home.services
    second.contract.versions.update(
        status="closed", service_types=["natural_gas"], types=["project"]
    )
    grant = granted(home, *EVERYTHING, services=(0, 1))
    one = [first.contract.cds_servicecontract_id]
    two = [second.contract.cds_servicecontract_id]
    assert ids(ask(grant, "service-contracts", contract_statuses="active")) == one
    assert ids(ask(grant, "service-contracts", contract_types="project nothing")) == two
    assert ids(ask(grant, "service-contracts", service_types="natural_gas")) == two
    assert ids(ask(grant, "service-contracts", cds_servicecontract_ids=one[0])) == one
    assert (
        len(ids(ask(grant, "service-contracts", cds_account_ids=home.account.cds_account_id))) == 2
    )
    assert (
        ids(
            ask(grant, "service-contracts", service_types="natural_gas", contract_statuses="active")
        )
        == []
    )
    point, meter = first.point.cds_servicepoint_id, first.meter.cds_meterdevice_id
    assert ids(ask(grant, "service-points", current_servicecontracts=one[0])) == [point]
    assert ids(ask(grant, "service-points", previous_servicecontracts=one[0])) == []
    number = first.point.versions.get().servicepoint_number
    assert ids(ask(grant, "service-points", servicepoint_numbers=number)) == [point]
    assert ids(ask(grant, "service-points", cds_servicepoint_ids=point)) == [point]
    assert ids(ask(grant, "meter-devices", current_servicepoints=point)) == [meter]
    assert ids(ask(grant, "meter-devices", previous_servicepoints=point)) == []
    assert ids(ask(grant, "meter-devices", cds_meterdevice_ids=meter)) == [meter]
    assert ids(ask(grant, "accounts", cds_account_ids=home.account.cds_account_id)) == [
        home.account.cds_account_id
    ]


@pytest.mark.spec("WG3-01 10.1.10 c", "WG3-01 10.2.7 c", "WG3-01 10.3.5 c", "WG3-01 10.4.5 c")
@pytest.mark.parametrize("listing", LISTINGS)
def test_filters_narrow_each_other(listing):
    """What one finds, another that finds nothing takes away."""
    home = Household()
    home.add_bill()
    grant = granted(home, *EVERYTHING) if listing not in BILLS else bills_of(home)
    (found,) = ids(ask(grant, listing))
    ids_of = {
        "bill-statements": "cds_billstatement_ids",
        "bill-sections": "cds_billsection_ids",
        "accounts": "cds_account_ids",
        "service-contracts": "cds_servicecontract_ids",
        "service-points": "cds_servicepoint_ids",
        "meter-devices": "cds_meterdevice_ids",
    }[listing]
    assert ids(ask(grant, listing, **{ids_of: found})) == [found]
    fits, fits_not = ({"q": found}, {"q": "no such thing"})
    if listing in BILLS:
        fits, fits_not = ({"before": "2099-01-01"}, {"before": "1999-01-01"})
    assert ids(ask(grant, listing, **{ids_of: found}, **fits)) == [found]
    assert ids(ask(grant, listing, **{ids_of: found}, **fits_not)) == []
    assert ids(ask(grant, listing, **{ids_of: "other"}, **fits)) == []


@pytest.mark.spec("WG3-01 10.1.10 e")
@pytest.mark.parametrize("asked", ["null", '""', "None"])
def test_an_account_without_customer_number_is_found_by_none(asked):
    """Its number is null, which is no value to ask for."""
    home = Household()
    home.account.versions.update(customer_number="")
    grant = granted(home, *EVERYTHING)
    (account,) = ask(grant, "accounts")["accounts"]
    assert account["customer_number"] is None
    assert ids(ask(grant, "accounts", customer_numbers=asked)) == []


@pytest.mark.spec("WG3-01 10.2.7 e")
def test_one_of_several_types_is_enough():
    """Of the object's types, and of those that are asked for."""
    home = Household()
    contract = home.services[0].contract
    contract.versions.update(
        types=["utility_service", "project"], service_types=["electric", "water"]
    )
    grant = granted(home)
    for name in ("contract_types", "service_types"):
        for type_ in ask(grant, "service-contracts")["service_contracts"][0][name]:
            found = ids(ask(grant, "service-contracts", **{name: f"{type_} other"}))
            assert found == [contract.cds_servicecontract_id]
        assert ids(ask(grant, "service-contracts", **{name: "other"})) == []


def test_reference_filters_ignore_objects_outside_the_grant():
    """A contract id that the token may not see matches nothing, though the link exists."""
    home = Household(services=2)
    inside, outside = home.services
    ServicePointVersion.objects.filter(service_point=inside.point).update(
        current_contracts=[inside.contract.pk, outside.contract.pk]
    )
    grant = granted(home, *EVERYTHING)
    hidden = outside.contract.cds_servicecontract_id
    assert ids(ask(grant, "service-points", current_servicecontracts=hidden)) == []


def test_isolation_between_grants():
    """No filter of one grant's token reaches another customer's objects."""
    mine, other = Household(), Household()
    grant = granted(mine, *EVERYTHING)
    granted(other, *EVERYTHING)
    service = other.services[0]
    probes = {
        "accounts": {
            "cds_account_ids": other.account.cds_account_id,
            "account_numbers": other.account.versions.get().account_number,
            "customer_numbers": other.customer.customer_number,
            "q": other.account.cds_account_id,
        },
        "service-contracts": {
            "cds_servicecontract_ids": service.contract.cds_servicecontract_id,
            "account_numbers": other.account.versions.get().account_number,
            "contract_numbers": service.contract.versions.get().contract_number,
            "cds_account_ids": other.account.cds_account_id,
            "q": service.contract.versions.get().contract_number,
        },
        "service-points": {
            "cds_servicepoint_ids": service.point.cds_servicepoint_id,
            "servicepoint_numbers": service.point.versions.get().servicepoint_number,
            "current_servicecontracts": service.contract.cds_servicecontract_id,
            "q": service.point.versions.get().servicepoint_number,
        },
        "meter-devices": {
            "cds_meterdevice_ids": service.meter.cds_meterdevice_id,
            "meter_number": service.meter.versions.get().meter_number,
            "current_servicepoints": service.point.cds_servicepoint_id,
            "q": service.meter.versions.get().meter_number,
        },
    }
    for listing, params in probes.items():
        assert len(ids(ask(grant, listing))) == 1
        for name, value in params.items():
            assert ids(ask(grant, listing, **{name: value})) == [], (listing, name)


def test_an_ended_or_empty_grant_lists_nothing():
    """Rows are the only way to data."""
    home = Household()
    grant = make_grant(home.user, (contract_entry(*EVERYTHING), chosen()))
    compute_grant(grant)
    for listing in LISTINGS:
        assert ids(ask(grant, listing)) == []


def test_a_narrower_token_sees_only_its_entries():
    """A token whose scope was narrowed gets what the remaining entry gives, no more."""
    home = Household(services=2)
    grant = make_grant(
        home.user,
        (contract_entry("include_contract_numbers"), chosen(*home.contract_ids(0, 1))),
        (usage_entry("include_service_contracts"), chosen(*home.contract_ids(0))),
    )
    compute_grant(grant)
    assert len(ids(ask(grant, "service-contracts"))) == 2
    body = ask(grant, "service-contracts", scopes={"cds_usage"})
    assert ids(body) == home.contract_ids(0)
    assert "contract_number" not in body["service_contracts"][0]
    assert ids(ask(grant, "accounts", scopes={"cds_usage"})) == []


@pytest.mark.parametrize("listing", LISTINGS)
def test_cost_does_not_depend_on_the_number_of_rows(listing):
    """The same queries for 1 row and for 20."""
    small, large = Household(services=1), Household(services=20)
    grants = [granted(small, *EVERYTHING), granted(large, *EVERYTHING, services=tuple(range(20)))]
    counts = []
    for grant in grants:
        with CaptureQueriesContext(connection) as queries:
            ask(grant, listing)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= 6


def test_pages_give_each_object_once():
    """Following next over equal modification times neither repeats nor skips, without a request."""
    home = Household(services=7)
    for service in home.services:
        service.contract.versions.update(arrived=datetime(2026, 1, 1, tzinfo=UTC))
    grant = granted(home, services=tuple(range(7)))
    reader = Reader(grant, timezone.now())
    seen: list[Any] = []
    query: ListQuery | None = ListQuery("/contracts", {"contract_statuses": ("active", " ")})
    pages = 0
    while query is not None:
        page = read_objects(SERVICE_CONTRACT, reader, query, size=3)
        seen += [item["cds_servicecontract_id"] for item in page.objects]
        pages += 1
        url = query.page_url(page.next)
        query = ListQuery.of(RequestFactory().get(url)) if url else None
    assert sorted(seen) == sorted(home.contract_ids(*range(7)))
    assert pages == 3


@pytest.mark.spec("WG3-01 10.2.7 g")
def test_order_is_modified_then_id():
    """The latest change first (CDS-WG3-01 10.2.7)."""
    home = Household(services=3)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for index, service in enumerate(home.services):
        service.contract.versions.update(arrived=start + timedelta(days=index))
    grant = granted(home, services=(0, 1, 2))
    assert ids(ask(grant, "service-contracts")) == home.contract_ids(2, 1, 0)


@pytest.mark.spec("WG3-01 7.2.1 c")
def test_parents_come_with_their_children():
    """CDS-WG3-01 7.2.1: an account that a shown account refers to is shown as well."""
    home = Household()
    grand = Household()
    parent = type(home.account).objects.create(customer=home.customer, source_key="parent")
    version = home.account.versions.get()
    AccountVersion.objects.create(
        customer=home.customer,
        account=parent,
        number=1,
        as_of=version.as_of,
        account_number="TOP",
        name="Top",
        types=["parent"],
        status="active",
    )
    home.account.versions.update(parent=parent)
    grant = granted(home)
    body = {item["cds_account_id"]: item for item in ask(grant, "accounts")["accounts"]}
    assert set(body) == {home.account.cds_account_id, parent.cds_account_id}
    assert body[home.account.cds_account_id]["cds_account_parent"] == parent.cds_account_id
    assert grand.account.cds_account_id not in body


@pytest.mark.spec("WG3-01 6 b")
def test_a_new_meter_takes_the_place_of_the_old_one():
    """The customer chose the service, so its meters are those that it has now."""
    home = Household()
    grant, (service,) = granted(home, *EVERYTHING), home.services
    assert ids(ask(grant, "meter-devices")) == [service.meter.cds_meterdevice_id]
    MeterDeviceVersion.objects.filter(meter=service.meter).update(current_service_points=[])
    new = MeterDeviceFactory.create(
        customer=home.customer, state__current_service_points=[service.point.pk]
    )
    compute_grant(grant)
    assert ids(ask(grant, "meter-devices")) == [new.cds_meterdevice_id]


@pytest.mark.spec("WG3-01 7.2.3 c", "WG3-01 7.2.4 c")
def test_a_meters_other_points_come_along():
    """CDS-WG3-01 7.2.3 names current and previous service points of included meters."""
    home = Household(services=2)
    first, second = home.services
    MeterDeviceVersion.objects.filter(meter=first.meter).update(
        previous_service_points=[second.point.pk]
    )
    MeterDeviceFactory.create(customer=home.customer)
    grant = granted(home, *EVERYTHING)
    assert set(ids(ask(grant, "service-points"))) == {
        first.point.cds_servicepoint_id,
        second.point.cds_servicepoint_id,
    }
    assert ids(ask(grant, "meter-devices")) == [first.meter.cds_meterdevice_id]


def test_nulls_and_decimals_are_written_as_the_standard_wants():
    """Missing numbers are null, balances and coordinates exact numbers."""
    home = Household()
    service = home.services[0]
    service.contract.versions.update(
        contract_number="",
        programs=[{"id": "1", "program_number": "X", "types": ["credit_bank"], "balance": "0.10"}],
    )
    service.point.versions.update(latitude="38.5816000", longitude="-121.4944000")
    grant = granted(home, *EVERYTHING)
    (contract,) = ask(grant, "service-contracts")["service_contracts"]
    assert contract["contract_number"] is None
    assert contract["service_programs"][0]["balance"] == 0.1
    (point,) = ask(grant, "service-points")["service_points"]
    assert (point["latitude"], point["longitude"]) == (38.5816, -121.4944)
    assert point["servicepoint_address"] is None


def test_later_services_come_only_with_include_future():
    """CDS-WG3-01 9.2.3.2: what is added later follows the customer's own choice."""
    home = Household()
    with_future = make_grant(
        home.user, (contract_entry(), chosen(everything=True, include_future=True))
    )
    without = make_grant(home.user, (contract_entry(), chosen(everything=True)))
    later = Service(home.customer, home.account, cds_created=timezone.now())
    for grant in (with_future, without):
        compute_grant(grant)
    assert set(ids(ask(with_future, "service-contracts"))) == {
        *home.contract_ids(0),
        later.contract.cds_servicecontract_id,
    }
    assert ids(ask(without, "service-contracts")) == home.contract_ids(0)
