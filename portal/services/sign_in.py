"""What is written when a person's ways to sign in change."""

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.urls import reverse

from portal import audit, mail
from portal.models import User
from portal.outbox import enqueue

TASK = "portal.tasks.send_sign_in_notice"


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
