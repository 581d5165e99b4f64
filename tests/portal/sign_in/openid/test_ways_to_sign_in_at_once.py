"""Two browsers of a person at once: the account keeps a way in, and there is one account."""

import threading
import time
from functools import partial
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client as Browser

from portal.models import User
from portal.sign_in.openid.adapter import SocialAccountAdapter
from portal.sign_in.openid.forms import DisconnectForm
from tests.portal.sign_in.openid.support import Traveller, configure, entry, heading
from tests.races import PATIENCE, at_once

pytestmark = pytest.mark.django_db(transaction=True)
WAYS = "/accounts/connections/"
PROVIDERS = ("utility", "other")


def test_two_providers_removed_at_once(monkeypatch, settings):
    """Each looks like the second way in, as long as the other is there."""
    url = "https://login.example"
    configure(settings, entry(url), entry(url, id="other", name="Other Login"))
    user = User.objects.create_user("me@here.example")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    ways = [SocialAccount.objects.create(user=user, provider=p, uid="1") for p in PROVIDERS]

    def remove(way: SocialAccount) -> int:
        browser = Browser()
        browser.force_login(user)
        session = browser.session
        shown = {"method": "socialaccount", "at": time.time(), "reauthenticated": True}
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [shown]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
        return int(browser.post(WAYS, {"account": way.pk}).status_code)

    both, inner = threading.Barrier(2), DisconnectForm.save

    def checked_before_the_other_was_removed(form: DisconnectForm) -> None:
        both.wait(PATIENCE)
        inner(form)

    monkeypatch.setattr(DisconnectForm, "save", checked_before_the_other_was_removed)
    assert sorted(at_once(*(partial(remove, way) for way in ways))) == [302, 409]
    assert SocialAccount.objects.count() == 1


def test_somebody_new_comes_twice_at_once(monkeypatch, utility_login, transactional_db):
    """One account is made; the other browser reads that there is one."""
    first, second = (Traveller(Browser()) for _ in range(2))
    url, other_url = first.visit(first.begin()), second.visit(second.begin())
    inner = SocialAccountAdapter.save_user

    def overtaken(*args: Any, **values: Any) -> Any:
        monkeypatch.setattr(SocialAccountAdapter, "save_user", inner)
        assert second.arrive(other_url).status_code == 302
        return inner(*args, **values)

    monkeypatch.setattr(SocialAccountAdapter, "save_user", overtaken)
    answer = first.arrive(url)
    assert (answer.status_code, heading(answer)) == (403, "You already have an account here")
    assert User.objects.count() == 1
