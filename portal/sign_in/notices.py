"""Records of sign-ins and of changes to a person's ways to sign in."""

import json
from collections.abc import Sequence

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from portal import audit
from portal.background import mail
from portal.background.outbox import enqueue
from portal.crypto import decrypt, digest, encrypt
from portal.errors import DomainError
from portal.models import User
from portal.sign_in.changes import SENTENCES, Change

TASK = "portal.tasks.send_sign_in_notice"
CHANGE_TASK = "portal.tasks.send_sign_in_change"
RESET_TASK = "portal.tasks.send_second_factor_reset"


class ResetRefused(DomainError):
    """The second factor cannot be reset; the message says why."""


@transaction.atomic
def note_connected(*, account: SocialAccount, language: str, is_new_person: bool = False) -> None:
    """Record that a provider now opens a person's account, and queue the email that says so.

    A person who has just signed up with the provider gets no email.
    """
    _note(account, "connected")
    if not is_new_person:
        enqueue(TASK, account.user_id, account.provider, True, language)


@transaction.atomic
def note_removed(*, account: SocialAccount, language: str) -> None:
    """Record that a provider no longer opens a person's account, and queue the email about it."""
    _note(account, "removed")
    enqueue(TASK, account.user_id, account.provider, False, language)


def _note(account: SocialAccount, change: str) -> None:
    audit.record(
        f"sign_in.{change}",
        by=account.user,
        subject=f"user:{account.user_id}",
        details={"provider": account.provider},
    )


@transaction.atomic
def note_change(
    *,
    person: User,
    change: Change,
    by: User | str,
    also_to: Sequence[str] = (),
    facts: dict[str, str] | None = None,
) -> None:
    """Record a change, and queue the email about it to the main address and to `also_to`."""
    audit.record(f"sign_in.{change}", by=by, subject=f"user:{person.pk}")
    _promise_notice(person, change, [person.email, *also_to], facts or {})


def _promise_notice(
    person: User, change: Change, addresses: Sequence[str], facts: dict[str, str], key: str = ""
) -> None:
    """Queue the emails about a change, if it has a sentence; addresses are stored encrypted."""
    if change not in SENTENCES:
        return
    for address in dict.fromkeys(filter(None, addresses)):
        parts = [change, address, get_language() or settings.LANGUAGE_CODE, facts]
        enqueue(CHANGE_TASK, encrypt(json.dumps(parts)), unique_key=key or None)


def send_change(sealed: str) -> None:
    """Send the email that `note_change` queued."""
    change, address, language, facts = json.loads(decrypt(sealed))
    with override(language):
        sentence = SENTENCES[Change(change)] % facts
    _send_sentence(sentence, to=address, language=language)


def send_notice(user_pk: int, *, provider: str, is_added: bool, language: str) -> None:
    """Email a person that a provider opens their account, or no longer does."""
    with override(language):
        sentence = (
            _("You can now also sign in to your account with %(provider)s.")
            if is_added
            else _("You can no longer sign in to your account with %(provider)s.")
        ) % {"provider": provider}
    _send_sentence(sentence, to=User.objects.get(pk=user_pk).email, language=language)


def _send_sentence(sentence: str, *, to: str, language: str) -> None:
    # An intruder may know the old password, so the email points to the mailbox as the way back.
    context = {
        "sentence": sentence,
        "path": reverse("socialaccount_connections"),
        "reset_path": reverse("account_reset_password"),
    }
    mail.send("sign_in_way", to=to, language=language, context=context)


def note_signed_up(*, person: User) -> None:
    """Record that a person created an account; its address is not confirmed yet."""
    audit.record("sign_in.signed_up", by=person, subject=f"user:{person.pk}")


def note_opened(*, person: User, methods: Sequence[str]) -> None:
    """Record a sign-in and its methods."""
    audit.record(
        "sign_in.opened", by=person, subject=f"user:{person.pk}", details={"by": list(methods)}
    )


def note_closed(*, person: User) -> None:
    """Record a sign-out."""
    audit.record("sign_in.closed", by=person, subject=f"user:{person.pk}")


def note_failed(*, person: User | None, kind: str, by: User | str) -> None:
    """Record a wrong password or code; also for no person, so that it takes as long."""
    audit.record("sign_in.failed", by=by, subject=_subject(person), details={"kind": kind})


def note_locked(*, person: User | None, kind: str, by: User | str) -> None:
    """Record that further tries are refused; only once, since tries past a limit are not."""
    audit.record("sign_in.locked", by=by, subject=_subject(person), details={"kind": kind})


@transaction.atomic
def note_many_guesses(*, person: User | None, who: str, kind: str) -> None:
    """Queue the warning, at most once a day, that many wrong passwords or codes were tried."""
    if person is not None:
        change = Change.MANY_CODES if kind == "code" else Change.MANY_PASSWORDS
        key = f"guessed:{digest(who, purpose='guessed')[:32]}:{timezone.now():%Y-%m-%d}"
        _promise_notice(person, change, [person.email], {}, key=key)


def _subject(person: User | None) -> str:
    return f"user:{person.pk}" if person else "user:unknown"


@transaction.atomic
def reset_second_factor(*, user: User, reason: str, by: User | str) -> None:
    """Remove a person's second factor, including recovery codes, and end their sessions.

    The person gets an email with the reason; staff set up a new factor at their next sign-in.
    Raises ResetRefused without a reason, or if the person has no second factor.
    """
    if not reason.strip():
        raise ResetRefused("Give a reason; it is sent to the person.", field="reason")
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    gone, _ = Authenticator.objects.filter(user=user).delete()
    if not gone:
        raise ResetRefused("This person has no second factor.", field="email")
    end_sessions(user)
    audit.record(
        "second_factor.reset", by=by, subject=f"user:{user.pk}", details={"reason": reason}
    )
    enqueue(RESET_TASK, user.pk, reason)


def end_sessions(user: User) -> None:
    """Sign a person out everywhere.

    The person of a session is not stored in a column, so all open sessions are read: those used
    within the idle time.
    """
    running = Session.objects.filter(expire_date__gt=timezone.now())
    theirs = [
        session.pk
        for session in running.iterator()
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=theirs).delete()


def send_reset(user_pk: int, *, reason: str) -> None:
    """Email a person that their second factor was reset, and why."""
    context = {"reason": reason, "path": reverse("mfa_index")}
    user = User.objects.get(pk=user_pk)
    mail.send(
        "second_factor_reset", to=user.email, language=settings.LANGUAGE_CODE, context=context
    )
