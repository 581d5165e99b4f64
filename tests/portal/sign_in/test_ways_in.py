"""Every page that opens or closes a door to an account: asked again, noted, told to the owner."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import get_resolver, reverse

from customerdata.demo.people import lasting_code
from portal.models import AuditEvent, OutboxEntry, User
from portal.sign_in.notices import CHANGE_TASK
from tests.house.test_urls import patterns
from tests.mails import delivered
from tests.portal.sign_in.openid.support import configure, entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stopped_clock")]

PASSWORD = "a-long-enough-password"
OTHER = "another-long-password"
NEW = {"password1": OTHER, "password2": OTHER}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
EMAIL = "/accounts/email/"

# Name of the page, who goes there, what they send.
DOORS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "account_email": [
        ("ana", {"action_add": "1", "email": "new@example.com"}),
        ("ana", {"action_remove": "1", "email": "second@example.com"}),
        ("ana", {"action_primary": "1", "email": "second@example.com"}),
    ],
    "account_set_password": [("guest", NEW)],
    "mfa_activate_totp": [("ana", {"code": "000000"})],
    "mfa_deactivate_totp": [("staff", {})],
    "mfa_generate_recovery_codes": [("staff", {})],
    "mfa_view_recovery_codes": [("staff", {})],
    "mfa_download_recovery_codes": [("staff", {})],
    "socialaccount_connections": [("ana", {"account": "1"})],
    "openid_connect_login": [("ana", {"process": "connect"})],
}
HARMLESS = {
    "account_change_password": "asks for the current password, counted as at sign-in (below)",
    "account_confirm_email": "the link is a secret of the mailbox; the address was added before",
    "account_confirm_login_code": "codes by mail are off: leads to sign-in",
    "account_email_verification_sent": "says that a mail is coming",
    "account_inactive": "says that the account is closed",
    "account_login": "asks for the password",
    "account_logout": "closes the session, not an account",
    "account_reauthenticate": "is the page that asks again",
    "account_reset_password": "sends a mail to the main address",
    "account_reset_password_done": "says that a mail is coming",
    "account_reset_password_from_key": "the link is a secret of the main address (below)",
    "account_reset_password_from_key_done": "says that it worked",
    "account_signup": "creates another account",
    "mfa_authenticate": "asks for the code",
    "mfa_index": "shows which kinds of factors there are, no secret of theirs",
    "mfa_reauthenticate": "is the page that asks again",
    "openid_connect_callback": "its state was begun by one of the pages above",
    "openid_connect_confirm": "is the page that asks again",
}


@pytest.fixture
def people(settings) -> dict[str, User]:
    """Ana has a password and two addresses, staff a second factor, a guest only a provider."""
    made = {name: User.objects.create_user(f"{name}@example.com") for name in ("ana", "staff")}
    made["guest"] = User.objects.create_user("guest@example.com")
    for name, user in made.items():
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        if name != "guest":
            user.set_password(PASSWORD)
            user.save()
    EmailAddress.objects.create(user=made["ana"], email="second@example.com", verified=True)
    TOTP.activate(made["staff"], SECRET)
    RecoveryCodes.activate(made["staff"])
    configure(settings, entry("https://provider.example"))
    SocialAccount.objects.create(pk=1, user=made["ana"], provider="utility", uid="a")
    SocialAccount.objects.create(pk=2, user=made["guest"], provider="utility", uid="g")
    return made


def doors() -> set[str]:
    """Return the names of all pages of sign-in that are routed."""
    found = {str(each.name) for path, each in patterns(get_resolver()) if "accounts/" in path}
    return {name for name in found if not name.startswith(("customerdata", "account-link"))}


def state() -> list[Any]:
    """Return everything that says how people sign in."""
    return [
        list(EmailAddress.objects.order_by("pk").values()),
        list(User.objects.order_by("pk").values_list("email", "password")),
        list(Authenticator.objects.order_by("pk").values("pk", "type", "user")),
        list(SocialAccount.objects.order_by("pk").values("pk", "user")),
    ]


def url_of(name: str) -> str:
    """Return the address of a page."""
    return reverse(name, args=["utility"] if name.startswith("openid_") else [])


def confirm(client: Client, name: str = "ana") -> None:
    """Show again who it is."""
    page = "/accounts/reauthenticate/"
    if name == "staff":
        client.post("/accounts/2fa/reauthenticate/", {"code": lasting_code(SECRET)})
    else:
        client.post(page, {"password": PASSWORD})


def test_every_page_of_sign_in_is_listed():
    """A page that nobody thought about may be a door."""
    assert doors() == set(DOORS) | set(HARMLESS)
    assert not set(DOORS) & set(HARMLESS)


@pytest.mark.parametrize(
    ("name", "who", "sent"),
    [(name, who, sent) for name, cases in DOORS.items() for who, sent in cases],
)
def test_a_session_alone_opens_no_door(client, people, name, who, sent):
    """Somebody found the computer unlocked: nothing changes, and the page asks who it is."""
    client.force_login(people[who])
    before = state()
    methods = [client.get] if name.endswith("_recovery_codes") and "generate" not in name else []
    for send in methods or [client.post]:
        answer = send(url_of(name), sent)
        assert answer.status_code == 302
        assert re.match(
            r"/accounts/(2fa/|oidc/utility/)?(reauthenticate|confirm)/", answer["Location"]
        )
    assert state() == before
    assert not AuditEvent.objects.filter(action__startswith="sign_in.").exists()


def test_the_current_password_is_asked_for_and_its_guesses_count(client, people):
    """An open session is no place to guess a password at leisure."""
    client.force_login(people["ana"])
    before = state()
    for _ in range(6):
        client.post("/accounts/password/change/", {"oldpassword": "guess-guess-guess", **NEW})
    page = client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **NEW})
    assert page.status_code in {200, 429}
    assert state() == before
    assert client.post("/accounts/login/", {}).status_code == 302
    client.logout()
    refused = client.post("/accounts/login/", {"login": "ana@example.com", "password": PASSWORD})
    assert "Too many attempts have failed" in refused.content.decode()


def test_who_cannot_be_asked_again_changes_nothing(client, people, settings):
    """The operator took the only provider out: a mail to the main address is left."""
    configure(settings)
    client.force_login(people["guest"])
    before = state()
    answer = client.post("/accounts/password/set/", NEW)
    assert answer.status_code == 409
    assert "Forgot your password?" in answer.content.decode()
    assert state() == before


# What is done, what the audit trail calls it, who gets a mail, what it says.
CHANGES: list[tuple[str, str, str, dict[str, str], str, set[str], str]] = [
    (
        "add",
        "ana",
        EMAIL,
        {"action_add": "1", "email": "new@example.com"},
        "sign_in.address_added",
        {"ana@example.com"},
        "new@example.com was added",
    ),
    (
        "remove",
        "ana",
        EMAIL,
        {"action_remove": "1", "email": "second@example.com"},
        "sign_in.address_removed",
        {"ana@example.com", "second@example.com"},
        "second@example.com was removed",
    ),
    (
        "primary",
        "ana",
        EMAIL,
        {"action_primary": "1", "email": "second@example.com"},
        "sign_in.main_address_changed",
        {"ana@example.com", "second@example.com"},
        "is now second@example.com",
    ),
    (
        "password",
        "ana",
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, **NEW},
        "sign_in.password_changed",
        {"ana@example.com"},
        "password of your account was changed",
    ),
    (
        "no factor",
        "staff",
        "/accounts/2fa/totp/deactivate/",
        {},
        "sign_in.second_factor_removed",
        {"staff@example.com"},
        "no longer requires a code",
    ),
    (
        "codes",
        "staff",
        "/accounts/2fa/recovery-codes/generate/",
        {},
        "sign_in.recovery_codes_made",
        {"staff@example.com"},
        "New recovery codes",
    ),
]


@pytest.mark.parametrize(
    ("who", "path", "sent", "action", "told", "words"),
    [change[1:] for change in CHANGES],
    ids=[change[0] for change in CHANGES],
)
def test_the_owner_hears_of_every_change(client, people, who, path, sent, action, told, words):
    """At the main address, and where a main or confirmed address was before."""
    client.force_login(people[who])
    confirm(client, who)
    before = state()
    assert client.post(path, sent).status_code == 302
    assert state() != before
    event = AuditEvent.objects.get(action=action)
    assert (event.actor, event.subject) == (f"user:{people[who].pk}",) * 2
    assert "@" not in str(event.details)
    assert not any("@" in str(entry.args) for entry in OutboxEntry.objects.all())
    mails = delivered(CHANGE_TASK)
    assert {address for each in mails for address in each.to} == told
    assert all(words in each.body for each in mails)
    # Whoever changed the password knows the new one; the owner does not, and has the mailbox.
    for page in ("connections", "password/reset"):
        assert all(f"http://testserver/accounts/{page}/" in each.body for each in mails)


@pytest.mark.parametrize(
    ("who", "path", "sent"), [change[1:4] for change in CHANGES], ids=[c[0] for c in CHANGES]
)
@pytest.mark.parametrize("broken", ["portal_auditevent", "portal_outboxentry"])
def test_no_change_without_a_note(client, people, who, path, sent, broken):
    """What opens or closes a door does not happen unseen."""
    client.force_login(people[who])
    confirm(client, who)
    before = state()
    column, start = {
        "portal_auditevent": ("action", "sign_in."),
        "portal_outboxentry": ("task", CHANGE_TASK),
    }[broken]
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE {broken} ADD CONSTRAINT broken "
            f"CHECK (NOT starts_with({column}, '{start}')) NOT VALID"
        )
    with pytest.raises(IntegrityError, match="broken"):
        client.post(path, sent)
    assert state() == before


def test_a_second_factor_is_noted(client, people):
    """Set up with the code that the app shows."""
    client.force_login(people["ana"])
    confirm(client)
    client.get("/accounts/2fa/totp/activate/")
    code = lasting_code(client.session["mfa.totp.secret"])
    assert client.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    assert Authenticator.objects.filter(user=people["ana"]).count() == 2
    assert AuditEvent.objects.filter(action="sign_in.second_factor_added").count() == 1
    (message,) = delivered(CHANGE_TASK)
    assert "now also requires a code from an app" in message.body


def reset_link(client: Client, address: str) -> str:
    """Ask for a new password; return the link of the mail, "" for a mail without one."""
    client.post("/accounts/password/reset/", {"email": address})
    found = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", delivered()[-1].body)
    return found[1] if found else ""


def test_only_the_main_address_resets_the_password(client, people):
    """Somebody who could add an address once must not keep a way in for ever."""
    assert reset_link(client, "second@example.com") == ""
    assert "not the main address of any account" in delivered()[-1].body
    form = client.get(reset_link(client, "ana@example.com"), follow=True)
    client.post(form.redirect_chain[-1][0], NEW)
    people["ana"].refresh_from_db()
    assert people["ana"].check_password(OTHER)
    assert AuditEvent.objects.filter(action="sign_in.password_reset").count() == 1
    message = delivered(CHANGE_TASK)[-1]
    assert message.to == ["ana@example.com"]
    assert "with the link in an email that we sent you" in message.body


def test_an_address_that_somebody_wrote_down_belongs_to_who_confirms_it(client, people):
    """Writing down a stranger's address neither opens their account nor keeps them from one."""
    EmailAddress.objects.create(user=people["guest"], email="carol@example.com")
    client.post("/accounts/signup/", {"email": "carol@example.com", **NEW})
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", delivered()[-1].body)
    assert link
    client.post(link[1])
    carol = User.objects.get(email="carol@example.com")
    assert EmailAddress.objects.get(user=carol).verified
    assert AuditEvent.objects.filter(action="sign_in.address_confirmed").count() == 1
    client.post("/accounts/login/", {"login": "carol@example.com", "password": OTHER})
    assert client.session["_auth_user_id"] == str(carol.pk)


