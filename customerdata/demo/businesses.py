"""Commercial customers: Bo with three shops, Cleo with forty sites."""

from datetime import date
from decimal import Decimal
from typing import Any

from customerdata.demo.dates import Calendar
from customerdata.demo.homes import SHORT_HISTORY_MONTHS, TOWN, read_until_today
from customerdata.demo.profiles import SHOP, SHOP_BY_MONTH
from customerdata.demo.structure import (
    Site,
    account_state,
    open_accounts,
    open_customer,
    open_services,
    program,
)
from customerdata.usage.store import write_many

_BO_SITES = (("2222-1", "Shops", 12), ("2222-2", "Bakery", 8), ("2222-3", "Offices", 4))
_BO_STREETS = ("Market St", "Mill Ln", "Station Rd")

CLEO_ACCOUNTS = 40
CLEO_CONTRACTS = 30

_DEMAND_RESPONSE = program(
    "active demand_response", "DR-10", "Peak day credit", "Credit for using less on hot days."
)
_EV = program("eligible ev pilot", "EV-3", "Fleet charging pilot", "Charging at low-cost hours.")
_LOAD_APP: dict[str, Any] = {
    "id": "load-watch",
    "app_number": "APP-7",
    "types": ["installed", "compatible", "customer_installable"],
    "name": "Load watch",
}
_BATTERY_APP: dict[str, Any] = {
    "id": "battery-control",
    "app_number": "APP-9",
    "types": ["uninstalled", "compatible", "central_installable"],
    "name": "Battery control",
}


def make_bo(calendar: Calendar) -> None:
    """24 services with hourly readings, demand, programs and meter apps."""
    read_since = calendar.ago(months=SHORT_HISTORY_MONTHS)
    customer = open_customer("bo")
    payment = program("active survey", "SV-1", "Business survey", "A yearly survey of shops.")
    states = [
        account_state(
            number,
            login="bo",
            name=f"Bo: {name.lower()}",
            address=f"{place * 100} {street}\n{TOWN}",
            kinds=("commercial",),
            programs=(payment,) if place == 1 else (),
        )
        for place, ((number, name, _), street) in enumerate(
            zip(_BO_SITES, _BO_STREETS, strict=True), start=1
        )
    ]
    accounts = open_accounts(customer, states, read_since, calendar)
    services = open_services(customer, accounts, _bo_sites(read_since), calendar)
    write_many(read_until_today(services, calendar))


def _bo_sites(read_since: date) -> list[Site]:
    sites: list[Site] = []
    for place, (account, name, count) in enumerate(_BO_SITES):
        for unit in range(1, count + 1):
            number = len(sites) + 1
            sites.append(
                Site(
                    number=f"{420_000 + number}",
                    account=account,
                    name=f"{name} {unit}",
                    address=f"{(place + 1) * 100 + unit} {_BO_STREETS[place]}\n{TOWN}",
                    profile=SHOP,
                    since=date(2017, 1 + place, 1),
                    read_since=read_since,
                    latitude=Decimal("38.5300000") + Decimal(number) / 1000,
                    longitude=Decimal("-121.7100000") - Decimal(place) / 100,
                    is_business=True,
                    premise=f"B42{place + 1:02}",
                    programs=_bo_programs(number),
                    apps=(_LOAD_APP, _BATTERY_APP)[: number % 3],
                    extra_meter_types=("electric_demand", "customer_apps_capable"),
                )
            )
    return sites


def _bo_programs(number: int) -> tuple[dict[str, Any], ...]:
    response = _DEMAND_RESPONSE | {"start": date(2023, 5, 1)}
    return (*([response] if number % 2 else []), *([_EV] if number % 5 == 0 else []))


def make_cleo(calendar: Calendar) -> None:
    """A parent account, 40 sub-accounts and 1,200 services: 40 hourly, the rest monthly."""
    read_since = calendar.ago(months=SHORT_HISTORY_MONTHS)
    customer = open_customer("cleo")
    parent = account_state(
        "3333-0",
        login="cleo",
        name="Cleo: head office",
        address=f"1 Center Sq\n{TOWN}",
        kinds=("commercial", "parent"),
    )
    head = open_accounts(customer, [parent], read_since, calendar)["3333-0"]
    children = [
        account_state(
            f"3333-{place}",
            login="cleo",
            name=f"Cleo: site {place}",
            address=f"{place} Industry Way\n{TOWN}",
            kinds=("commercial", "child"),
            parent=head,
        )
        for place in range(1, CLEO_ACCOUNTS + 1)
    ]
    accounts = open_accounts(customer, children, read_since, calendar)
    services = open_services(customer, accounts, _cleo_sites(read_since), calendar)
    write_many(read_until_today(services, calendar))


def _cleo_sites(read_since: date) -> list[Site]:
    return [
        Site(
            number=f"{500_000 + (place - 1) * CLEO_CONTRACTS + unit}",
            account=f"3333-{place}",
            name=f"Site {place}, unit {unit}",
            address=f"{place} Industry Way, Unit {unit}\n{TOWN}",
            profile=SHOP if unit == 1 else SHOP_BY_MONTH,
            since=date(2016, 1, 1),
            read_since=read_since,
            latitude=Decimal("38.5900000") + Decimal(place) / 1000,
            longitude=Decimal("-121.8000000") + Decimal(unit) / 1000,
            is_business=True,
            premise=f"B33{place:02}",
            extra_meter_types=("electric_demand",) if unit == 1 else (),
        )
        for place in range(1, CLEO_ACCOUNTS + 1)
        for unit in range(1, CLEO_CONTRACTS + 1)
    ]
