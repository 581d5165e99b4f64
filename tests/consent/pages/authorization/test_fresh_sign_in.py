"""Requests that want a new sign-in say so to identity providers (CDS-WG3-01 9.1.2)."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.test import Client as Browser

from consent.pages.authorization.middleware import SIGNED_IN_FOR
from portal.models import User
from tests.consent.pages.world import World, form_url, sign_in

pytestmark = pytest.mark.django_db


def add_factor(user: User) -> None:
    """Give somebody a second factor."""
    TOTP.activate(user, generate_totp_secret())


def is_asked_afresh(browser: Browser) -> bool:
    """Whether the next sign-in must be a new one."""
    return "sign_in_afresh" in browser.session


def test_prompt_login_signs_out_whoever_is_signed_in(world: World) -> None:
    """The session here must not answer for the person."""
    world.browser.get(form_url(world.ask(prompt="login")))
    assert "_auth_user_id" not in world.browser.session


def test_a_sign_in_that_goes_on_elsewhere_is_asked_too(world: World) -> None:
    """Begun for the request by password, with a second factor to come: no other tab ends it."""
    add_factor(world.alice)
    stranger = Browser()
    sign_in(stranger, world.alice, form_url(world.ask(prompt="login")))
    assert "_auth_user_id" not in stranger.session
    assert is_asked_afresh(stranger)


def test_a_wrong_password_is_no_sign_in_for_the_request(world: World) -> None:
    """Nothing is stored, so nothing counts later."""
    url = form_url(world.ask(prompt="login"))
    stranger = Browser()
    sign_in(stranger, world.alice, url, typed="not it")
    assert settings.SESSION_COOKIE_NAME not in stranger.cookies
    stranger.force_login(world.alice)
    assert stranger.get(url).status_code == 302


def test_somebody_who_is_signed_in_does_not_sign_in_for_a_request(world: World) -> None:
    """Posting the form of the sign-in page is no sign-in: the page does not ask them."""
    url = form_url(world.ask(prompt="login"))
    sign_in(world.browser, world.alice, "/sharing/")
    world.browser.force_login(world.alice)
    sign_in(world.browser, world.alice, url)
    assert world.browser.get(url).status_code == 302
    assert "_auth_user_id" not in world.browser.session


@pytest.mark.parametrize("target", ["/sharing/", "/oauth/authorize/ar_no_such/", "//[bad", "\x00"])
def test_other_targets_of_a_sign_in_mean_no_request(world: World, target: str) -> None:
    """Whatever stands in `next`."""
    stranger = Browser()
    sign_in(stranger, world.alice, target)
    assert SIGNED_IN_FOR not in stranger.session


def test_another_account_is_asked_for(world: World) -> None:
    """9.2.1.7: a provider would otherwise recognise the same person again."""
    url = form_url(world.ask())
    world.browser.get(url)
    assert world.browser.post(f"{url}account/").status_code == 302
    assert is_asked_afresh(world.browser)
