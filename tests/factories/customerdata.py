"""Customers, their accounts, services, points and meters, and Grants over them.

Identity factories make one version too: pass its values as `state__...`. Grants made here are
computed by the caller (`customerdata.access.compute.compute_grant`).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from typing import Any

from django.core.files import File
from django.utils import timezone
from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from consent.catalogue.access import resolution_of
from consent.models import Grant, Selection
from customerdata.models import (
    Account,
    AccountHolder,
    AccountVersion,
    BillFile,
    BillSection,
    BillSectionVersion,
    BillStatement,
    BillStatementVersion,
    Customer,
    MeterDevice,
    MeterDeviceVersion,
    ServiceContract,
    ServiceContractVersion,
    ServicePoint,
    ServicePointVersion,
)
from portal.models import User
from registration.services.catalogue.offers import current_offers
from tests.factories.registration import ClientFactory

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


class PersonFactory(DjangoModelFactory[User]):
    """Somebody who signed up."""

    class Meta:
        model = User

    email = Sequence(lambda n: f"person{n}@example.com")


class CustomerFactory(DjangoModelFactory[Customer]):
    """A customer of the sandbox."""

    class Meta:
        model = Customer

    source_key = Sequence(lambda n: f"CU{n}")
    customer_number = Sequence(lambda n: f"C-{n:05}")
    name = "Alex Kim"
    contact_email = "alex@example.com"
    is_test = True


def _state(
    identity: Any, version: type[Any], owner: str, defaults: Mapping[str, Any], given: Any
) -> None:
    values = {"as_of": LONG_AGO, "number": 1, **defaults, **given}
    version.objects.create(**{"customer": identity.customer, owner: identity, **values})


class AccountFactory(DjangoModelFactory[Account]):
    """An account with one version."""

    class Meta:
        model = Account
        skip_postgeneration_save = True

    customer = SubFactory(CustomerFactory)
    source_key = Sequence(lambda n: f"A{n}")
    cds_created = LONG_AGO

    @post_generation
    def state(self: Any, create: bool, extracted: Any, **given: Any) -> None:
        """Store the version."""
        defaults = {
            "account_number": f"100-{self.source_key}",
            "customer_number": self.customer.customer_number,
            "name": "Alex Kim",
            "address": "12 Main St\nSpringfield\nCA 90001",
            "types": ["customer", "residential"],
            "status": "active",
            "contacts": [{"id": "1", "types": ["email"], "value": "alex@example.com"}],
        }
        _state(self, AccountVersion, "account", defaults, given)


class ServiceContractFactory(DjangoModelFactory[ServiceContract]):
    """A service contract with one version; `state__account` is its account."""

    class Meta:
        model = ServiceContract
        skip_postgeneration_save = True

    customer = SubFactory(CustomerFactory)
    source_key = Sequence(lambda n: f"S{n}")
    cds_created = LONG_AGO

    @post_generation
    def state(self: Any, create: bool, extracted: Any, **given: Any) -> None:
        """Store the version."""
        if "account" not in given:
            given["account"] = AccountFactory.create(customer=self.customer)
        defaults = {
            "contract_number": f"SA-{self.source_key}",
            "types": ["utility_service"],
            "status": "active",
            "start": date(2021, 5, 1),
            "service_types": ["electric", "residential"],
            "address": "12 Main St\nSpringfield\nCA 90001",
            "rateplan_code": "E-1",
            "rateplan_name": "Flat",
        }
        _state(self, ServiceContractVersion, "contract", defaults, given)


class ServicePointFactory(DjangoModelFactory[ServicePoint]):
    """A service point with one version; `state__current_contracts` are primary keys."""

    class Meta:
        model = ServicePoint
        skip_postgeneration_save = True

    customer = SubFactory(CustomerFactory)
    source_key = Sequence(lambda n: f"P{n}")
    cds_created = LONG_AGO

    @post_generation
    def state(self: Any, create: bool, extracted: Any, **given: Any) -> None:
        """Store the version."""
        defaults = {"servicepoint_number": f"SP-{self.source_key}", "types": ["electric"]}
        _state(self, ServicePointVersion, "service_point", defaults, given)


class MeterDeviceFactory(DjangoModelFactory[MeterDevice]):
    """A meter with one version; `state__current_service_points` are primary keys."""

    class Meta:
        model = MeterDevice
        skip_postgeneration_save = True

    customer = SubFactory(CustomerFactory)
    source_key = Sequence(lambda n: f"M{n}")
    cds_created = LONG_AGO

    @post_generation
    def state(self: Any, create: bool, extracted: Any, **given: Any) -> None:
        """Store the version."""
        defaults = {"meter_number": f"M-{self.source_key}", "types": ["electric_usage"]}
        _state(self, MeterDeviceVersion, "meter", defaults, given)


class BillStatementFactory(DjangoModelFactory[BillStatement]):
    """A bill statement with one version; `state__account` is its account."""

    class Meta:
        model = BillStatement
        skip_postgeneration_save = True

    customer = SubFactory(CustomerFactory)
    source_key = Sequence(lambda n: f"B{n}")
    cds_created = LONG_AGO

    @post_generation
    def state(self: Any, create: bool, extracted: Any, **given: Any) -> None:
        """Store the version."""
        day = given.get("statement_date", date(2025, 3, 3))
        defaults = {
            "account_number": "100-AT-ISSUE",
            "statement_date": day,
            "currency": "USD",
            "previous_balance_amount": Decimal("80.10"),
            "previous_balance_paid": Decimal("80.10"),
            "previous_balance_unpaid": Decimal(0),
            "new_charges_amount": Decimal("84.20"),
            "new_charges": [
                {
                    "id": "electric",
                    "name": "Electric charges",
                    "types": ["electric_total"],
                    "amount": "84.2",
                    "included_in_amount_due": True,
                }
            ],
            "new_balance_amount": Decimal("84.20"),
            "amount_due": Decimal("84.20"),
            "amount_due_date": day + timedelta(days=21),
        }
        _state(self, BillStatementVersion, "statement", defaults, given)


class BillSectionFactory(DjangoModelFactory[BillSection]):
    """A bill section with one version; `state__statement` is its bill."""

    class Meta:
        model = BillSection
        skip_postgeneration_save = True

    customer = SubFactory(CustomerFactory)
    source_key = Sequence(lambda n: f"X{n}")
    cds_created = LONG_AGO

    @post_generation
    def state(self: Any, create: bool, extracted: Any, **given: Any) -> None:
        """Store the version."""
        days = {"start_date": "2025-02-01", "end_date": "2025-02-28"}
        named = {"id": "1", "name": "Total", "types": ["overall_total"]}
        defaults = {
            "account_number": "100-AT-ISSUE",
            "types": ["service_contract", "electric", "distribution", "supply"],
            "start_date": date(2025, 2, 1),
            "end_date": date(2025, 2, 28),
            "currency": "USD",
            "charges": ["electric"],
            "usage_details": [
                {
                    **named,
                    "types": ["electric_usage"],
                    "value": "310.5",
                    "units": "kWh",
                    **days,
                },
                {**named, "id": "2", "types": ["estimated"], "value": "20"},
            ],
            "cost_details": [{**named, "cost": "61.75"}],
            "line_items": [
                {
                    **named,
                    "types": ["tax"],
                    **days,
                    "cost": "-1.5",
                    "value": None,
                    "rate": None,
                    "related_usage_details": [],
                    "related_cost_details": ["1"],
                }
            ],
        }
        _state(self, BillSectionVersion, "section", defaults, given)


class AccountHolderFactory(DjangoModelFactory[AccountHolder]):
    """A person who may act for an account."""

    class Meta:
        model = AccountHolder

    user = SubFactory(PersonFactory)
    account = SubFactory(AccountFactory)
    created = LONG_AGO


class Service:
    """One contract with its account, service point and meter, all of one customer."""

    def __init__(self, customer: Customer, account: Account, **contract: Any) -> None:
        self.account = account
        self.contract = ServiceContractFactory.create(
            customer=customer, state__account=account, **contract
        )
        self.point = ServicePointFactory.create(
            customer=customer, state__current_contracts=[self.contract.pk]
        )
        self.meter = MeterDeviceFactory.create(
            customer=customer, state__current_service_points=[self.point.pk]
        )


class Household:
    """A customer with one account, a person who holds it, and some services."""

    def __init__(self, *, services: int = 1, is_test: bool = True) -> None:
        self.customer = CustomerFactory.create(is_test=is_test)
        self.account = AccountFactory.create(customer=self.customer)
        self.user = AccountHolderFactory.create(account=self.account).user
        self.services = [Service(self.customer, self.account) for _ in range(services)]

    def add_bill(self, day: date = date(2025, 3, 3)) -> None:
        """Give the account a bill with everything that a bill may state, and a section of it."""
        content = BytesIO(b"%PDF-1.7 " + day.isoformat().encode())
        file = BillFile.objects.create(
            customer=self.customer,
            name="bill.pdf",
            mime_type="application/pdf",
            size=len(content.getvalue()),
            sha256=sha256(content.getvalue()).hexdigest(),
            content=File(content, "bill.pdf"),
        )
        statement = BillStatementFactory.create(
            customer=self.customer,
            state__account=self.account,
            state__file=file,
            state__statement_date=day,
            state__shutoff_prevention_minimum_due=Decimal(20),
            state__shutoff_prevention_date=day + timedelta(days=7),
        )
        service = self.services[0]
        BillSectionFactory.create(
            customer=self.customer,
            state__statement=statement,
            state__account=self.account,
            state__start_date=day - timedelta(days=31),
            state__end_date=day - timedelta(days=3),
            state__contracts=[service.contract.pk],
            state__service_points=[service.point.pk],
            state__meters=[service.meter.pk],
        )

    def contract_ids(self, *indexes: int) -> list[str]:
        """Return the public ids of some services' contracts."""
        return [self.services[index].contract.cds_servicecontract_id for index in indexes]


