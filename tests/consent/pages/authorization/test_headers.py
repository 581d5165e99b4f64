"""What the pages of a consent send along."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.test import RequestFactory

from consent.pages.authorization.middleware import (
    SESSION_KEY,
    AuthorizationSignInMiddleware,
)
from tests.consent.pages.world import MERGED, World, answer, form_url, sign_in


def test_pages_whose_form_ends_at_the_client_allow_it(world: World) -> None:
    """Browsers apply form-action to the redirects after a POST, so there must be none."""
    url = form_url(world.ask(details=MERGED))
    wrong = world.ask(
        "cds_usage",
        details=[
            {"type": "cds_usage", "contract_numbers": ["9"], "error_if_no_preselections": True}
        ],
    )
    for response in (
        world.browser.get(url),
        world.browser.post(url, answer()),
        world.browser.get(form_url(wrong)),
        world.browser.get("/oauth/authorize/ar_unknown/"),
    ):
        assert "form-action" not in response["Content-Security-Policy"]
        assert "default-src 'none'" in response["Content-Security-Policy"]


def test_other_pages_keep_form_action(world: World) -> None:
    """The exception is for the way to the client alone."""
    assert "form-action 'self'" in world.browser.get("/sharing/")["Content-Security-Policy"]


def test_pages_are_private(world: World) -> None:
    """No cache, no search engine, no referrer."""
    url = form_url(world.ask(details=MERGED))
    form = world.browser.get(url)
    world.browser.post(url, answer("sc_222222"))
    for response in (form, world.browser.get("/sharing/"), world.browser.get(url)):
        assert response["Cache-Control"] == "no-store"
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["X-Robots-Tag"] == "noindex"
        assert b'<meta name="referrer" content="same-origin">' in response.content


def _after_sign_in_page(path: str, session: dict[str, Any]) -> HttpResponse:
    request = RequestFactory().get(path)
    request.session = session  # type: ignore[assignment]
    return AuthorizationSignInMiddleware(lambda _: HttpResponse())(request)


@pytest.mark.parametrize(
    ("path", "session", "free"),
    [
        ("/accounts/login/?next=/oauth/authorize/ar_1/", {}, True),
        ("/accounts/login/?next=%2Foauth%2Fauthorize%2Far_1%2F", {}, True),
        ("/accounts/2fa/authenticate/", {SESSION_KEY: "/oauth/authorize/ar_1/"}, True),
        ("/accounts/login/", {}, False),
        ("/accounts/login/?next=/sharing/", {}, False),
        ("/sharing/", {SESSION_KEY: "/oauth/authorize/ar_1/"}, False),
    ],
)
def test_sign_in_on_the_way_to_a_client_allows_it_too(
    path: str, session: dict[str, Any], free: bool
) -> None:
    """Sign-in and second factor stand in the same chain of redirects."""
    response = _after_sign_in_page(path, session)
    assert (getattr(response, "_csp_replace", None) == {"form-action": None}) is free


def test_the_session_remembers_the_way(world: World) -> None:
    """Until the form is reached."""
    browser = Browser()
    url = form_url(world.ask())
    browser.get(url)
    sign_in(browser, world.alice, url)
    assert browser.session[SESSION_KEY] == url
    browser.get(url)
    assert SESSION_KEY not in browser.session
