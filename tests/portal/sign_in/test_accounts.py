"""Sign-in: where people land, and what strangers learn."""

import pytest
from allauth.account.models import EmailAddress
from django.test import RequestFactory

from portal.models import User
from portal.sign_in.accounts import AccountAdapter
from tests.mails import delivered

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example/",
        "///evil.example/",
        "////evil.example",
        "/\\evil.example/",
        "\\\\evil.example",
        "https:evil.example",
        "https:///evil.example",
        "http:///evil.example",
        "javascript:alert(1)",
        "https://testserver.evil.example/",
        "http://testserver@evil.example/",
        "\x00//evil.example",
        " //evil.example",
        "\t//evil.example",
        "",
        None,
    ],
)
def test_no_link_leads_away_after_sign_in(url):
    """Browsers read more addresses as foreign than urlsplit does."""
    assert not AccountAdapter(RequestFactory().get("/")).is_safe_url(url)


@pytest.mark.parametrize("url", ["/sharing/", "/oauth/authorize/ar_1/?x=1", "http://testserver/a"])
def test_own_pages_are_followed(url):
    """The way back to the form that asked for sign-in."""
    assert AccountAdapter(RequestFactory().get("/")).is_safe_url(url)


def test_sign_in_does_not_follow_a_foreign_next(client):
    """The whole way, through the sign-in page."""
    user = User.objects.create_user("ana@example.com", "a-long-enough-password")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    answer = client.post(
        "/accounts/login/?next=///evil.example/",
        {"login": user.email, "password": "a-long-enough-password", "next": "///evil.example/"},
    )
    assert answer.status_code == 302
    assert "evil.example" not in answer["Location"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/accounts/password/reset/", {}),
        (
            "/accounts/signup/",
            {"password1": "a-long-enough-password", "password2": "a-long-enough-password"},
        ),
    ],
)
def test_known_and_unknown_addresses_look_alike(client, path, fields):
    """Who is a customer here is nobody's business; only the owner of the mailbox learns more."""
    user = User.objects.create_user("ana@example.com", "another-long-password")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    known = client.post(path, {"email": "ana@example.com"} | fields)
    unknown = client.post(path, {"email": "nobody@example.com"} | fields)
    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"]
    assert {address for each in delivered() for address in each.to} == {
        "ana@example.com",
        "nobody@example.com",
    }
