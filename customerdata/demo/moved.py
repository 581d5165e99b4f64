"""Fay: moved, got a new meter, and has missing, estimated and corrected readings."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from customerdata.demo.dates import Calendar
from customerdata.demo.homes import SHORT_HISTORY_MONTHS, TOWN
from customerdata.demo.profiles import HOME
from customerdata.demo.readings import altered, readings
from customerdata.demo.structure import (
    Service,
    Site,
    account_state,
    contract_state,
    meter_types,
    open_accounts,
    open_customer,
    open_services,
    point_state,
    start_reading,
)
from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.kinds.account import AccountState
from customerdata.kinds.meter_device import MeterState
from customerdata.models import Account
from customerdata.services.structure import upsert_object
from customerdata.usage.store import Delivery, write_many

_ACCOUNT = "6666-1"
GAP_DAYS = 2
NEW_METER = "E660003"


def make_fay(calendar: Calendar) -> None:
    """A closed contract, then one with two meters and hourly readings."""
    moved = calendar.ago(months=6)
    swapped = calendar.ago(months=2, days=10)
    before, after = _sites(calendar, moved)
    customer = open_customer("fay")
    accounts = open_accounts(customer, [_account(before)], before.read_since, calendar)
    old = open_services(customer, accounts, [before], calendar)[0]
    open_accounts(customer, [_account(after)], moved, calendar)
    _move_out(old, accounts[_ACCOUNT], moved, calendar)
    new = open_services(customer, accounts, [after], calendar)[0]
    newest = _swap_meter(new, accounts[_ACCOUNT], swapped, calendar)
    write_many(
        [
            *readings(old.series, before.read_since, moved, calendar),
            *_troubled(new, moved, swapped, calendar),
            *readings(newest.series, swapped, calendar.today, calendar),
        ]
    )


def _sites(calendar: Calendar, moved: date) -> tuple[Site, Site]:
    before = Site(
        number="660001",
        account=_ACCOUNT,
        name="Old home",
        address=f"5 Oak St\n{TOWN}",
        profile=HOME,
        since=date(2021, 5, 1),
        read_since=calendar.ago(months=SHORT_HISTORY_MONTHS),
        latitude=Decimal("38.5551000"),
        longitude=Decimal("-121.7422000"),
    )
    after = replace(
        before,
        number="660002",
        name="New home",
        address=f"60 Elm St\n{TOWN}",
        since=moved,
        read_since=moved,
        latitude=Decimal("38.5662000"),
        longitude=Decimal("-121.7211000"),
    )
    return before, after


def _account(site: Site) -> AccountState:
    return account_state(
        _ACCOUNT, login="fay", name="Fay", address=site.address, kinds=("residential",)
    )


def _move_out(old: Service, account: Account, moved: date, calendar: Calendar) -> None:
    """Close the contract; the meter stays in place."""
    customer, as_of = account.customer, calendar.midnight(moved)
    closed = replace(contract_state(old.site, account), status="closed", end=moved)
    upsert_object(
        customer=customer,
        source_key=old.site.key,
        state=closed,
        as_of=as_of,
        synced=calendar.now,
    )
    upsert_object(
        customer=customer,
        source_key=old.site.key,
        state=point_state(old.site, (), previous=(old.contract,)),
        as_of=as_of,
        synced=calendar.now,
    )


def _swap_meter(new: Service, account: Account, swapped: date, calendar: Calendar) -> Service:
    """Replace the meter; its readings start a new series."""
    customer, as_of = account.customer, calendar.midnight(swapped)
    types = meter_types(new.site)
    upsert_object(
        customer=customer,
        source_key=new.site.key,
        state=MeterState(
            meter_number=new.site.meter,
            types=types,
            previous_service_points=(new.service_point,),
        ),
        as_of=as_of,
        synced=calendar.now,
    )
    installed = upsert_object(
        customer=customer,
        source_key=f"demo:{NEW_METER}",
        state=MeterState(
            meter_number=NEW_METER, types=types, current_service_points=(new.service_point,)
        ),
        as_of=as_of,
        synced=calendar.now,
    )
    return start_reading(
        replace(new.site, meter_number=NEW_METER),
        contract=new.contract,
        account=account,
        service_point=new.service_point,
        meter=installed.object,
        calendar=calendar,
    )


def _troubled(new: Service, moved: date, swapped: date, calendar: Calendar) -> Iterator[Delivery]:
    """Two days are missing, one is estimated, one was doubled and corrected later."""
    gap = calendar.midnight(moved + timedelta(days=20))
    guessed = calendar.midnight(moved + timedelta(days=20 + GAP_DAYS))
    known = calendar.midnight(moved + timedelta(days=21 + GAP_DAYS))
    wrong = moved + timedelta(days=50)
    righted = wrong.replace(day=8) + relativedelta(months=1)
    wrong_start, wrong_end = (calendar.midnight(wrong + timedelta(days=n)) for n in (0, 1))
    for delivery in readings(new.series, moved, swapped, calendar):
        told = altered(delivery, gap, guessed, missing=True)
        told = altered(told, guessed, known, quality=Quality.ESTIMATED)
        yield altered(told, wrong_start, wrong_end, factor=2)
    for delivery in readings(new.series, wrong, wrong + timedelta(days=1), calendar):
        right = altered(delivery, wrong_start, wrong_end, quality=Quality.CORRECTED)
        yield replace(right, as_of=calendar.midnight(righted))
