"""Accounts and services of a demo customer, written as the utility's systems would."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from customerdata.demo.dates import Calendar
from customerdata.demo.people import person
from customerdata.demo.profiles import Profile
from customerdata.kinds.account import AccountState
from customerdata.kinds.meter_device import MeterState
from customerdata.kinds.service_contract import ContractState
from customerdata.kinds.service_point import ServicePointState
from customerdata.models import (
    Account,
    Customer,
    MeterDevice,
    ServiceContract,
    ServicePoint,
    UsageSeries,
)
from customerdata.services.links.link import link_account
from customerdata.services.structure import upsert_customer, upsert_objects
from customerdata.usage.series import ensure_series

BY = "command:demo"
DOCS = "https://www.example.com/programs/"

ENTITY: Mapping[str, Any] = {
    "id": "dge",
    "types": ["distributor", "supplier", "iou"],
    "entity_number": "US-CA-IOU-DGE",
    "entity_name": "Demo Gas & Electric",
    "entity_abbreviation": "DG&E",
}
_RATES = {
    ("electric", False): ("E-1", "Home electricity"),
    ("electric", True): ("B-10", "Business electricity"),
    ("natural_gas", False): ("G-1", "Home gas"),
    ("natural_gas", True): ("GB-1", "Business gas"),
}
_METER_TYPES = {
    "electric": ("electric_usage", "physical_meter", "ami_meter"),
    "natural_gas": ("natural_gas_usage", "forward_only", "physical_meter", "ami_meter"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One service: a contract with its service point and meter, and how it is read.

    `number` is the contract number; the other numbers derive from it. `since` is when the contract
    began, `read_since` the first day of readings.
    """

    number: str
    account: str
    name: str
    address: str
    profile: Profile
    since: date
    read_since: date
    latitude: Decimal
    longitude: Decimal
    is_business: bool = False
    premise: str = ""
    programs: Sequence[Mapping[str, Any]] = ()
    apps: Sequence[Mapping[str, Any]] = ()
    meter_number: str = ""
    extra_meter_types: tuple[str, ...] = ()

    @property
    def commodity(self) -> str:
        """`electric` or `natural_gas`."""
        return self.profile.commodity

    @property
    def key(self) -> str:
        """The utility's key for contract, service point and meter."""
        return f"demo:{self.number}"

    @property
    def meter(self) -> str:
        """The number on the meter."""
        return self.meter_number or f"{'E' if self.commodity == 'electric' else 'G'}{self.number}"


@dataclass(frozen=True, slots=True)
class Service:
    """The rows created for a Site."""

    site: Site
    contract: ServiceContract
    service_point: ServicePoint
    meter: MeterDevice
    series: UsageSeries


def open_customer(login: str, *, is_test: bool = True) -> Customer:
    """Create the customer behind a login."""
    email = f"{login}@example.com"
    return upsert_customer(
        source_key=f"demo:{login}",
        name=login.title(),
        is_test=is_test,
        customer_number=f"C-{login.upper()}",
        contact_email=email,
    )


def account_state(
    number: str, *, login: str, name: str, address: str, kinds: Sequence[str], **more: Any
) -> AccountState:
    """Return a typical account: billed monthly, with an email address and a phone number."""
    contacts = (
        {"id": "email", "types": ["email", "primary"], "value": f"{login}@example.com"},
        {"id": "phone", "types": ["phone_number", "mobile"], "value": "+15555550100"},
    )
    return AccountState(
        account_number=number,
        name=name,
        address=address,
        types=("customer", "test", *kinds, "billed_monthly"),
        customer_number=f"C-{login.upper()}",
        entity=ENTITY,
        contacts=contacts,
        **more,
    )


