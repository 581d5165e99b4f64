"""Signing in with a provider in a browser: there and back, with and without scripts."""

import pytest
from playwright.sync_api import expect

from portal.models import User
from tests.browser.test_sign_in import approve
from tests.portal.sign_in.openid.support import (
    ANA,
    PASSWORD_THERE,
    configure,
    entry,
    identity_provider,  # noqa: F401 -- a fixture
)
from tests.registration.onboarding_support import offer_with, register, requirement, statuses

pytestmark = pytest.mark.browser


@pytest.fixture
def provider(portal, settings, identity_provider):  # noqa: F811
    """Where ana has an account; the operator trusts its addresses."""
    identity_provider.arrange(portal)
    configure(settings, entry(identity_provider.url, match_email=True))
    return identity_provider


def sign_in_there(visitor, email=ANA["email"]) -> None:
    """Fill in the provider's own page."""
    visitor.sees("Sign In")
    visitor.page.get_by_label("Email").fill(email)
    visitor.page.get_by_label("Password").fill(PASSWORD_THERE)
    visitor.press("Sign In")


def look_at_the_way(visitor) -> None:
    """The page between portal and provider goes on by itself; nobody needs to stay on it."""
    visitor.looked_at.add("/accounts/oidc/utility/login/")


@pytest.mark.parametrize(("width", "script"), [(1280, True), (320, False)])
def test_consent_with_a_provider(provider, cast, new_visitor, width, script) -> None:
    """No form-action in the way, and the request survives: form, approval, company."""
    cast.home("ana")
    visitor = new_visitor(width=width, script=script)
    visitor.go(cast.ask())
    visitor.sees("Sign in")
    visitor.look()
    visitor.press("Continue with Utility Login")
    look_at_the_way(visitor)
    sign_in_there(visitor)
    approve(visitor)


def test_prompt_login_is_a_new_sign_in(provider, cast, visitor) -> None:
    """The provider knows the person and asks nevertheless (CDS-WG3-01 9.1.2)."""
    cast.home("ana")
    visitor.go("/accounts/login/?next=/accounts/connections/")
    visitor.look()
    visitor.press("Continue with Utility Login")
    look_at_the_way(visitor)
    sign_in_there(visitor)
    visitor.sees("Ways to sign in")
    visitor.look()
    visitor.go(cast.ask(prompt="login"))
    visitor.sees("Sign in")
    visitor.press("Continue with Utility Login")
    visitor.page.get_by_label("Password").fill(PASSWORD_THERE)
    visitor.press("Confirm")
    approve(visitor)


def test_ways_to_sign_in(provider, cast, new_visitor, signed_in, password) -> None:
    """Add a provider after the password, on a phone."""
    visitor = signed_in(new_visitor(width=320), "bo")
    provider.arrange(visitor.base, {**ANA, "email": "bo@there.example"})
    visitor.go("/accounts/connections/")
    visitor.look()
    visitor.press("Add Utility Login")
    visitor.sees("Confirm it's you")
    visitor.look()
    visitor.page.get_by_label("Password").fill(password)
    visitor.press("Continue")
    look_at_the_way(visitor)
    sign_in_there(visitor, "bo@there.example")
    visitor.sees("Ways to sign in")
    expect(visitor.page.get_by_text("You sign in as bo@there.example.")).to_be_visible()
    visitor.look()
    visitor.press("Remove Utility Login")
    expect(visitor.page.get_by_text("It can no longer be used to sign in.")).to_be_visible()
    visitor.look()


def test_sso_verification(provider, portal, new_visitor) -> None:
    """From the link of the Message to "This is done", on a phone."""
    provider.arrange(portal, {**ANA, "email": "new@example.com"})
    offer_with("customer_sign_in")
    step = requirement(register(), "customer_sign_in")
    visitor = new_visitor(width=320)
    visitor.go(step.message.related_uri)
    visitor.look()
    visitor.press("Continue with Utility Login")
    look_at_the_way(visitor)
    sign_in_there(visitor, "new@example.com")
    visitor.page.get_by_text("You are signed in as Ana Example").wait_for()
    visitor.look()
    visitor.press("Link my account to Solar Helper")
    visitor.page.get_by_text("This is done").wait_for()
    assert statuses(step) == ["pending", "complete"]
    assert User.objects.filter(email="new@example.com").exists()


def test_a_sign_in_that_does_not_work(provider, portal, visitor) -> None:
    """The page of an unconfirmed address, and the button of a plain link."""
    provider.arrange(portal, {**ANA, "email": "new@example.com", "verified": False})
    visitor.go("/accounts/oidc/utility/login/?next=/sharing/")
    visitor.sees("Continue with Utility Login")
    visitor.look()
    visitor.press("Continue with Utility Login")
    sign_in_there(visitor, "new@example.com")
    visitor.sees("Your email address is not confirmed")
    visitor.look()
    visitor.follow("Back to sign-in")
    visitor.sees("Sign in")
    visitor.look()
    visitor.go("/accounts/signup/")
    visitor.look()
