"""Signing in with a provider, the whole way over HTTP."""

import socket

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken

from portal.models import AuditEvent, User
from tests.portal.sign_in.openid.support import configure, entry

pytestmark = pytest.mark.django_db(transaction=True)


def test_somebody_new(provider, walker):
    """Code, PKCE, nonce, signature, userinfo; the address is confirmed, nothing else is kept."""
    walker.go("/accounts/login/?next=/sharing/").press("Continue with Utility Login")
    assert walker.way().startswith(f"{provider.url}/identity/o/authorize?")
    for parameter in ("code_challenge_method=S256", "code_challenge=", "nonce=", "state="):
        assert parameter in walker.way()
    walker.leave().sign_in_there()
    assert walker.back() == "/sharing/"
    assert "Signed in as ana@example.com" in walker.answer.text
    user = User.objects.get()
    assert (user.email, user.name, user.has_usable_password()) == (
        "ana@example.com",
        "Ana Example",
        False,
    )
    assert EmailAddress.objects.get(user=user).verified
    account = SocialAccount.objects.get(user=user)
    assert (account.provider, account.extra_data) == ("utility", {"email": "ana@example.com"})
    assert not SocialToken.objects.exists()
    assert AuditEvent.objects.get(action="sign_in.connected").details == {"provider": "utility"}

    # The second time is the same person.
    walker.go("/accounts/logout/").press("Sign out")
    walker.go("/accounts/signup/").press("Continue with Utility Login").leave()
    assert walker.back() == "/"
    assert "Signed in as ana@example.com" in walker.answer.text
    assert User.objects.count() == 1


def test_the_provider_is_down(provider, walker, settings):
    """A page in plain words, at once; the way back is kept, also for a password."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        configure(settings, entry(f"http://127.0.0.1:{port}"))
        walker.go("/accounts/login/?next=/sharing/%3Fa%3D1").press("Continue with Utility Login")
    assert walker.answer.status_code == 502
    assert walker.heading == "Utility Login is not responding"
    assert "Traceback" not in walker.answer.text
    walker.go(walker.page.xpath("//main//a[contains(@class, 'btn')]/@href")[0])
    assert walker.heading == "Sign in"
    configure(settings, entry(provider.url))
    walker.press("Continue with Utility Login").leave().sign_in_there()
    assert walker.back() == "/sharing/?a=1"


def test_the_person_says_no_there(provider, walker):
    """Nothing has changed, and the way back is kept."""
    provider.arrange(walker.portal, asks_consent=True)
    walker.go("/accounts/login/?next=/sharing/").press("Continue with Utility Login").leave()
    walker.sign_in_there().press("Cancel")
    assert walker.heading == "You did not sign in with Utility Login"
    assert walker.page.xpath("//main//a[contains(@class, 'btn')]/@href") == [
        "/accounts/login/?next=%2Fsharing%2F"
    ]
    assert not User.objects.exists()
