"""The receipt: mailed, shown without sign-in, and the place to stop."""

import re

import pytest
import requests
from django.core import mail
from playwright.sync_api import expect

from consent.models import Grant
from tests.browser.visitor import ASKS
from tests.browser.world import latest_grant, run_waiting_work
from tests.factories.consent import token_for

pytestmark = pytest.mark.browser

API = "/cds-customerdata-api/v1/usage-segments"


@pytest.mark.spec("WG3-01 9.1.1 q", "WG3-01 9.4 f", "WG3-01 9.4 m", "WG3-01 9.4 p")
def test_default_redirect_leads_to_the_receipt_and_stop_works_without_sign_in(
    cast, visitor, new_visitor, signed_in, portal
) -> None:
    """Approve; read the mail elsewhere; stop there without signing in; the API answers 401."""
    cast.home("ana")
    path = cast.ask(redirect_uri=cast.app.cds_default_redirect_uri)
    signed_in(visitor, "ana").go(path)
    visitor.sees(ASKS)
    visitor.look()
    visitor.box("222222").check()
    visitor.press("Authorize")
    visitor.sees("You allowed Acme Energy Auditors to receive your energy data")
    expect(visitor.page.get_by_text("123 Main St")).to_be_visible()
    visitor.look()
    bearer = {"Authorization": f"Bearer {token_for(latest_grant())}"}
    assert requests.get(portal + API, headers=bearer).status_code == 200

    run_waiting_work()
    [message] = mail.outbox
    assert message.subject == "Receipt: you shared energy data with Acme Energy Auditors"
    [link] = set(re.findall(rf"{portal}/receipts/\S+/", str(message.body)))

    reader = new_visitor(width=320)
    reader.go(link)
    reader.sees("You allowed Acme Energy Auditors to receive your energy data")
    expect(reader.page.get_by_text("123 Main St")).to_have_count(0)
    reader.look()
    reader.page.get_by_role("link", name=re.compile("^Stop sharing")).click()
    reader.sees("Stop sharing with Acme Energy Auditors?")
    reader.look()
    reader.page.get_by_role("button", name=re.compile("^Stop sharing")).click()
    reader.sees("Sharing with Acme Energy Auditors has stopped")
    reader.look()
    assert latest_grant().status == Grant.Status.REVOKED
    assert requests.get(portal + API, headers=bearer).status_code == 401
    reader.follow("Back to the receipt")
    expect(reader.page.get_by_text("You stopped this")).to_be_visible()
    expect(reader.page.get_by_role("link", name=re.compile("^Stop sharing"))).to_have_count(0)


def test_changes_stand_beside_what_was_agreed(cast, new_visitor, signed_in, settings) -> None:
    """On a phone without script: twelve services instead of one, and other terms."""
    cast.home("ana")
    visitor = signed_in(new_visitor(width=320, script=False), "ana")
    visitor.go(cast.ask(redirect_uri=cast.app.cds_default_redirect_uri))
    visitor.look()
    visitor.box("222222").check()
    visitor.press("Authorize")
    visitor.sees("You allowed Acme Energy Auditors to receive your energy data")
    grant = latest_grant()
    grant.selections.update(object_ids=[f"sc_{n}" for n in range(12)])
    settings.CUSTOMER_TERMS = "# Other terms"
    visitor.page.reload()
    expect(visitor.page.get_by_role("heading", name="Changed since then")).to_be_visible()
    visitor.page.locator("summary", has_text="12 services").click()
    visitor.look()
    with visitor.page.expect_popup() as terms:
        visitor.page.get_by_role("link", name=re.compile("^The terms that you accepted")).click()
    expect(terms.value.get_by_role("heading", level=1)).to_have_text("Terms for sharing your data")


def test_sharing_lists_the_consent_and_where_to_stop_it(cast, visitor, signed_in) -> None:
    """From the customer's own page: empty, one company, none again."""
    cast.home("ana")
    signed_in(visitor, "ana").go("/sharing/")
    expect(visitor.page.get_by_text("No company can see your energy data")).to_be_visible()
    visitor.look()
    visitor.go(cast.ask())
    visitor.look()
    visitor.box("333333").check()
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")
    visitor.go("/sharing/")
    expect(visitor.page.get_by_role("heading", name="Acme Energy Auditors")).to_be_visible()
    visitor.look()
    visitor.page.get_by_role("link", name=re.compile("^Stop sharing")).click()
    visitor.look()
    visitor.page.get_by_role("button", name=re.compile("^Stop sharing")).click()
    visitor.sees("Sharing with Acme Energy Auditors has stopped")
    visitor.look()
    visitor.go("/sharing/")
    text = "No company can see your energy data right now."
    expect(visitor.page.get_by_text(text)).to_be_visible()
    visitor.look()