def make_grant(
    user: User | None,
    *choices: tuple[Mapping[str, Any], Mapping[str, Any]],
    created: datetime | None = None,
    **grant: Any,
) -> Grant:
    """Make an active Grant: per entry its authorization details and the selection's values."""
    details = [{"sync_until": "infinite", **entry} for entry, _ in choices]
    made = Grant.objects.create(
        **{
            "client": ClientFactory.create(consent=True),
            "user": user,
            "status": "active",
            "scope": " ".join(entry["type"] for entry in details),
            "authorization_details": details,
            "resolution": resolution_of("", details, current_offers()),
            "enabled_scope": " ".join(entry["type"] for entry in details),
            "enabled_authorization_details": details,
            "created": created or timezone.now(),
            **grant,
        }
    )
    for index, (entry, selection) in enumerate(choices):
        Selection.objects.create(
            grant=made,
            entry=index,
            scope_id=entry["type"],
            **{"selection_type": "service_contract_selection", **selection},
        )
    return made


def contract_entry(*includes: str, **values: Any) -> dict[str, Any]:
    """Return authorization details of the contract list scope with some include fields on."""
    return {"type": "cds_service_contracts", **dict.fromkeys(includes, True), **values}


def usage_entry(*includes: str, **values: Any) -> dict[str, Any]:
    """Return authorization details of the usage scope with some include fields on."""
    return {"type": "cds_usage", **dict.fromkeys(includes, True), **values}


def bill_entry(*includes: str, **values: Any) -> dict[str, Any]:
    """Return authorization details of the service bills scope with some include fields on."""
    return {"type": "cds_service_bills", **dict.fromkeys(includes, True), **values}


def chosen(*object_ids: str, **values: Any) -> dict[str, Any]:
    """Return the values of a selection."""
    return {"object_ids": list(object_ids), **values}
