"""Only the person who reads the form fills it in, and only its words are agreed to."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from consent.models import AuthorizationRequest, Grant, Receipt
from portal.models import TermsVersion
from tests.consent.oauth.support import CALLBACK
from tests.consent.pages.authorization.test_form import mark_in, ticked
from tests.consent.pages.world import MERGED, World, answer, form_url

CHANGED = "changed after you opened this page"
PURPOSE = {"id": "p1", "content": "Find savings", "related_uri": "", "related_name": ""}


def shown(world: World, request: AuthorizationRequest) -> str:
    """Return the mark of the form that alice reads now."""
    return mark_in(world.browser.get(form_url(request)).content.decode())


def with_purpose(world: World) -> AuthorizationRequest:
    """Return a request with a purpose of the company."""
    world.client.purposes = {"p1": PURPOSE}
    world.client.save()
    request = world.ask("cds_usage")
    request.access[0]["purpose"] = "p1"
    request.save()
    return request


@pytest.mark.parametrize("mark", ["", "0" * 64, None])
def test_the_company_fills_in_nothing(world: World, mark: str | None) -> None:
    """It knows the address of the form, and can have one shown to a person of its own."""
    request = world.ask(details=MERGED)
    url = form_url(request)
    company = Browser()
    if mark is None:
        company.force_login(world.carol)
        mark = mark_in(company.get(url).content.decode())
        company.post(url + "account/")
        company = Browser()
    forged = answer("sc_222222", later=True, mark=mark) | {"request-1-query": "nothing"}
    company.post(url, forged)
    assert ticked(world.browser.get(url).content.decode()) == []
    company.post(url, forged)
    html = world.browser.get(url).content.decode()
    assert ticked(html) == []
    assert "data-row hidden" not in html
    assert AuthorizationRequest.objects.get().choices == {}


def test_another_account_that_ticks_takes_the_request_over(world: World) -> None:
    """Then nobody else meets its ticks: the customer is told, and begins with an empty form."""
    url = form_url(world.ask(details=MERGED))
    other = Browser()
    other.force_login(world.carol)
    other.post(url, answer("sc_222222", action="update"))
    assert AuthorizationRequest.objects.get().user == world.carol
    assert world.browser.get(url).status_code == 404
    world.browser.post(url + "account/")
    world.browser.force_login(world.alice)
    assert ticked(world.browser.get(url).content.decode()) == []


def test_no_id_is_longer_than_ids_are(world: World) -> None:
    """What the form keeps is bounded."""
    url = form_url(world.ask(details=MERGED))
    world.browser.get(url)
    world.browser.post(url, answer("sc_222222", "x" * 64, "y" * 65, action="update"))
    kept = AuthorizationRequest.objects.get().choices["sections"]["0"]["selected"]
    assert kept == ["sc_222222", "x" * 64]


@pytest.mark.parametrize(
    "change",
    [
        {"client_name": "Utility Billing Office"},
        {"website_confirmed": timezone.now()},
        {"purposes": {"p1": {**PURPOSE, "content": "Sell it"}}},
    ],
)
def test_words_that_changed_are_read_first(world: World, change: dict[str, Any]) -> None:
    """The receipt must not prove what the customer never saw (CDS-WG3-01 9.4)."""
    request = with_purpose(world)
    world.client.client_uri = "https://acme.example.com/"
    world.client.save()
    before = shown(world, request)
    for name, value in change.items():
        setattr(world.client, "name" if name == "client_name" else name, value)
    world.client.save()
    response = world.browser.post(form_url(request), answer("sc_222222", mark=before))
    html = response.content.decode()
    assert response.status_code == 200
    assert CHANGED in html
    assert ticked(html) == ["sc_222222"]
    assert not Grant.objects.exists()

    again = world.browser.post(form_url(request), answer("sc_222222", mark=mark_in(html)))
    assert again["Location"].startswith(CALLBACK)
    assert Receipt.objects.get().snapshot["client"]["name"] == world.client.client_name


def test_terms_that_changed_are_read_first(world: World, settings: Any) -> None:
    """The receipt keeps the terms that the page led to (CDS-WG3-01 9.4)."""
    request = world.ask(details=MERGED)
    before = shown(world, request)
    settings.CUSTOMER_TERMS = "New words"
    html = world.browser.post(form_url(request), answer("sc_222222", mark=before)).content.decode()
    assert CHANGED in html
    assert not Grant.objects.exists()
    again = world.browser.post(form_url(request), answer("sc_222222", mark=mark_in(html)))
    assert again["Location"].startswith(CALLBACK)
    kept = Receipt.objects.get().snapshot["terms"]
    assert TermsVersion.objects.get(digest=kept).text == "New words"


def test_other_changes_disturb_nobody(world: World) -> None:
    """What the page and the receipt do not say may change."""
    request = with_purpose(world)
    before = shown(world, request)
    world.client.purposes = {"p1": PURPOSE, "p2": {**PURPOSE, "id": "p2", "content": "Another"}}
    world.client.save()
    response = world.browser.post(form_url(request), answer("sc_222222", mark=before))
    assert response["Location"].startswith(CALLBACK)


def test_a_removed_redirect_uri_gets_no_answer(world: World) -> None:
    """A Client takes an address back because it is no longer its own: no code goes there."""
    request = world.ask(details=MERGED)
    url = form_url(request)
    mark = shown(world, request)
    world.client.redirect_uri_list = ["https://acme.example.com/new"]
    world.client.save()
    for response in (
        world.browser.get(url),
        world.browser.post(url, answer("sc_222222", mark=mark)),
        world.browser.post(url, answer(action="decline", mark=mark)),
    ):
        assert response.status_code == 404
        assert "Location" not in response
    assert not Grant.objects.exists()
