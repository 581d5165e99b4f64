"""CDS-WG3-01 9.1 and 9.2: the way of a customer from the company's link and back."""

import re

import pytest
from django.conf import settings
from django.test import Client as Browser

from consent.models import AuthorizationRequest, Grant, Receipt
from portal.models import OutboxEntry
from registration.urls_of import default_redirect_uri
from tests.consent.oauth.support import CALLBACK, answer_of, authorize_url
from tests.consent.pages.world import MERGED, World, answer, form_url

spec = pytest.mark.spec


@spec("WG3-01 9.1.1 b")
def test_defaults(world: World) -> None:
    """Scope, authorization details and redirect URI."""
    world.client.default_scope = "cds_usage"
    world.client.cds_default_redirect_uri = CALLBACK
    world.client.save()
    assert Browser().get(authorize_url(world.client)).status_code == 303
    request = AuthorizationRequest.objects.get()
    assert [entry["type"] for entry in request.access] == ["cds_usage"]
    assert request.params["redirect_uri"] == CALLBACK


@spec("WG3-01 9.1.1 a", "WG3-01 9.1.1 d")
@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("scope", "cds_unknown", "invalid_scope"),
        ("authorization_details", "{", "invalid_authorization_details"),
    ],
)
def test_invalid_parameters(world: World, field: str, value: str, error: str) -> None:
    """Before anybody signs in."""
    response = Browser().get(authorize_url(world.client, redirect_uri=CALLBACK, **{field: value}))
    assert response["Location"].startswith(CALLBACK)
    assert answer_of(response["Location"])["error"] == error


@spec("WG3-01 9.1.1 e", "WG3-01 9.1.1 f", "WG3-01 9.1.1 k", "WG3-01 9.1.2 a", "WG3-01 9.1.2 b")
def test_sign_in(world: World) -> None:
    """Nothing of a customer is shown before."""
    url = form_url(world.ask(details=MERGED))
    response = Browser().get(url)
    assert response["Location"] == f"/accounts/login/?next={url}"
    assert world.browser.get(url).status_code == 200


@spec("WG3-01 9.1.2 f")
def test_session_length(world: World) -> None:
    """Every look at the form begins the time anew."""
    assert settings.SESSION_COOKIE_AGE >= 600
    response = world.browser.get(form_url(world.ask(details=MERGED)))
    assert response.cookies[settings.SESSION_COOKIE_NAME]["max-age"] >= 600


@spec("WG3-01 9.1.2 g")
def test_sign_out(world: World) -> None:
    """The form asks for sign-in again."""
    url = form_url(world.ask(details=MERGED))
    world.browser.post("/accounts/logout/")
    assert world.browser.get(url).status_code == 302


@spec("WG3-01 9.1.1 m", "WG3-01 9.1.1 n", "WG3-01 9.1.1 p", "WG3-01 9.2.1.4 d", "WG3-01 9.4 a")
def test_authorizing(world: World) -> None:
    """All of it, with the client's state."""
    response = world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222"))
    answered = answer_of(response["Location"])
    assert response["Location"].startswith(CALLBACK)
    assert (answered["state"], "code" in answered) == ("state-1", True)
    assert Receipt.objects.get().grant == Grant.objects.get()
    assert Grant.objects.get().scope == "cds_service_contracts cds_usage"
    assert OutboxEntry.objects.filter(task="consent.tasks.send_receipt").count() == 1


@spec("WG3-01 9.1.1 q")
def test_default_redirect(world: World) -> None:
    """The company is not needed for it."""
    own = default_redirect_uri(world.client.client_id)
    request = world.ask(details=MERGED, redirect_uri=own)
    response = world.browser.post(form_url(request), answer("sc_222222"))
    url = f"/oauth/default-redirect/{world.client.client_id}"
    page = Browser().get(url, {"code": answer_of(response["Location"])["code"]})
    assert page["Location"] == f"/receipts/{Receipt.objects.get().url_token}/"


@spec("WG3-01 9.2 c", "WG3-01 9.2.1.6 a", "WG3-01 9.2.1.6 b", "WG3-01 9.2.1.6 f")
def test_buttons(world: World) -> None:
    """One click answers the client."""
    url = form_url(world.ask(details=MERGED))
    html = world.browser.get(url).content.decode()
    buttons = dict(re.findall(r'value="(authorize|decline)"[^>]*>\s*(?:<[^>]+>\s*)*(\w+)', html))
    assert buttons == {"authorize": "Authorize", "decline": "Decline"}
    response = world.browser.post(url, answer("sc_222222"))
    assert response["Location"].startswith(CALLBACK)


@spec("WG3-01 9.1.2 d", "WG3-01 9.2.1.2 d")
def test_documentation(world: World) -> None:
    """On the page that the scope description links."""
    text = Browser().get("/docs/scopes/cds_usage").content.decode()
    assert "Customers who can't sign in" in text
    assert "and when you registered" in text
