"""Requests that want a new sign-in say so to identity providers (CDS-WG3-01 9.1.2)."""

import pytest
from django.test import Client as Browser

from tests.consent.pages.world import World, form_url

pytestmark = pytest.mark.django_db


def is_asked_afresh(browser: Browser) -> bool:
    """Whether the next sign-in must be a new one."""
    return "sign_in_afresh" in browser.session


def test_prompt_login_asks_strangers_and_people_who_are_signed_in(world: World) -> None:
    """The session of the provider must not answer for the person."""
    url = form_url(world.ask(prompt="login"))
    stranger = Browser()
    stranger.get(url)
    assert is_asked_afresh(stranger)
    world.browser.get(url)
    assert "_auth_user_id" not in world.browser.session
    assert is_asked_afresh(world.browser)


def test_other_requests_do_not(world: World) -> None:
    """Whoever is signed in at the provider need not type again."""
    stranger = Browser()
    stranger.get(form_url(world.ask()))
    assert not is_asked_afresh(stranger)


def test_another_account_is_asked_for(world: World) -> None:
    """9.2.1.7: a provider would otherwise recognise the same person again."""
    url = form_url(world.ask())
    world.browser.get(url)
    assert world.browser.post(f"{url}account/").status_code == 302
    assert is_asked_afresh(world.browser)