def open_accounts(
    customer: Customer, states: Iterable[AccountState], since: date, calendar: Calendar
) -> dict[str, Account]:
    """Create accounts and link them to the customer's login; return them by number."""
    if not customer.is_test:
        states = [replace(s, types=[t for t in s.types if t != "test"]) for s in states]
    written = upsert_objects(
        customer=customer,
        states={f"demo:{state.account_number}": state for state in states},
        as_of=calendar.midnight(since),
        synced=calendar.now,
    )
    accounts = {key.removeprefix("demo:"): item.object for key, item in written.items()}
    holder = person(customer.source_key.removeprefix("demo:"))
    for account in accounts.values():
        link_account(user=holder, account=account, by=BY)
    return accounts


def open_services(
    customer: Customer,
    accounts: Mapping[str, Account],
    sites: Sequence[Site],
    calendar: Calendar,
) -> list[Service]:
    """Create contracts, service points, meters and series of sites read since the same day."""
    said: dict[str, Any] = {
        "customer": customer,
        "as_of": calendar.midnight(sites[0].read_since),
        "synced": calendar.now,
    }
    contracts = upsert_objects(
        states={site.key: contract_state(site, accounts[site.account]) for site in sites}, **said
    )
    points = upsert_objects(
        states={site.key: point_state(site, (contracts[site.key].object,)) for site in sites},
        **said,
    )
    meters = upsert_objects(
        states={
            site.key: MeterState(
                meter_number=site.meter,
                types=meter_types(site),
                current_service_points=(points[site.key].object,),
                apps=site.apps,
            )
            for site in sites
        },
        **said,
    )
    return [
        start_reading(
            site,
            contract=contracts[site.key].object,
            account=accounts[site.account],
            service_point=points[site.key].object,
            meter=meters[site.key].object,
            calendar=calendar,
        )
        for site in sites
    ]


def contract_state(site: Site, account: Account) -> ContractState:
    """Return the contract of a site."""
    code, rate = _RATES[site.commodity, site.is_business]
    return ContractState(
        account=account,
        contract_number=site.number,
        service_types=(
            site.commodity,
            "commercial" if site.is_business else "residential",
            "metered",
            "distribution",
            "supply",
        ),
        types=("utility_service", "billed_monthly"),
        start=site.since,
        name=site.name,
        address=site.address,
        entity=ENTITY,
        rateplan_code=code,
        rateplan_name=rate,
        programs=site.programs,
    )


def point_state(
    site: Site,
    current: Sequence[ServiceContract],
    previous: Sequence[ServiceContract] = (),
) -> ServicePointState:
    """Return the service point of a site."""
    premises = [{"id": site.premise, "premise_number": site.premise, "types": ["building"]}]
    return ServicePointState(
        servicepoint_number=f"SP-{site.number}",
        types=(site.commodity, "single_service", "physical"),
        address=site.address,
        latitude=site.latitude,
        longitude=site.longitude,
        current_contracts=current,
        previous_contracts=previous,
        premises=premises if site.premise else (),
    )


def meter_types(site: Site) -> tuple[str, ...]:
    """Return the types of a site's meter."""
    return (*_METER_TYPES[site.commodity], *site.extra_meter_types)


def start_reading(
    site: Site,
    *,
    contract: ServiceContract,
    account: Account,
    service_point: ServicePoint,
    meter: MeterDevice,
    calendar: Calendar,
) -> Service:
    """Create the series of a site."""
    columns = [replace(column, meters=(meter.public_id,)) for column in site.profile.formats]
    series = ensure_series(
        customer=contract.customer,
        contract=contract,
        service_point=service_point,
        meter=meter,
        account=account,
        commodity=site.commodity,
        interval=site.profile.period.interval,
        zone=calendar.zone.key,
        columns=columns,
    )
    return Service(site, contract, service_point, meter, series)


def program(kind: str, number: str, name: str, words: str, **more: Any) -> dict[str, Any]:
    """Return a program object (CDS-WG3-01 10.1.8, 10.2.5); `kind` is `state type`."""
    return {
        "id": number,
        "program_number": number,
        "types": kind.split(),
        "name": name,
        "description": words,
        "documentation": f"{DOCS}{number.lower()}",
        **more,
    }
