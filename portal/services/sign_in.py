"""What is written when a person's ways to sign in change."""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal import audit, mail
from portal.errors import DomainError
from portal.models import User
from portal.outbox import enqueue

TASK = "portal.tasks.send_sign_in_notice"
RESET_TASK = "portal.tasks.send_second_factor_reset"


class ResetRefused(DomainError):
    """The second factor cannot be reset; the message says why."""


@transaction.atomic
def note_connected(*, account: SocialAccount, language: str, is_new_person: bool = False) -> None:
    """Note that a provider opens somebody's account, and promise the mail that says so.

    Somebody who has just come with the provider knows.
    """
    _note(account, "connected")
    if not is_new_person:
        enqueue(TASK, account.user_id, account.provider, True, language)


@transaction.atomic
def note_removed(*, account: SocialAccount, language: str) -> None:
    """Note that a provider no longer opens somebody's account, and promise the mail about it."""
    _note(account, "removed")
    enqueue(TASK, account.user_id, account.provider, False, language)


def _note(account: SocialAccount, change: str) -> None:
    audit.record(
        f"sign_in.{change}",
        by=account.user,
        subject=f"user:{account.user_id}",
        details={"provider": account.provider},
    )


def send_notice(user_pk: int, *, provider: str, is_added: bool, language: str) -> None:
    """Mail somebody that their ways to sign in have changed."""
    context = {
        "provider": provider,
        "is_added": is_added,
        "path": reverse("socialaccount_connections"),
    }
    user = User.objects.get(pk=user_pk)
    mail.send("sign_in_way", to=user.email, language=language, context=context)


@transaction.atomic
def reset_second_factor(*, user: User, reason: str, by: User | str) -> None:
    """Take away a person's codes, recovery codes too, and end their sessions.

    The person gets a mail with the reason; who works here sets up a new factor at the next
    sign-in. Raises ResetRefused without a reason, and for somebody who has no second factor.
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
    """Mail somebody that their second factor was reset, and why."""
    context = {"reason": reason, "path": reverse("mfa_index")}
    user = User.objects.get(pk=user_pk)
    mail.send(
        "second_factor_reset", to=user.email, language=settings.LANGUAGE_CODE, context=context
    )
