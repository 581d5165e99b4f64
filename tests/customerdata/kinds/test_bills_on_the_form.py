"""From the authorization form to bills: a customer chooses accounts (CDS-WG3-01 6.1.7, 6.1.8)."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from consent.models import Grant
from portal.models import User
from registration.models import Client
from tests.consent.oauth.support import QuietListener, make_party, offer_demo_scopes
from tests.consent.pages.world import FakeCatalog, FormBrowser, World, answer, form_url
from tests.factories.consent import token_for
from tests.factories.customerdata import (
    AccountFactory,
    AccountHolderFactory,
    BillStatementFactory,
    Household,
)

pytestmark = pytest.mark.django_db
API = "/cds-customerdata-api/v1"


def world_of(user: User, *scopes: str) -> World:
    """A company that may ask for some scopes, and the browser of a real customer."""
    offer_demo_scopes()
    app = make_party().app
    Client.objects.filter(pk=app.pk).update(scopes=list(scopes))
    app.refresh_from_db()
    browser = FormBrowser()
    browser.force_login(user)
    # The lists and the listener are those that the product plugs in.
    return World(FakeCatalog(), QuietListener(), app, user, user, browser)


def days_ago(count: int) -> date:
    """Return a day that the demo's longest history surely holds."""
    return timezone.now().date() - timedelta(days=count)


def read(grant: Grant, path: str) -> Any:
    """Return what a token of the grant gets."""
    headers = {"Authorization": f"Bearer {token_for(grant)}"}
    return Browser().get(path, headers=headers)


@pytest.mark.spec(
    "WG3-01 6.1.7 h", "WG3-01 6.1.7 i", "WG3-01 9.2.3.1 b", "WG3-01 9.2.3.1 d", "WG3-01 9.2.3.1 k"
)
def test_an_account_is_ticked_and_its_bills_are_read():
    """The form names accounts and bills in plain words; the file comes with the same token."""
    home = Household()
    other = AccountFactory.create(customer=home.customer, state__account_number="99-10")
    AccountHolderFactory.create(account=other, user=home.user)
    home.add_bill(days_ago(70))
    recent = BillStatementFactory.create(
        customer=home.customer,
        state__account=home.account,
        state__statement_date=days_ago(40),
    )
    BillStatementFactory.create(customer=home.customer, state__account=other)
    world = world_of(home.user, "cds_bill_statements")
    asked = world.ask(
        "cds_bill_statements",
        details=[
            {
                "type": "cds_bill_statements",
                "account_numbers": [home.account.versions.get().account_number],
                "statement_date_start": "P3Y",
                "include_bill_statement_files": True,
            }
        ],
    )
    html = world.browser.get(form_url(asked)).content.decode()
    for words in ("From which accounts", "Your bills", "Copies of your bills", "99-10"):
        assert words in html
    assert re.findall(r'value="(ac_\w+)" checked', html) == [home.account.cds_account_id]
    world.browser.post(form_url(asked), answer(home.account.cds_account_id))
    grant = Grant.objects.latest("pk")
    bills = read(grant, f"{API}/bill-statements").json()["bill_statements"]
    assert [bill["cds_account_id"] for bill in bills] == [home.account.cds_account_id] * 2
    assert bills[0]["cds_billstatement_id"] == recent.cds_billstatement_id
    assert "new_charges" not in bills[0]
    url = bills[1]["file_uri"].removeprefix("http://testserver")
    assert b"".join(read(grant, url).streaming_content).startswith(b"%PDF-1.7")
    receipt = world.browser.get(f"/receipts/{grant.receipts.get().url_token}/").content.decode()
    assert "Your bills" in receipt


@pytest.mark.spec("WG3-01 6.1.8 h", "WG3-01 6.1.8 i")
def test_a_service_is_ticked_and_its_sections_are_read():
    """Line items only where asked for; the statement stays out of it."""
    home = Household(services=2)
    home.add_bill(days_ago(70))
    world = world_of(home.user, "cds_service_bills")
    details = {
        "type": "cds_service_bills",
        "start_date": "P3Y",
        "include_bill_section_line_items": True,
    }
    for index, count in ((0, 1), (1, 0)):
        asked = world.ask("cds_service_bills", details=[details])
        html = world.browser.get(form_url(asked)).content.decode()
        assert "Bill details by service" in html
        world.browser.post(form_url(asked), answer(*home.contract_ids(index)))
        sections = read(Grant.objects.latest("pk"), f"{API}/bill-sections").json()["bill_sections"]
        assert len(sections) == count
    grant = Grant.objects.earliest("pk")
    (section,) = read(grant, f"{API}/bill-sections").json()["bill_sections"]
    assert section["line_items"][0]["cost"] == -1.5
    assert section["cds_billstatement_id"] is None
    assert read(grant, f"{API}/bill-statements").json()["bill_statements"] == []
