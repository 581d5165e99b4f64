"""Bill sections: access, windows, listing, references (CDS-WG3-01 7.2.6, 7.3.4, 7.3.5, 10.6)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consent.catalogue.demo_offers import demo_offers
from customerdata.access.compute import compute_grant
from customerdata.kinds.bill_section import BillSectionState
from customerdata.kinds.state import InvalidStructure
from customerdata.models import BillSection, BillSectionVersion, BillStatement
from customerdata.services.structure import upsert_object
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.listing import ask, ids
from tests.customerdata.api.segments_world import (
    LA,
    MARCH,
    SHOWN,
    found,
    grant_over,
    segments,
    series_of,
    usage,
    write,
)
from tests.factories.customerdata import (
    LONG_AGO,
    AccountFactory,
    BillSectionFactory,
    BillStatementFactory,
    Household,
    bill_entry,
    chosen,
    make_grant,
    usage_entry,
)

pytestmark = pytest.mark.django_db
spec = pytest.mark.spec

ALL = (
    "include_bill_statements",
    "include_bill_statement_charges",
    "include_bill_section_line_items",
    "include_service_points",
    "include_meter_devices",
)

LINE: dict[str, Any] = {
    "id": "1",
    "name": "Delivery",
    "types": ("other",),
    "start_date": date(2025, 2, 1),
    "end_date": date(2025, 2, 28),
    "cost": Decimal(2),
    "value": None,
    "rate": None,
    "related_usage_details": (),
    "related_cost_details": (),
}


def statement(home: Household, day: date = date(2025, 3, 3)) -> BillStatement:
    """Make a bill of the household's account."""
    made: BillStatement = BillStatementFactory.create(
        customer=home.customer, state__account=home.account, state__statement_date=day
    )
    return made


def section(
    home: Household, *services: int, bill: BillStatement | None = None, **state: Any
) -> BillSection:
    """Make a section about some of the household's services."""
    about = [home.services[index] for index in services]
    values = {
        "statement": bill or statement(home),
        "account": home.account,
        "contracts": [each.contract.pk for each in about],
        "service_points": [each.point.pk for each in about],
        "meters": [each.meter.pk for each in about],
        **state,
    }
    made: BillSection = BillSectionFactory.create(
        customer=home.customer, **{f"state__{name}": value for name, value in values.items()}
    )
    return made


def granted(
    home: Household, *includes: str, services: tuple[int, ...] = (0,), **values: Any
) -> Any:
    """A computed grant of service bills over some services."""
    entry = bill_entry(*includes, **values)
    grant = make_grant(home.user, (entry, chosen(*home.contract_ids(*services))))
    compute_grant(grant)
    return grant


@spec("WG3-01 6.1.8 h", "WG3-01 7.2.6 c", "WG3-01 10.6.1 c")
def test_sections_of_the_chosen_services_alone():
    """About a chosen service and of its account; account selection takes the others along."""
    home = Household(services=2)
    mine, both = section(home, 0), section(home, 0, 1)
    other, of_none = section(home, 1), section(home)
    foreign = AccountFactory.create(customer=home.customer)
    section(home, 0, account=foreign)
    shown = ids(ask(granted(home), "bill-sections"))
    assert set(shown) == {mine.cds_billsection_id, both.cds_billsection_id}
    (item,) = (
        each
        for each in ask(granted(home, *ALL), "bill-sections")["bill_sections"]
        if each["cds_billsection_id"] == both.cds_billsection_id
    )
    assert item["related_servicecontracts"] == home.contract_ids(0)
    assert item["related_servicepoints"] == [home.services[0].point.cds_servicepoint_id]
    assert item["related_meterdevices"] == [home.services[0].meter.cds_meterdevice_id]
    by_account = make_grant(
        home.user,
        (
            bill_entry(),
            chosen(home.account.cds_account_id, selection_type="account_selection"),
        ),
    )
    compute_grant(by_account)
    assert set(ids(ask(by_account, "bill-sections"))) == {
        each.cds_billsection_id for each in (mine, both, other, of_none)
    }


@spec("WG3-01 7.3.4 c", "WG3-01 7.3.5 c")
def test_the_window_of_an_entry_bounds_whole_sections():
    """A section that begins before the window or ends after it is not shown; both days count."""
    home = Household()
    spans = [(date(2025, month, 1), date(2025, month, 28)) for month in (1, 2, 3)]
    found = [
        section(home, 0, start_date=first, end_date=last).cds_billsection_id
        for first, last in spans
    ]

    def shown(**window: Any) -> list[str]:
        return ids(ask(granted(home, **window), "bill-sections"))

    assert shown(start_date="2025-02-01", end_date="2025-02-28") == [found[1]]
    assert shown(start_date="2025-01-02", end_date="2025-03-27") == [found[1]]
    assert shown(start_date="2025-02-01", end_date="infinite") == found[1:]
    assert shown() == found


