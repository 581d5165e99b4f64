"""Customers of clients without a page of their own (CDS-WG3-01 9.1.1, 9.3.3)."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from consent.models import AuthorizationCode, Receipt
from consent.services.receipts import OPENS_FOR
from registration.urls_of import default_redirect_uri
from tests.consent.oauth.support import answer_of, make_party
from tests.consent.pages.world import MERGED, World, answer, form_url, make_world
from tests.races import at_once


def approved(world: World) -> tuple[str, dict[str, str]]:
    """Approve as alice; return the address of our own page, and its parameters."""
    url = default_redirect_uri(world.client.client_id)
    request = world.ask(details=MERGED, redirect_uri=url)
    response = world.browser.post(form_url(request), answer("sc_222222"))
    code = answer_of(response["Location"])["code"]
    return f"/oauth/default-redirect/{world.client.client_id}", {"code": code}


@pytest.mark.spec("WG3-01 9.1.1 q")
@pytest.mark.spec("WG1-02 4.2 i")
def test_success_leads_to_the_receipt(world: World) -> None:
    """Nobody else will bring the code: it is spent."""
    url, query = approved(world)
    page = Browser().get(url, query)
    assert page.status_code == 303
    assert page["Location"] == f"/receipts/{Receipt.objects.get().url_token}/"
    assert AuthorizationCode.objects.get().redeemed is not None


def test_a_code_opens_the_receipt_once(world: World) -> None:
    """The address stays in the history of a browser and in logs; the receipt can end a consent."""
    url, query = approved(world)
    assert Browser().head(url, query).status_code == 303
    page = Browser().get(url, query)
    assert page.status_code == 404
    assert Receipt.objects.get().url_token not in page.content.decode()
    assert "no longer opens a receipt" in page.content.decode()


def test_a_code_opens_the_receipt_for_minutes_only(world: World) -> None:
    """Also where nobody came for it."""
    url, query = approved(world)
    AuthorizationCode.objects.update(created=timezone.now() - OPENS_FOR)
    assert Browser().get(url, query).status_code == 404


def test_the_signed_in_customer_may_come_again(world: World) -> None:
    """Going back or loading the page again is no reason for an error."""
    url, query = approved(world)
    for _ in range(2):
        assert world.browser.get(url, query).status_code == 303
    AuthorizationCode.objects.update(created=timezone.now() - OPENS_FOR)
    assert world.browser.get(url, query).status_code == 303
    world.browser.force_login(world.carol)
    assert world.browser.get(url, query).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_browsers_at_once_one_gets_the_receipt(monkeypatch: Any) -> None:
    """The row is looked at when it is locked."""
    url, query = approved(make_world(monkeypatch))
    answers = at_once(*[lambda: Browser().get(url, query).status_code] * 3)
    assert sorted(answers) == [303, 404, 404]


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


@pytest.mark.spec("WG3-01 9.3.3 b")
@pytest.mark.spec("WG1-02 4.2 i")
def test_a_decline_is_confirmed(world: World) -> None:
    """access_denied is a confirmation, no error."""
    url = f"/oauth/default-redirect/{world.client.client_id}"
    html = Browser().get(url, {"error": "access_denied"}).content.decode()
    assert "You declined the request" in html
    assert "your confirmation" in html


@pytest.mark.spec("WG3-01 9.1.1 r", "WG3-01 9.3.3 c", "WG3-01 9.3.3 d")
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
