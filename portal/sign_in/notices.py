"""What is recorded when a person signs in, or when their ways to sign in change."""

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
    """Record that a provider opens a person's account, and promise the email that says so.

    A person who has just signed in with the provider already knows.
    """
    _note(account, "connected")
    if not is_new_person:
        enqueue(TASK, account.user_id, account.provider, True, language)


@transaction.atomic
def note_removed(*, account: SocialAccount, language: str) -> None:
    """Record that a provider no longer opens a person's account, and promise the email."""
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
    """Note a change, and promise the mail about it to the main address and to `also_to`."""
    audit.record(f"sign_in.{change}", by=by, subject=f"user:{person.pk}")
    _promise_notice(person, change, [person.email, *also_to], facts or {})


def _promise_notice(
    person: User, change: Change, addresses: Sequence[str], facts: dict[str, str], key: str = ""
) -> None:
    """Promise the mails of a change that has a sentence; addresses are stored encrypted."""
    if change not in SENTENCES:
        return
    for address in dict.fromkeys(filter(None, addresses)):
        parts = [change, address, get_language() or settings.LANGUAGE_CODE, facts]
        enqueue(CHANGE_TASK, encrypt(json.dumps(parts)), unique_key=key or None)


def send_change(sealed: str) -> None:
    """Send the email that `note_change` promised."""
    change, address, language, facts = json.loads(decrypt(sealed))
    with override(language):
        sentence = SENTENCES[Change(change)] % facts
    _send_sentence(sentence, to=address, language=language)


def send_notice(user_pk: int, *, provider: str, is_added: bool, language: str) -> None:
    """Email a person that a provider opens their account, or no longer does."""
    with override(language):
        sentence = (
            _("Your account can now also be opened by signing in with %(provider)s.")
            if is_added
            else _("Your account can no longer be opened by signing in with %(provider)s.")
        ) % {"provider": provider}
    _send_sentence(sentence, to=User.objects.get(pk=user_pk).email, language=language)


def _send_sentence(sentence: str, *, to: str, language: str) -> None:
    # The old password may be the intruder's by now, so the way back is the mailbox.
    context = {
        "sentence": sentence,
        "path": reverse("socialaccount_connections"),
        "reset_path": reverse("account_reset_password"),
    }
    mail.send("sign_in_way", to=to, language=language, context=context)


def note_signed_up(*, person: User) -> None:
    """Record that a person has created an account whose address is not confirmed yet."""
    audit.record("sign_in.signed_up", by=person, subject=f"user:{person.pk}")


def note_opened(*, person: User, methods: Sequence[str]) -> None:
    """Note a sign-in, and by what."""
    audit.record(
        "sign_in.opened", by=person, subject=f"user:{person.pk}", details={"by": list(methods)}
    )


def note_closed(*, person: User) -> None:
    """Note a sign-out."""
    audit.record("sign_in.closed", by=person, subject=f"user:{person.pk}")


def note_failed(*, person: User | None, kind: str, by: User | str) -> None:
    """Note a wrong password or code; also of nobody, so that it takes as long."""
    audit.record("sign_in.failed", by=by, subject=_subject(person), details={"kind": kind})


def note_locked(*, person: User | None, kind: str, by: User | str) -> None:
    """Note that further tries are refused; said once, tries past a limit are not."""
    audit.record("sign_in.locked", by=by, subject=_subject(person), details={"kind": kind})


@transaction.atomic
def note_many_guesses(*, person: User | None, who: str, kind: str) -> None:
    """Promise, once a day, the email to a person whose password or code others try to guess."""
    if person is not None:
        change = Change.MANY_CODES if kind == "code" else Change.MANY_PASSWORDS
        key = f"guessed:{digest(who, purpose='guessed')[:32]}:{timezone.now():%Y-%m-%d}"
        _promise_notice(person, change, [person.email], {}, key=key)


def _subject(person: User | None) -> str:
    return f"user:{person.pk}" if person else "user:unknown"


@transaction.atomic
def reset_second_factor(*, user: User, reason: str, by: User | str) -> None:
    """Take away a person's codes, recovery codes too, and end their sessions.

    The person gets a mail with the reason; who works here sets up a new factor at the next
    sign-in. Raises ResetRefused without a reason, and for a person who has no second factor.
    """
    if not reason.strip():
        raise ResetRefused("A reason is needed: the person reads it.", field="reason")
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

    A session does not name its person in a column, so all that are open are read: those that were
    used within the idle time.
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