@spec("WG3-01 10.5.2 b", "WG3-01 10.6.1 c")
def test_references_between_statements_and_sections():
    """Both ways, and between sections of one bill about one service."""
    home = Household(services=2)
    bill = statement(home)
    first, second = section(home, 0, bill=bill), section(home, 0, bill=bill, charges=[])
    hidden = section(home, 1, bill=bill)
    section(home, 0)
    seeing, blind = granted(home, *ALL), granted(home)
    (item,) = (
        each
        for each in ask(seeing, "bill-sections")["bill_sections"]
        if each["cds_billsection_id"] == first.cds_billsection_id
    )
    assert item["cds_billstatement_id"] == bill.cds_billstatement_id
    assert item["related_billsections"] == [second.cds_billsection_id]
    assert ask(blind, "bill-sections")["bill_sections"][0]["cds_billstatement_id"] is None
    charges = {
        each["cds_billstatement_id"]: each["new_charges"][0]
        for each in ask(seeing, "bill-statements")["bill_statements"]
    }
    assert charges[bill.cds_billstatement_id]["related_billsections"] == [first.cds_billsection_id]
    statements_alone = make_grant(
        home.user,
        (
            {"type": "cds_bill_statements", "include_bill_statement_charges": True},
            chosen(home.account.cds_account_id, selection_type="account_selection"),
        ),
    )
    compute_grant(statements_alone)
    for each in ask(statements_alone, "bill-statements")["bill_statements"]:
        assert "related_billsections" not in each["new_charges"][0]
    assert hidden.cds_billsection_id not in ids(ask(seeing, "bill-sections"))


@spec("WG3-01 7.2.6 e", "WG3-01 10.6.1 a")
def test_the_wire_form():
    """A usage value without units is text even when it looks like a number."""
    home = Household()
    section(home, 0, distribution_entity={"id": "dge", "types": ["distributor"]})
    (item,) = ask(granted(home, *ALL), "bill-sections")["bill_sections"]
    assert [each["value"] for each in item["usage_details"]] == [310.5, "20"]
    assert item["cost_details"][0]["cost"] == 61.75
    assert (item["line_items"][0]["cost"], item["line_items"][0]["value"]) == (-1.5, None)
    assert item["distribution_entity"]["id"] == "dge"
    assert item["supply_entity"] is None
    (bare,) = ask(granted(home), "bill-sections")["bill_sections"]
    assert set(item) - set(bare) == {"line_items"}


@spec("WG3-01 10.6.9 g")
def test_order():
    """The smallest number of the contracts counts; numbers that are hidden count as nothing."""
    home = Household(services=2)
    for service, number in zip(home.services, ("SA-2", "SA-1"), strict=True):
        service.contract.versions.update(contract_number=number)
    january, march = date(2025, 1, 1), date(2025, 3, 1)
    late_of_2 = section(home, 0, start_date=march, end_date=march)
    early_of_2 = section(home, 0, start_date=january, end_date=march)
    of_both = section(home, 0, 1, start_date=march, end_date=march)
    again = section(home, 0, start_date=january, end_date=march)
    last = section(home, 1, account_number="101", start_date=january, end_date=march)
    BillSectionVersion.objects.filter(section=early_of_2).update(arrived=LONG_AGO)
    grant = granted(home, services=(0, 1))
    assert ids(ask(grant, "bill-sections")) == [
        each.cds_billsection_id for each in (of_both, again, early_of_2, late_of_2, last)
    ]
    # Usage names sections but does not imply the numbers of contracts.
    entry = usage_entry("include_bill_sections", "include_accounts", "include_service_contracts")
    blind = make_grant(home.user, (entry, chosen(*home.contract_ids(0, 1))))
    compute_grant(blind)
    shown = ids(ask(blind, "bill-sections"))
    assert shown[:2] == [again.cds_billsection_id, early_of_2.cds_billsection_id]
    assert ids(ask(blind, "bill-sections", contract_numbers="SA-1")) == []


