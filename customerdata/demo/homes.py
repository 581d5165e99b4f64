"""Residential customers: Ana, Dan, Eve and Gil."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from customerdata.demo.dates import Calendar
from customerdata.demo.profiles import GAS_BY_DAY, HOME, SOLAR_HOME
from customerdata.demo.readings import readings
from customerdata.demo.structure import (
    Service,
    Site,
    account_state,
    open_accounts,
    open_customer,
    open_services,
    program,
)
from customerdata.usage.store import Delivery, write_many

HISTORY_MONTHS = 25
SHORT_HISTORY_MONTHS = 13
TOWN = "Demo City, CA 90000"


def make_ana(calendar: Calendar) -> None:
    """Solar panels: net, forward and reverse usage every 15 minutes, and daily gas."""
    solar = program("active rebate", "NEM-2", "Net metering", "Credit for energy sent back.")
    electric = Site(
        number="222222",
        account="1111-1",
        name="Home electricity",
        address=f"123 Main St\n{TOWN}",
        profile=SOLAR_HOME,
        since=date(2019, 4, 1),
        read_since=calendar.ago(months=HISTORY_MONTHS),
        latitude=Decimal("38.5512000"),
        longitude=Decimal("-121.7401000"),
        premise="B1000",
        programs=(solar | {"start": date(2021, 6, 1)},),
        extra_meter_types=("bidirectional",),
    )
    gas = replace(
        electric,
        number="333333",
        name="Home gas",
        profile=GAS_BY_DAY,
        programs=(),
        extra_meter_types=(),
    )
    make_home("ana", calendar, [electric, gas])


def make_dan(calendar: Calendar) -> None:
    """Gas only, with daily readings."""
    make_home(
        "dan",
        calendar,
        [
            Site(
                number="440001",
                account="4444-1",
                name="Gas",
                address=f"8 Hill Rd\n{TOWN}",
                profile=GAS_BY_DAY,
                since=date(2020, 10, 1),
                read_since=calendar.ago(months=HISTORY_MONTHS),
                latitude=Decimal("38.5633000"),
                longitude=Decimal("-121.7522000"),
            )
        ],
    )


def make_eve(calendar: Calendar) -> None:
    """One apartment in building B1111."""
    make_home(
        "eve",
        calendar,
        [
            Site(
                number="550001",
                account="5555-1",
                name="Flat 1",
                address=f"11 Park Ave, Flat 1\n{TOWN}",
                profile=HOME,
                since=date(2022, 3, 1),
                read_since=calendar.ago(months=SHORT_HISTORY_MONTHS),
                latitude=Decimal("38.5474000"),
                longitude=Decimal("-121.7303000"),
                premise="B1111",
            )
        ],
    )


def make_gil(calendar: Calendar) -> None:
    """A real customer, hidden from sandbox Clients."""
    make_home(
        "gil",
        calendar,
        [
            Site(
                number="770001",
                account="7777-1",
                name="Home electricity",
                address=f"77 River St\n{TOWN}",
                profile=HOME,
                since=date(2018, 2, 1),
                read_since=calendar.ago(months=SHORT_HISTORY_MONTHS),
                latitude=Decimal("38.5415000"),
                longitude=Decimal("-121.7604000"),
            )
        ],
        is_test=False,
    )


def make_home(
    login: str, calendar: Calendar, sites: list[Site], *, is_test: bool = True
) -> list[Service]:
    """Create a customer with one residential account and all its sites' readings."""
    customer = open_customer(login, is_test=is_test)
    state = account_state(
        sites[0].account,
        login=login,
        name=login.title(),
        address=sites[0].address,
        kinds=("residential",),
    )
    accounts = open_accounts(customer, [state], sites[0].read_since, calendar)
    services = open_services(customer, accounts, sites, calendar)
    write_many(read_until_today(services, calendar))
    return services


def read_until_today(services: Iterable[Service], calendar: Calendar) -> Iterable[Delivery]:
    """Yield all readings of services up to today's midnight."""
    for service in services:
        yield from readings(service.series, service.site.read_since, calendar.today, calendar)
