"""The cast of the browser tests, made by the same functions as the demo but with few readings."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from consent.models import Grant
from customerdata.demo.dates import Calendar
from customerdata.demo.developer import publish_offers
from customerdata.demo.homes import TOWN, make_home
from customerdata.demo.people import create_people
from customerdata.demo.profiles import GAS_BY_DAY, HOME, SHOP_BY_MONTH, Profile
from customerdata.demo.structure import (
    Site,
    account_state,
    contract_state,
    open_accounts,
    open_customer,
)
from customerdata.services.structure import upsert_objects
from portal.background.outbox import run
from portal.celery import app as celery_app
from portal.models import OutboxEntry
from registration.models import Client
from tests.consent.oauth.support import Party, authorize_url, details, make_party

COMPANY = "Acme Energy Auditors"
STREETS = ("Market St", "Mill Ln", "Station Rd")


@dataclass
class Cast:
    """A utility with customers, and a company that asks them."""

    party: Party
    redirect_uri: str
    calendar: Calendar

    @property
    def app(self) -> Client:
        """The company's Client that asks customers."""
        return self.party.app

    def ask(self, *entries: dict[str, Any], **fields: str) -> str:
        """Return the path of an authorization request; without entries for the usage alone."""
        fields = {"redirect_uri": self.redirect_uri, "state": "s-1", **fields}
        if entries:
            fields["authorization_details"] = details(*entries)
        scopes = [entry["type"] for entry in entries] or ["cds_usage"]
        fields.setdefault("scope", " ".join(scopes))
        return authorize_url(self.app, **fields)

    def home(self, login: str, *, is_test: bool = True) -> None:
        """Give a login one account with an electric and a gas service, with a month of readings."""
        electric = self._site("222222", "1111-1", "123 Main St", profile=HOME)
        gas = replace(electric, number="333333", name="Home gas", profile=GAS_BY_DAY)
        make_home(login, self.calendar, [electric, gas], is_test=is_test)

    def services(self, login: str, count: int) -> None:
        """Give a login many services without readings, ten on each account."""
        customer = open_customer(login)
        since = self.calendar.ago(months=1)
        sites = [
            self._site(
                f"{420_001 + number}",
                f"2222-{number // 10 + 1}",
                f"{number + 1} {STREETS[number % 3]}",
                profile=SHOP_BY_MONTH,
            )
            for number in range(count)
        ]
        names = dict.fromkeys(site.account for site in sites)
        states = [
            account_state(
                name, login=login, name=login.title(), address=TOWN, kinds=("commercial",)
            )
            for name in names
        ]
        accounts = open_accounts(customer, states, since, self.calendar)
        upsert_objects(
            customer=customer,
            states={site.key: contract_state(site, accounts[site.account]) for site in sites},
            as_of=self.calendar.midnight(since),
            synced=self.calendar.now,
        )

    def _site(self, number: str, account: str, street: str, *, profile: Profile) -> Site:
        return Site(
            number=number,
            account=account,
            name="Home electricity" if profile is HOME else f"Shop {number}",
            address=f"{street}\n{TOWN}",
            profile=profile,
            since=date(2019, 4, 1),
            read_since=self.calendar.ago(days=20),
            latitude=Decimal("38.55"),
            longitude=Decimal("-121.74"),
        )


def make_cast(redirect_uri: str) -> Cast:
    """Make the demo's logins and offers, and a company whose website was confirmed."""
    create_people()
    publish_offers()
    party = make_party()
    party.app.name = COMPANY
    party.app.client_uri = "https://acme.example.com/"
    party.app.website_confirmed = timezone.now()
    party.app.redirect_uri_list = [redirect_uri, party.app.cds_default_redirect_uri]
    party.app.save()
    return Cast(party, redirect_uri, Calendar.current())


def latest_grant() -> Grant:
    """Return the Grant that was made last."""
    return Grant.objects.latest("pk")


def waiting_work() -> list[str]:
    """Return the names of promised tasks that have not run."""
    rows = OutboxEntry.objects.filter(status=OutboxEntry.Status.READY)
    return list(rows.order_by("pk").values_list("task", flat=True))


def run_waiting_work() -> None:
    """Do what a worker does, now: every promised task, also those that were just promised."""
    celery_app.loader.import_default_modules()
    for entry in OutboxEntry.objects.filter(status=OutboxEntry.Status.READY).order_by("pk"):
        run(entry.pk)
