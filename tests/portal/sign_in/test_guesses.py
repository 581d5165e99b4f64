"""Guessing is bounded; strangers lock nobody out, staff included."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.core import signing
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from customerdata.demo.people import lasting_code
from portal.models import AuditEvent, OutboxEntry, User
from portal.sign_in import browsers
from portal.sign_in.notices import CHANGE_TASK
from tests.mails import delivered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stopped_clock")]
NOON = timezone.now().replace(hour=12)
PASSWORD = "a-long-enough-password"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOCKED = "Too many attempts have failed"


@pytest.fixture(autouse=True)
def _many_requests(settings: Any) -> None:
    """Only wrong passwords are counted here."""
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": None, "login": None, "reauthenticate": None}


@pytest.fixture
def ana() -> User:
    """Somebody with a password."""
    user = User.objects.create_user("ana@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def attempt(client: Client, password: str, login: str = "ana@example.com", net: str = "192.0.2.1"):
    """Try a password from a network."""
    sent = {"login": login, "password": password}
    return client.post("/accounts/login/", sent, REMOTE_ADDR=net)


def is_locked(answer: Any) -> bool:
    """Whether a try was refused unseen."""
    return answer.status_code == 200 and LOCKED in answer.content.decode()


@pytest.mark.parametrize("is_staff", [False, True])
def test_a_stranger_locks_nobody_out(client, ana, is_staff):
    """Five wrong passwords stop their network, not the person at home."""
    User.objects.update(is_staff=is_staff)
    for _ in range(6):
        attempt(client, "guess")
    assert is_locked(attempt(client, PASSWORD))
    assert attempt(client, PASSWORD, net="198.51.100.7").status_code == 302


def test_a_known_browser_passes_in_the_network_of_the_stranger(client, ana):
    """An office: somebody guesses, the person works at the next desk."""
    home = Client()
    assert attempt(home, PASSWORD).status_code == 302
    home.post("/accounts/logout/")
    for _ in range(6):
        attempt(client, "guess")
    assert is_locked(attempt(client, PASSWORD))
    assert attempt(home, PASSWORD).status_code == 302


def test_a_known_browser_has_few_tries_of_its_own(ana):
    """Whoever gets hold of it guesses no more than ten an hour, and then as a stranger."""
    home = Client()
    attempt(home, PASSWORD)
    home.post("/accounts/logout/")
    answers = [attempt(home, "guess") for _ in range(16)]
    assert [is_locked(each) for each in answers] == [False] * 15 + [True]
    assert is_locked(attempt(home, PASSWORD))


def test_the_mark_of_a_browser(client, rf, ana):
    """Long-lived, out of reach of scripts and other sites, for this person and password alone."""
    attempt(client, PASSWORD)
    cookie = client.cookies[browsers.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (
        True,
        "Strict",
        "/accounts/",
    )
    assert cookie["max-age"] == 365 * 86400
    assert "ana" not in cookie.value
    other = User.objects.create_user("bo@example.com", PASSWORD)
    request = rf.get("/")
    request.COOKIES[browsers.COOKIE] = cookie.value
    assert browsers.mark_of(request, ana)
    assert not browsers.mark_of(request, other)
    assert not browsers.mark_of(request, None)
    ana.set_password("another-long-password")
    assert not browsers.mark_of(request, ana)


def test_the_mark_is_sent_over_https_alone(settings, rf, ana):
    """Where the portal is reached by https."""
    settings.SESSION_COOKIE_SECURE = True
    response = HttpResponse()
    browsers.remember(rf.get("/"), response, ana)
    assert response.cookies[browsers.COOKIE]["secure"] is True


def test_a_mark_that_we_did_not_make_is_none(rf, ana):
    """Nobody writes one for somebody else."""
    request = rf.get("/")
    for value in ("", "x", "a:b:c", signing.dumps([["m", "p"]], salt="other")):
        request.COOKIES[browsers.COOKIE] = value
        assert browsers.mark_of(request, ana) == ""


def test_a_browser_knows_only_so_many(client):
    """A computer in a library: the cookie does not grow."""
    for number in range(7):
        user = User.objects.create_user(f"p{number}@example.com", PASSWORD)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        assert attempt(client, PASSWORD, user.email).status_code == 302
        client.post("/accounts/logout/")
    assert len(client.cookies[browsers.COOKIE].value) < 700


def test_guesses_from_all_around_are_bounded_and_told(client, ana):
    """Many networks: a hundred a day for one person, who gets one mail, and whom a mail lets in."""
    home = Client()
    attempt(home, PASSWORD, net="203.0.113.1")
    home.post("/accounts/logout/")
    answers = [attempt(client, "guess", net=f"10.0.{n}.1") for n in range(103)]
    assert [is_locked(each) for each in answers] == [False] * 100 + [True] * 3
    assert is_locked(attempt(client, PASSWORD, net="10.1.0.1"))
    assert attempt(home, PASSWORD, net="203.0.113.1").status_code == 302
    (message,) = delivered(CHANGE_TASK)
    assert message.to == ["ana@example.com"]
    assert "Many wrong passwords" in message.body
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        assert attempt(client, PASSWORD, net="10.1.0.1").status_code == 302


def test_one_network_cannot_use_up_what_all_have(client, ana):
    """It has twenty tries a day for one person; refused ones count nowhere else."""
    for minutes in range(30):
        with time_machine.travel(NOON + timedelta(minutes=minutes), tick=False):
            for _ in range(8):
                attempt(client, "guess")
    with time_machine.travel(NOON + timedelta(minutes=31), tick=False):
        assert attempt(client, PASSWORD, net="198.51.100.7").status_code == 302
    failed = AuditEvent.objects.filter(action="sign_in.failed")
    assert failed.count() == 20


def test_tries_past_a_limit_leave_no_row(client, ana):
    """One row says that somebody is locked out, however often they go on."""
    for _ in range(50):
        attempt(client, "guess")
    events = AuditEvent.objects.filter(action__startswith="sign_in.")
    assert events.filter(action="sign_in.failed").count() == 5
    assert events.filter(action="sign_in.locked").count() <= 2
    assert events.count() <= 7


def test_right_passwords_use_nothing_up(client, ana):
    """Whoever signs in often is no guesser."""
    for _ in range(30):
        assert attempt(Client(), PASSWORD).status_code == 302


def test_codes_are_counted_too(client, ana):
    """Six digits do not last against somebody who has the password."""
    TOTP.activate(ana, SECRET)
    attempt(client, PASSWORD)
    page = "/accounts/2fa/authenticate/"
    for _ in range(5):
        assert "This code does not work" in client.post(page, {"code": "000000"}).content.decode()
    refused = client.post(page, {"code": lasting_code(SECRET)})
    assert "Too many wrong codes" in refused.content.decode()
    failed = AuditEvent.objects.filter(action="sign_in.failed", details={"kind": "code"})
    assert failed.count() == 5
    assert set(failed.values_list("subject", flat=True)) == {f"user:{ana.pk}"}


def test_somebody_who_has_the_password_does_not_lock_out_the_phone(ana):
    """Their wrong codes count in their network; the owner's browser has tries of its own."""
    TOTP.activate(ana, SECRET)
    home, thief = Client(), Client()
    attempt(home, PASSWORD)
    home.post("/accounts/2fa/authenticate/", {"code": lasting_code(SECRET)})
    assert "_auth_user_id" in home.session
    home.post("/accounts/logout/")
    attempt(thief, PASSWORD)
    for _ in range(6):
        thief.post("/accounts/2fa/authenticate/", {"code": "000000"}, REMOTE_ADDR="192.0.2.1")
    attempt(home, PASSWORD)
    with time_machine.travel(timezone.now() + timedelta(seconds=90), tick=False):
        home.post("/accounts/2fa/authenticate/", {"code": lasting_code(SECRET)})
    assert "_auth_user_id" in home.session


def test_many_wrong_codes_are_told(ana):
    """The person learns that somebody has the password."""
    TOTP.activate(ana, SECRET)
    for number in range(8):
        net = f"10.0.{number}.1"
        thief = Client(REMOTE_ADDR=net)
        attempt(thief, PASSWORD, net=net)
        for _ in range(5):
            thief.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert OutboxEntry.objects.filter(task=CHANGE_TASK).count() == 1
    assert "by someone who knows your password" in delivered(CHANGE_TASK)[0].body
