"""Signing in on the way to a request, and getting back to the company from every page of it."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from consent.models import AuthorizationRequest
from customerdata.demo.people import address_of, current_code, person
from tests.browser.callback import answer_in
from tests.browser.visitor import ASKS
from tests.browser.world import latest_grant
from tests.factories.consent import GrantFactory

pytestmark = pytest.mark.browser


def approve(visitor) -> None:
    """Choose a service on the open form and authorize."""
    visitor.sees(ASKS)
    visitor.look()
    visitor.box("222222").check()
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")


def test_prompt_login_asks_again_once(cast, visitor, signed_in, password) -> None:
    """The company may want a fresh sign-in; one is enough, and a language change costs none."""
    cast.home("ana")
    signed_in(visitor, "ana").go(cast.ask(prompt="login"))
    visitor.sign_in(address_of("ana"), password)
    visitor.sees(ASKS)
    visitor.page.reload()
    approve(visitor)


@pytest.mark.spec("WG3-01 9.2.1.7 a")
def test_use_another_account(cast, visitor, signed_in, password) -> None:
    """A shared computer: the request moves to the other account, the ticks do not."""
    cast.home("ana")
    cast.services("bo", 2)
    signed_in(visitor, "bo").go(cast.ask())
    visitor.sees(ASKS)
    visitor.look()
    visitor.box("420001").check()
    visitor.press("Use another account")
    visitor.sign_in(address_of("ana"), password)
    visitor.sees(ASKS)
    expect(visitor.page.get_by_text("Signed in as ana@example.com")).to_be_visible()
    expect(visitor.page.get_by_role("checkbox", checked=True)).to_have_count(0)
    approve(visitor)
    assert latest_grant().user == person("ana")


def test_session_that_ends_meanwhile_loses_nothing(cast, visitor, signed_in, password) -> None:
    """What was ticked is still ticked after the sign-in."""
    cast.home("ana")
    signed_in(visitor, "ana").go(cast.ask())
    visitor.sees(ASKS)
    visitor.look()
    visitor.box("333333").check()
    Session.objects.all().delete()
    visitor.press("Authorize")
    visitor.sign_in(address_of("ana"), password)
    visitor.sees(ASKS)
    expect(visitor.box("333333")).to_be_checked()
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")


def test_whoever_is_still_there_stays_signed_in(cast, visitor, signed_in, settings) -> None:
    """Staying is one click; a page whose request or session is gone says so (9.1.2)."""
    settings.SESSION_COOKIE_AGE = 121
    cast.home("ana")
    signed_in(visitor, "ana").go(cast.ask())
    visitor.sees(ASKS)
    warning = visitor.page.get_by_text("You will be signed out in two minutes.")
    expect(warning).to_be_visible()
    visitor.look()
    # The banner would be back within a second: what counts is that the form lives on.
    AuthorizationRequest.objects.update(expires=timezone.now() + timedelta(seconds=60))
    with visitor.page.expect_response("**/extend/") as answer:
        visitor.press("Stay signed in")
    assert answer.value.status == 204
    assert AuthorizationRequest.objects.get().expires > timezone.now() + timedelta(minutes=10)

    AuthorizationRequest.objects.update(expires=timezone.now())
    visitor.press("Stay signed in")
    expect(visitor.page.get_by_text("This request has expired.")).to_be_visible()
    expect(warning).to_be_hidden()

    AuthorizationRequest.objects.update(expires=timezone.now() + timedelta(minutes=5))
    visitor.page.reload()
    expect(warning).to_be_visible()
    Session.objects.all().delete()
    visitor.press("Stay signed in")
    expect(visitor.page.get_by_text("Your session has ended.")).to_be_visible()
    expect(warning).to_be_hidden()


def test_wrong_password_then_second_factor_then_consent(cast, visitor, password) -> None:
    """Staff are customers too: sign-in error, code page, form, company on another origin."""
    cast.home("staff")
    visitor.go(cast.ask())
    visitor.sign_in(address_of("staff"), "not-the-password")
    expect(visitor.page.get_by_role("alert")).to_be_visible()
    visitor.look()
    visitor.sign_in(address_of("staff"), password)
    visitor.sees("Enter your code")
    visitor.look()
    visitor.page.get_by_role("textbox").fill(current_code("staff"))
    visitor.press("Continue")
    approve(visitor)


def test_sign_in_that_ends_at_the_company_at_once(cast, visitor, password, acme_site) -> None:
    """Sign-in POST, form, company, its own redirect: one chain that form-action would cut."""
    cast.home("ana")
    grant = GrantFactory.create(client=cast.app, waiting=True)
    visitor.go(cast.ask(cds_grant_id=grant.grant_id))
    visitor.sign_in(address_of("ana"), password)
    visitor.sees("Welcome back to Acme")
    assert visitor.page.url.startswith(acme_site.landing)
    assert answer_in(visitor.page.url)["error"] == "cds_grant_id_invalid_user"


def test_second_factor_that_ends_at_the_company_at_once(cast, visitor, password) -> None:
    """The same chain from the code page."""
    cast.home("staff")
    grant = GrantFactory.create(client=cast.app, waiting=True)
    visitor.go(cast.ask(cds_grant_id=grant.grant_id))
    visitor.sign_in(address_of("staff"), password)
    visitor.look()
    visitor.page.get_by_role("textbox").fill(current_code("staff"))
    visitor.press("Continue")
    visitor.sees("Welcome back to Acme")
    assert answer_in(visitor.page.url)["error"] == "cds_grant_id_invalid_user"
