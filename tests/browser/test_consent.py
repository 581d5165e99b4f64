"""The main job: a customer answers a request in a browser."""

import re

import pytest
import requests
from playwright.sync_api import expect

from consent.models import Grant
from tests.browser.callback import answer_in
from tests.browser.visitor import ASKS
from tests.browser.world import latest_grant
from tests.consent.oauth.support import basic

pytestmark = pytest.mark.browser

REMOVE_FIRST = re.compile("^Remove ?: Request 1 of 2$")


@pytest.mark.spec("WG3-01 9.1 a", "WG3-01 9.2 b", "WG3-01 9.2 c")
def test_approve_and_read(cast, visitor, password, portal, acme_site) -> None:
    """The whole way: sign in, choose, authorize, redeem the code, read usage."""
    cast.home("ana")
    visitor.go(cast.ask())
    visitor.sign_in("ana@example.com", password)
    visitor.sees(ASKS)
    visitor.look()
    expect(visitor.page.get_by_text("Nothing is selected yet")).to_be_visible()
    visitor.box("222222").check()
    expect(visitor.page.get_by_role("status").filter(has_text="1 service")).to_be_visible()
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")
    assert visitor.page.url.startswith(acme_site.landing)
    answer = answer_in(visitor.page.url)
    assert answer["state"] == "s-1"
    assert answer["iss"] == portal

    token = requests.post(
        f"{portal}/oauth/token",
        data={
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": cast.redirect_uri,
        },
        headers={"Authorization": basic(cast.party.app_credential)},
    ).json()
    listing = requests.get(
        f"{portal}/cds-customerdata-api/v1/usage-segments",
        headers={"Authorization": f"Bearer {token['access_token']}"},
    )
    assert listing.status_code == 200, listing.text
    assert listing.json()["usage_segments"]


def test_decline(cast, visitor, signed_in) -> None:
    """Decline asks nothing, shares nothing and brings the customer back."""
    cast.home("ana")
    signed_in(visitor, "ana").go(cast.ask())
    visitor.sees(ASKS)
    visitor.look()
    visitor.press("Decline")
    visitor.sees("Welcome back to Acme")
    assert answer_in(visitor.page.url)["error"] == "access_denied"
    assert not Grant.objects.exists()


def test_error_and_correct(cast, visitor, signed_in) -> None:
    """Nothing selected: the summary takes the focus, leads to the box, and then it works."""
    cast.home("ana")
    signed_in(visitor, "ana").go(cast.ask())
    visitor.press("Authorize")
    summary = visitor.page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(visitor.page).to_have_title("Error: Demo Gas & Electric: request to share your data")
    visitor.look()
    summary.get_by_role("link").click()
    expect(visitor.page.get_by_role("checkbox").first).to_be_focused()
    visitor.page.keyboard.press("Space")
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")
    assert latest_grant().selections.get().object_ids


def test_second_submit_replays_the_first_answer(cast, visitor, new_visitor, signed_in) -> None:
    """The form in two tabs: the second Authorize is the same consent, not another one."""
    cast.home("ana")
    signed_in(visitor, "ana").go(cast.ask())
    second = new_visitor(beside=visitor)
    second.go(visitor.page.url)
    for tab in (visitor, second):
        tab.look()
        tab.box("222222").check()
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")
    second.press("Authorize")
    second.sees("Welcome back to Acme")
    assert second.page.url == visitor.page.url
    assert Grant.objects.count() == 1
    visitor.page.go_back()
    visitor.sees("You have answered this request")
    visitor.look()


def test_merged_requests_share_one_list(cast, visitor, signed_in) -> None:
    """Two scopes that are merged are one section with one list and end in one Grant."""
    cast.home("ana")
    path = cast.ask(
        {"type": "cds_service_contracts", "merge_selection_with": "cds_usage"},
        {"type": "cds_usage", "merge_selection_with": "cds_service_contracts"},
    )
    signed_in(visitor, "ana").go(path)
    expect(visitor.page.get_by_role("group", name="From which services")).to_have_count(1)
    visitor.look()
    visitor.box("222222").check()
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")
    grant = latest_grant()
    assert grant.scope == "cds_service_contracts cds_usage"
    chosen = {tuple(each.object_ids) for each in grant.selections.all()}
    assert len(chosen) == 1


@pytest.mark.spec("WG3-01 9.2.1.3 b")
def test_remove_and_undo_one_of_two_requests(cast, visitor, signed_in) -> None:
    """What may be left out can be removed and brought back, but never the last one."""
    cast.home("ana")
    path = cast.ask(
        {"type": "cds_service_contracts", "allow_scope_modifications": True},
        {"type": "cds_usage", "allow_scope_modifications": True},
    )
    signed_in(visitor, "ana").go(path)
    visitor.look()
    visitor.page.get_by_role("button", name=REMOVE_FIRST).click()
    expect(visitor.page.get_by_text("You removed this request")).to_be_visible()
    expect(visitor.page.get_by_role("button", name=re.compile("^Remove"))).to_have_count(0)
    visitor.look()
    visitor.page.get_by_role("button", name=re.compile("^Undo")).click()
    visitor.page.get_by_role("button", name=REMOVE_FIRST).click()
    visitor.box("222222").check()
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")
    assert latest_grant().scope == "cds_usage"
