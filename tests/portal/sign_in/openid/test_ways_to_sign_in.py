"""Connecting and removing providers, and being asked again without a password."""

import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.db import IntegrityError, connection

from portal import tasks  # noqa: F401 -- the outbox runs them
from portal.models import AuditEvent, OutboxEntry, User
from tests.mails import delivered
from tests.portal.sign_in.openid.support import ANA, configure, entry, heading, link_back
from tests.registration.onboarding_support import run_outbox

pytestmark = pytest.mark.django_db

WAYS = "/accounts/connections/"
BO = {"email": "bo@example.com", "verified": True}
PASSWORD = "a-long-enough-password"


@pytest.fixture
def user(utility_login, traveller):
    """Somebody with a password, signed in here."""
    user = User.objects.create_user("me@here.example", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    traveller.browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return user


@pytest.fixture
def guest(utility_login, traveller):
    """Somebody who has only the provider, signed in here."""
    traveller.sign_in()
    return User.objects.get()


def confirm_password(traveller):
    """Show again who it is."""
    traveller.browser.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_connecting_needs_the_password(traveller, user):
    """A session that somebody else got hold of opens no further door."""
    answer = traveller.browser.post(
        "/accounts/oidc/utility/login/", {"process": "connect", "next": WAYS}
    )
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    confirm_password(traveller)
    answer = traveller.sign_in(process="connect", next=WAYS)
    assert answer["Location"] == WAYS
    page = traveller.browser.get(WAYS).content.decode()
    assert "You can now also sign in with Utility Login." in page
    assert "You sign in as ana@example.com." in page
    assert "Remove Utility Login" in page
    assert "Add Utility Login" not in page
    assert SocialAccount.objects.get().user == user
    assert EmailAddress.objects.get().email == "me@here.example"
    assert AuditEvent.objects.filter(action="sign_in.connected", actor=f"user:{user.pk}").exists()


def test_an_account_belongs_to_one_person(utility_login, traveller, user):
    """Whoever has connected it keeps it."""
    other = User.objects.create_user("other@example.com")
    traveller.browser.force_login(other)
    guest = type(traveller)(type(traveller.browser)())
    guest.sign_in()
    owner = SocialAccount.objects.get().user
    traveller.browser.force_login(user)
    confirm_password(traveller)
    traveller.sign_in(process="connect", next=WAYS)
    page = traveller.browser.get(WAYS).content.decode()
    assert "is already linked to someone else here" in page
    assert SocialAccount.objects.get().user == owner != user


def test_removing(traveller, user):
    """Noted, and the provider opens nothing any more."""
    confirm_password(traveller)
    traveller.sign_in(process="connect", next=WAYS)
    account = SocialAccount.objects.get()
    answer = traveller.browser.post(WAYS, {"account": account.pk})
    assert answer["Location"] == WAYS
    assert not SocialAccount.objects.exists()
    assert AuditEvent.objects.filter(action="sign_in.removed").count() == 1
    run_outbox("portal.tasks.send_sign_in_notice")
    assert [message.to for message in mail.outbox] == [["me@here.example"]] * 2
    added, gone = [str(message.body) for message in mail.outbox]
    assert "can now also sign in to your account with Utility Login" in added
    assert "can no longer sign in to your account with Utility Login" in gone
    assert "http://testserver/accounts/connections/" in gone


NOTES: dict[str, tuple[Any, str, str]] = {
    "audit": (AuditEvent, "action", "sign_in."),
    "mail": (OutboxEntry, "task", "portal.tasks.send_sign_in_notice"),
}


def break_down(kind):
    """Let the database take no more notes of this kind."""
    model, column, start = NOTES[kind]
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE {model._meta.db_table} ADD CONSTRAINT broken "
            f"CHECK (NOT starts_with({column}, '{start}')) NOT VALID"
        )


def notes():
    """Count the notes of changed ways to sign in."""
    changes = ["sign_in.connected", "sign_in.removed"]
    return [
        AuditEvent.objects.filter(action__in=changes).count(),
        OutboxEntry.objects.filter(task="portal.tasks.send_sign_in_notice").count(),
    ]


@pytest.mark.parametrize("kind", NOTES)
def test_no_connection_without_a_note(traveller, user, kind):
    """A way into an account that nobody wrote down is none; nor is there a note of none."""
    confirm_password(traveller)
    url = traveller.visit(traveller.begin(process="connect", next=WAYS))
    break_down(kind)
    with pytest.raises(IntegrityError, match="broken"):
        traveller.arrive(url)
    assert not SocialAccount.objects.exists()
    assert notes() == [0, 0]