def test_sign_in_and_sign_out_are_noted(client, people):
    """Who, from where, by what."""
    client.post("/accounts/login/", {"login": "ana@example.com", "password": "guess"})
    client.post("/accounts/login/", {"login": "nobody@example.com", "password": "guess"})
    client.post("/accounts/login/", {"login": "ana@example.com", "password": PASSWORD})
    client.post("/accounts/logout/")
    events = AuditEvent.objects.filter(action__startswith="sign_in.").order_by("pk")
    ana = f"user:{people['ana'].pk}"
    assert [(each.action, each.actor, each.subject, each.details) for each in events] == [
        ("sign_in.failed", "anonymous", ana, {"kind": "password"}),
        ("sign_in.failed", "anonymous", "user:unknown", {"kind": "password"}),
        ("sign_in.opened", ana, ana, {"by": ["password"]}),
        ("sign_in.closed", ana, ana, {}),
    ]
    assert {each.address for each in events} == {"127.0.0.1"}


def test_a_new_secret_is_not_taken_from_the_page(client, people):
    """The key of the app is made here, not sent by whoever has the session."""
    client.force_login(people["ana"])
    confirm(client)
    client.get("/accounts/2fa/totp/activate/")
    code = lasting_code(generate_totp_secret())
    client.post("/accounts/2fa/totp/activate/", {"code": code, "secret": SECRET})
    assert not Authenticator.objects.filter(user=people["ana"]).exists()


def test_a_mail_to_an_added_address_speaks_of_no_new_account(client, people):
    """It goes to somebody who may have nothing to do with the account."""
    client.force_login(people["ana"])
    confirm(client, "ana")
    client.post(EMAIL, {"action_add": "1", "email": "new@example.com"})
    (mail,) = (each for each in delivered() if each.to == ["new@example.com"])
    assert "creating an account" not in mail.body
    assert "http://testserver/accounts/confirm-email/" in mail.body


@pytest.mark.parametrize(
    ("who", "path", "sent", "words"),
    [
        ("ana", "/accounts/2fa/totp/activate/", None, "Confirm or remove it first"),
        ("staff", EMAIL, {"action_add": "1", "email": "new@example.com"}, "Turn the app off"),
    ],
)
def test_a_refusal_says_what_to_do(client, people, who, path, sent, words):
    """The library's own sentences blame the account, and leave its owner there."""
    EmailAddress.objects.create(user=people["ana"], email="written@example.com")
    client.force_login(people[who])
    confirm(client, who)
    answer = client.post(path, sent) if sent else client.get(path, follow=True)
    assert words in answer.content.decode()
