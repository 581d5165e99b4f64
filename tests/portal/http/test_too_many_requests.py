"""The page after too many attempts says how long to wait, in words and in the header."""

import re

import pytest
from allauth.account import app_settings
from allauth.core.internal.ratelimit import get_rates

from tests.factories.customerdata import PersonFactory
from tests.rates import rates

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stopped_clock")]
# What sign-in answers with the page; its other limits show beside a field.
PAGES = (
    "change_password",
    "login",
    "manage_email",
    "reauthenticate",
    "reset_password",
    "reset_password_from_key",
    "signup",
)


def said(answer):
    """Return the seconds that the page names, which the header must name too."""
    assert answer.status_code == 429
    words = re.search(r"Wait (\d+) seconds?, then try again", answer.content.decode())
    assert words
    assert answer["Retry-After"] == words[1]
    return int(words[1])


def test_a_limit_of_ours(client, settings):
    """Linking accounts: the wait is until the window ends."""
    rates(settings, link="1/min")
    client.force_login(PersonFactory.create())
    client.post("/accounts-link/", {"account_number": "1111-1"})
    answer = client.post("/accounts-link/", {"account_number": "1111-1"})
    assert 0 < said(answer) <= 61


def test_a_limit_of_sign_in(client, settings):
    """The page of the library for sign-in is ours."""
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    fields = {"login": "ana@example.com", "password": "guess"}
    assert client.post("/accounts/login/", fields).status_code == 200
    assert said(client.post("/accounts/login/", fields)) == 60


@pytest.mark.parametrize("action", PAGES)
def test_no_limit_of_sign_in_lasts_longer_than_said(action):
    """The page cannot know which limit it was."""
    for rate in get_rates(app="allauth.account", action=action):
        assert rate.duration <= 60
    assert action in app_settings.RATE_LIMITS