@pytest.mark.parametrize("kind", NOTES)
def test_no_match_without_a_note(utility_login, traveller, settings, kind):
    """Also where the operator lets an address connect a provider."""
    configure(settings, entry(utility_login.url, match_email=True))
    user = User.objects.create_user(ANA["email"], PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    url = traveller.visit(traveller.begin())
    break_down(kind)
    with pytest.raises(IntegrityError, match="broken"):
        traveller.arrive(url)
    assert not SocialAccount.objects.exists()
    assert notes() == [0, 0]


@pytest.mark.parametrize("kind", [None, *NOTES])
def test_a_connection_that_had_to_wait_for_the_password(traveller, user, kind):
    """The person came back from the provider late; it is noted as any other."""
    now = time.time()
    with time_machine.travel(now - 1500, tick=False):
        confirm_password(traveller)
    url = traveller.visit(traveller.begin(process="connect", next=WAYS))
    with time_machine.travel(now + 301, tick=False):
        assert traveller.arrive(url)["Location"] == "/accounts/reauthenticate/"
        assert not SocialAccount.objects.exists()
        if kind is None:
            confirm_password(traveller)
        else:
            break_down(kind)
            with pytest.raises(IntegrityError, match="broken"):
                confirm_password(traveller)
    assert SocialAccount.objects.count() == (kind is None)
    assert notes() == ([0, 0] if kind else [1, 1])


@pytest.mark.parametrize("kind", NOTES)
def test_nothing_is_removed_without_a_note(traveller, user, kind):
    """What opens an account does not vanish unseen."""
    confirm_password(traveller)
    traveller.sign_in(process="connect", next=WAYS)
    before = notes()
    break_down(kind)
    with pytest.raises(IntegrityError, match="broken"):
        traveller.browser.post(WAYS, {"account": SocialAccount.objects.get().pk})
    assert SocialAccount.objects.get().user == user
    assert notes() == before


def test_the_only_way_in_is_not_removed(traveller, guest, settings):
    """Nor is it another one that the operator has taken out."""
    SocialAccount.objects.create(user=guest, provider="gone", uid="x")
    account = SocialAccount.objects.get(provider="utility")
    page = traveller.browser.post(WAYS, {"account": account.pk})
    assert "This is your only way to sign in" in page.content.decode()
    assert SocialAccount.objects.count() == 2


def test_somebody_elses_connection_is_not_removed(traveller, user):
    """Its number does not help."""
    other = User.objects.create_user("other@example.com")
    account = SocialAccount.objects.create(user=other, provider="utility", uid="9")
    confirm_password(traveller)
    traveller.browser.post(WAYS, {"account": account.pk})
    assert SocialAccount.objects.get() == account


def test_a_provider_that_was_taken_out_is_not_shown(traveller, user, settings):
    """The page still works."""
    SocialAccount.objects.create(user=user, provider="gone", uid="x")
    assert "gone" not in traveller.browser.get(WAYS).content.decode()


def test_without_providers_the_page_is_still_of_use(traveller, user, settings):
    """Password, second factor and addresses."""
    configure(settings)
    page = traveller.browser.get(WAYS).content.decode()
    assert "Change password" in page
    assert "/accounts/oidc/" not in page
    assert "/accounts/oidc/" not in traveller.browser.get("/accounts/login/").content.decode()


SENSITIVE = ["/accounts/2fa/totp/activate/", "/accounts/password/set/"]


@pytest.mark.parametrize("path", SENSITIVE)
def test_people_without_a_password_are_asked_again_there(traveller, guest, path):
    """allauth lets them through; a session alone must not give itself another way in."""
    answer = traveller.browser.get(path)
    assert answer["Location"] == f"/accounts/oidc/utility/confirm/?next={path.replace('/', '%2F')}"
    page = traveller.browser.get(answer["Location"])
    assert heading(page) == "Confirm it's you"
    way = traveller.begin("/accounts/oidc/utility/confirm/", next=path)
    query = parse_qs(urlsplit(way).query)
    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
    assert traveller.arrive(traveller.visit(way))["Location"] == path
    assert traveller.browser.get(path).status_code == 200
    later = time.time() + 1801
    with time_machine.travel(later, tick=False):
        assert traveller.browser.get(path).status_code == 302


def test_a_password_by_mail(traveller, guest, settings):
    """The way in that is left when the operator takes the provider out."""
    configure(settings)
    traveller.browser.logout()
    traveller.browser.post("/accounts/password/reset/", {"email": guest.email})
    found = re.search(
        r"http://testserver(/accounts/password/reset/key/\S+)", str(delivered()[0].body)
    )
    assert found
    form = traveller.browser.get(found[1], follow=True)
    sent = {"password1": "brand-new-password", "password2": "brand-new-password"}
    traveller.browser.post(form.redirect_chain[-1][0], sent)
    guest.refresh_from_db()
    assert guest.check_password("brand-new-password")


def test_what_was_sent_is_sent_again(traveller, guest):
    """The form that had to wait for the confirmation."""
    path = "/accounts/password/set/"
    sent = {"password1": "brand-new-password", "password2": "brand-new-password"}
    answer = traveller.browser.post(path, sent)
    way = traveller.begin(answer["Location"])
    traveller.arrive(traveller.visit(way))
    guest.refresh_from_db()
    assert guest.check_password("brand-new-password")


@pytest.mark.parametrize("fault", ["old_sign_in", "no_auth_time"])
def test_being_recognised_is_not_being_asked(utility_login, traveller, guest, fault):
    """The provider must say when the person signed in (Core 2, auth_time)."""
    utility_login.spoil(fault)
    way = traveller.begin("/accounts/oidc/utility/confirm/", next=SENSITIVE[0])
    answer = traveller.arrive(traveller.visit(way))
    assert heading(answer) == "Utility Login did not confirm that it's you"
    assert link_back(answer).startswith("/accounts/reauthenticate/?next=")
    assert traveller.browser.get(SENSITIVE[0]).status_code == 302


def test_somebody_else_confirms_nothing(utility_login, traveller, guest):
    """A colleague signs in at the provider."""
    utility_login.arrange("http://testserver", ANA, BO)
    way = traveller.begin("/accounts/oidc/utility/confirm/", next=SENSITIVE[0])
    traveller.there.cookies.clear()
    answer = traveller.arrive(traveller.visit(way, BO["email"]))
    assert heading(answer) == "You signed in with Utility Login as someone else"
    assert traveller.browser.session["_auth_user_id"] == str(guest.pk)
    assert traveller.browser.get(SENSITIVE[0]).status_code == 302


def test_a_new_sign_in_is_asked_for_once(traveller, guest):
    """Somebody who wants to be another is asked; whoever signed in then is recognised again."""
    session = traveller.browser.session
    session["sign_in_afresh"] = True
    session.save()
    way = traveller.begin()
    assert "prompt=login" in way
    traveller.arrive(traveller.visit(way))
    assert "prompt=login" not in traveller.begin()


def test_a_sign_in_that_was_begun_before_is_not_a_new_one(traveller, guest):
    """Begun in one tab, wanted in another: the provider has not asked anybody since."""
    traveller.browser.logout()
    url = traveller.visit(traveller.begin(next="/sharing/"))
    session = traveller.browser.session
    session["sign_in_afresh"] = True
    session.save()
    answer = traveller.arrive(url)
    assert heading(answer) == "Utility Login did not confirm that it's you"
    assert link_back(answer) == "/accounts/login/?next=%2Fsharing%2F"
    assert "_auth_user_id" not in traveller.browser.session


def test_a_password_is_a_new_sign_in_too(traveller, user):
    """No provider asks later on for what was done already."""
    traveller.browser.logout()
    session = traveller.browser.session
    session["sign_in_afresh"] = True
    session.save()
    traveller.browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "prompt=login" not in traveller.begin()


def test_confirming_needs_a_connection(traveller, user):
    """With a provider that is not theirs nobody shows who they are."""
    assert traveller.browser.get("/accounts/oidc/utility/confirm/").status_code == 404


def test_two_providers_may_know_us_by_one_name(utility_login, traveller, settings):
    """What waits for a second factor finds its provider again."""
    second = entry(utility_login.url) | {"id": "second", "name": "Second"}
    configure(settings, entry(utility_login.url), second)
    traveller.sign_in()
    totp.TOTP.activate(User.objects.get(), "JBSWY3DPEHPK3PXP")
    traveller.browser.logout()
    assert traveller.sign_in()["Location"] == "/accounts/2fa/authenticate/"
    assert traveller.browser.get("/accounts/2fa/authenticate/").status_code == 200
