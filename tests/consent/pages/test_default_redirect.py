"""Customers of clients without a page of their own (CDS-WG3-01 9.1.1, 9.3.3)."""

import pytest
from django.test import Client as Browser

from consent.models import AuthorizationCode, Receipt
from registration.addresses import default_redirect_uri
from tests.consent.oauth.support import answer_of, make_party
from tests.consent.pages.world import MERGED, World, answer, form_url


@pytest.mark.spec("WG1-02 4.2 i")
def test_success_leads_to_the_receipt(world: World) -> None:
    """The code is shown to us, not spent."""
    url = default_redirect_uri(world.client.client_id)
    request = world.ask(details=MERGED, redirect_uri=url)
    response = world.browser.post(form_url(request), answer("sc_222222"))
    code = answer_of(response["Location"])["code"]
    page = Browser().get(f"/oauth/default-redirect/{world.client.client_id}", {"code": code})
    assert page.status_code == 303
    assert page["Location"] == f"/receipts/{Receipt.objects.get().url_token}/"
    assert AuthorizationCode.objects.get().redeemed is None


def test_a_client_cannot_turn_its_code_into_the_receipt(world: World) -> None:
    """The receipt's address can end the consent: a code that went to the client's own page does
    not lead there."""
    response = world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222"))
    code = answer_of(response["Location"])["code"]
    url = f"/oauth/default-redirect/{world.client.client_id}"
    assert Browser().get(url, {"code": code}).status_code == 404


def test_codes_of_other_clients_show_nothing(world: World) -> None:
    """A code opens the receipt at its own client's address only."""
    own = default_redirect_uri(world.client.client_id)
    request = world.ask(details=MERGED, redirect_uri=own)
    response = world.browser.post(form_url(request), answer("sc_222222"))
    code = answer_of(response["Location"])["code"]
    other = make_party().app
    url = f"/oauth/default-redirect/{other.client_id}"
    assert Browser().get(url, {"code": code}).status_code == 404
    assert Browser().get(url, {"code": "wrong"}).status_code == 404


@pytest.mark.spec("WG1-02 4.2 i")
def test_a_decline_is_confirmed(world: World) -> None:
    """access_denied is a confirmation, no error."""
    url = f"/oauth/default-redirect/{world.client.client_id}"
    html = Browser().get(url, {"error": "access_denied"}).content.decode()
    assert "You declined the request" in html
    assert "your confirmation" in html


@pytest.mark.spec("WG1-02 4.2 i")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("invalid_scope", "may not ask for"),
        ("no_preselections", "does not have the accounts"),
        ("something_new", "could not be completed"),
    ],
)
def test_failures_say_why_and_whom_to_tell(world: World, error: str, reason: str) -> None:
    """9.3.3: the reason, and the advice to contact the company."""
    url = f"/oauth/default-redirect/{world.client.client_id}"
    query = {"error": error, "error_description": "<b>Call 555-0100</b>"}
    html = Browser().get(url, query).content.decode()
    assert reason in html
    assert "Tell Acme Energy Auditors" in html
    assert "555-0100" not in html.split("<main")[1].split("</main>")[0]


def test_unknown_clients_and_empty_queries_are_not_found(world: World) -> None:
    """Nothing to show."""
    assert Browser().get("/oauth/default-redirect/cl_no", {"error": "x"}).status_code == 404
    url = f"/oauth/default-redirect/{world.client.client_id}"
    assert Browser().get(url).status_code == 404
