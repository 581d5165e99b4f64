"""Roles are given and taken by command, a lost second factor is reset; all of it is on record."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from customerdata.demo.people import lasting_code
from portal import tasks  # noqa: F401 -- the outbox runs them
from portal.models import AuditEvent, OutboxEntry, User
from tests.registration.onboarding_support import run_outbox

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"


def somebody(email: str, *, verified: bool = True, **more) -> User:
    """Somebody who has signed up."""
    user = User.objects.create_user(email, PASSWORD, **more)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def signed_in(user: User) -> Browser:
    """A browser with a session."""
    browser = Browser()
    browser.force_login(user)
    return browser


def is_in(browser: Browser) -> bool:
    """Whether the portal still knows who this is."""
    return browser.get("/accounts/connections/").status_code == 200


def roles(user: User) -> tuple[bool, bool]:
    """Return whether a person is staff, and administrator."""
    user.refresh_from_db()
    return user.is_staff, user.is_superuser


def recorded(*actions: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return action, actor and details of what was done to people."""
    rows = AuditEvent.objects.filter(action__in=actions).order_by("pk")
    return [(row.subject, row.actor, row.details) for row in rows]


@pytest.fixture
def sam():
    return somebody("sam@example.com")


@pytest.fixture
def with_codes(sam):
    """Somebody with app and recovery codes."""
    TOTP.activate(sam, generate_totp_secret())
    RecoveryCodes.activate(sam)
    return sam


def test_roles_come_and_go(sam, staff, capsys):
    """The command gives exactly the role that it names; each change is on record."""
    by, subject = f"user:{staff.pk}", f"user:{sam.pk}"
    call_command("make_staff", "Sam@example.com", by=staff.email)
    assert roles(sam) == (True, False)
    call_command("make_staff", sam.email, "--admin", by=staff.email)
    assert roles(sam) == (True, True)
    call_command("make_staff", sam.email, by=staff.email)
    assert roles(sam) == (True, False)
    call_command("remove_staff", "Sam@example.com", by=staff.email)
    assert roles(sam) == (False, False)
    assert recorded("staff.made", "staff.removed") == [
        (subject, by, {"role": "staff"}),
        (subject, by, {"role": "administrator"}),
        (subject, by, {"role": "staff"}),
        (subject, by, {}),
    ]
    assert "sam@example.com is now an administrator" in capsys.readouterr().out


def test_the_first_member_of_staff_is_made_without_a_name(sam, staff):
    """There is nobody to name yet; whose sign-in is closed works here no more."""
    User.objects.filter(pk=staff.pk).update(is_active=False)
    call_command("make_staff", sam.email)
    assert recorded("staff.made") == [
        (f"user:{sam.pk}", "command:make_staff", {"role": "staff"}),
    ]
    with pytest.raises(CommandError, match="--by"):
        call_command("make_staff", sam.email, "--admin")
    call_command("make_staff", sam.email, "--admin", by=sam.email)
    assert roles(sam) == (True, True)


@pytest.mark.parametrize("before", [[], ["--admin"]])
@pytest.mark.parametrize("words", [["make_staff"], ["make_staff", "--admin"], ["remove_staff"]])
def test_a_change_of_role_signs_out(sam, staff, before, words):
    """Everywhere, but nobody else; without a change nothing happens."""
    call_command("make_staff", sam.email, *before, by=staff.email)
    browsers = [signed_in(sam), signed_in(sam)]
    other = signed_in(somebody("carol@example.com"))
    name, *options = words
    is_same = name == "make_staff" and options == before
    if is_same:
        with pytest.raises(CommandError, match="already has this role"):
            call_command(name, sam.email, *options, by=staff.email)
    else:
        call_command(name, sam.email, *options, by=staff.email)
    assert [is_in(browser) for browser in browsers] == [is_same] * 2
    assert is_in(other)


def test_a_role_needs_a_confirmed_sign_in():
    """Else it would go to whoever wrote down the address first."""
    unconfirmed = somebody("new@example.com", verified=False)
    EmailAddress.objects.create(user=unconfirmed, email="own@example.com", verified=True)
    closed = somebody("gone@example.com", is_active=False)
    for address in (unconfirmed.email, closed.email, "nobody@example.com"):
        with pytest.raises(CommandError):
            call_command("make_staff", address, "--admin")
    assert not User.objects.filter(is_staff=True).exists()
    assert recorded("staff.made") == []


def test_who_has_no_role_loses_none(sam, staff):
    """The command says so."""
    for address in (sam.email, "nobody@example.com"):
        with pytest.raises(CommandError):
            call_command("remove_staff", address, by=staff.email)
    assert recorded("staff.removed") == []


def test_a_new_administrator_sets_up_a_second_factor_first(sam):
    """The password opens the administration for nobody."""
    call_command("make_staff", sam.email, "--admin")
    browser = Browser()
    answer = browser.post("/accounts/login/", {"login": sam.email, "password": PASSWORD})
    assert answer["Location"] == "/accounts/2fa/totp/activate/"
    page = browser.get("/admin/", follow=True)
    assert ("/accounts/2fa/totp/activate/", 302) in page.redirect_chain
    assert browser.get("/admin/portal/user/").status_code == 302


def test_a_lost_second_factor_is_reset(with_codes, staff):
    """All codes and sessions end, the person reads why, and sets up a new one."""
    call_command("make_staff", with_codes.email, "--admin", by=staff.email)
    browser, other = signed_in(with_codes), somebody("carol@example.com")
    secret = generate_totp_secret()
    TOTP.activate(other, secret)
    reason = "Your phone <b>fell</b>."
    call_command("reset_second_factor", "Sam@example.com", reason=reason, by=staff.email)
    assert not is_in(browser)
    assert [each.user for each in Authenticator.objects.all()] == [other]
    assert recorded("second_factor.reset") == [
        (
            f"user:{with_codes.pk}",
            f"user:{staff.pk}",
            {"reason": reason},
        )
    ]
    run_outbox("portal.tasks.send_second_factor_reset")
    message: Any = mail.outbox[0]
    assert len(mail.outbox) == 1
    assert message.to == [with_codes.email]
    assert "Reason: Your phone <b>fell</b>." in message.body
    assert "http://testserver/accounts/2fa/" in message.body
    assert "Reason: Your phone &lt;b&gt;fell&lt;/b&gt;." in message.alternatives[0].content
    answer = browser.post("/accounts/login/", {"login": with_codes.email, "password": PASSWORD})
    assert answer["Location"] == "/accounts/2fa/totp/activate/"
    signing_in = Browser()
    signing_in.post("/accounts/login/", {"login": other.email, "password": PASSWORD})
    code = {"code": lasting_code(secret)}
    assert signing_in.post("/accounts/2fa/authenticate/", code)["Location"] == "/"


def test_a_reset_needs_a_reason_and_something_to_reset(with_codes, staff):
    """Nothing happens otherwise."""
    browser, other = signed_in(with_codes), somebody("carol@example.com")
    for words in (
        [with_codes.email],
        [with_codes.email, "--reason", " "],
        [other.email, "--reason", "x"],
        ["nobody@example.com", "--reason", "x"],
    ):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", *words, "--by", staff.email)
    assert is_in(browser)
    assert Authenticator.objects.filter(user=with_codes).count() == 2
    assert recorded("second_factor.reset") == []
    assert not OutboxEntry.objects.exists()