@spec("WG3-01 10.6.9 c", "WG3-01 10.6.9 d", "WG3-01 10.6.9 e")
def test_filters():
    """What the token may not see matches nothing (decision 55)."""
    home = Household(services=2)
    bill = statement(home)
    first = section(home, 0, bill=bill)
    march = (date(2025, 3, 1), date(2025, 3, 31))
    second = section(home, 0, start_date=march[0], end_date=march[1])
    section(home, 1)
    grant, blind = granted(home, *ALL), granted(home)
    number = home.services[0].contract.versions.get().contract_number

    def found(grant: Any = grant, **params: str) -> list[str]:
        return ids(ask(grant, "bill-sections", **params))

    one, two = first.cds_billsection_id, second.cds_billsection_id
    assert found(cds_billsection_ids=f"{one} x") == [one]
    assert found(before="2025-02-28") == [one]
    assert found(after="2025-03-31") == [two]
    assert found(after="2025-03-31", before="2025-02-28") == []
    assert found(cds_billstatement_ids=bill.cds_billstatement_id) == [one]
    assert found(blind, cds_billstatement_ids=bill.cds_billstatement_id) == []
    assert found(cds_account_ids=home.account.cds_account_id) == [one, two]
    assert found(account_numbers="100-AT-ISSUE") == [one, two]
    assert found(account_numbers="x") == []
    assert found(cds_servicecontract_ids=home.contract_ids(0)[0]) == [one, two]
    assert found(cds_servicecontract_ids=home.contract_ids(1)[0]) == []
    assert found(contract_numbers=f"{number} x") == [one, two]
    assert found(contract_numbers="x") == []


def test_cost_does_not_depend_on_the_number_of_rows():
    """The same queries for 1 section and for 20."""
    counts = []
    for count in (1, 20):
        home = Household()
        for month in range(count):
            first = date(2024, 1, 1) + timedelta(days=30 * month)
            section(home, 0, start_date=first, end_date=first + timedelta(days=29))
        grant = granted(home, *ALL)
        with CaptureQueriesContext(connection) as queries:
            ask(grant, "bill-sections")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


@spec("WG3-01 10.8.1 e", "WG3-01 10.8.8 d")
def test_usage_names_the_sections_about_it(django_assert_num_queries):
    """About its contract and at least one of its local days; the filter says the same."""
    load_offers(demo_offers().values())
    home = Household(services=2)
    series = series_of(home.services[0])
    for month in (2, 3):
        write(series, [1, 2], start=datetime(2025, month, 1, tzinfo=LA).astimezone(UTC))
    write(series_of(home.services[1]), [1], start=MARCH)
    days = [(1, 31, 1), (2, 1, 2), (3, 1, 3)]
    january, february, march = (
        section(
            home,
            0,
            start_date=date(2025, month, 1),
            end_date=date(2025, until, day),
        ).cds_billsection_id
        for month, day, until in days
    )
    grant = grant_over(home, usage(includes=(*SHOWN, "include_bill_sections")))
    named = [each["related_billsections"] for each in segments(grant)]
    assert named == [[february], [march], []]
    assert len(found(grant, cds_billsection_ids=f"{february} {january}")) == 1
    assert found(grant, cds_billsection_ids=january) == []
    blind = grant_over(home, usage())
    assert [each["related_billsections"] for each in segments(blind)] == [[], [], []]
    assert found(blind, cds_billsection_ids=february) == []
    with django_assert_num_queries(3):
        segments(blind)
    with django_assert_num_queries(4):
        segments(grant)


@spec("WG3-01 10.6.3 a", "WG3-01 10.6.3 c", "WG3-01 10.6.5 a", "WG3-01 10.6.7 a", "WG3-01 10.6.7 d")
@pytest.mark.parametrize(
    "wrong",
    [
        {"end_date": date(2025, 1, 1)},
        {"currency": "dollars"},
        {"cost_details": ({"id": "1", "name": "x", "types": ()},)},
        {"usage_details": ({"id": "1", "name": "x", "types": ()},)},
        {"usage_details": ({"id": "1", "name": "x", "types": (), "value": Decimal(1)},)},
        {"line_items": ({name: LINE[name] for name in LINE if name != "rate"},)},
        {"line_items": ({**LINE, "value": Decimal(1)},)},
        {"account": None},
    ],
)
def test_impossible_sections_are_refused(wrong):
    """Nothing is stored; None stands for an account of another customer."""
    home = Household()
    if "account" in wrong:
        wrong = {"account": Household().account}
    said: Any = {
        "statement": statement(home),
        "account": home.account,
        "account_number": "1",
        "types": ("other_section",),
        "start_date": date(2025, 2, 1),
        "end_date": date(2025, 2, 28),
        "currency": "USD",
        **wrong,
    }
    with pytest.raises(InvalidStructure):
        upsert_object(
            customer=home.customer,
            source_key="x",
            state=BillSectionState(**said),
            as_of=LONG_AGO,
            synced=LONG_AGO,
        )
    assert not BillSection.objects.exists()
