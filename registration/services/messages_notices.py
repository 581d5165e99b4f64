"""Mails that tell a third party's contacts of a new Message."""

from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from portal import mail
from portal.outbox import enqueue
from registration import addresses
from registration.models import Message, Registration
from registration.models.message_states import OPEN

TASK: Final = "registration.tasks.mail_message_notice"
# Anyone can register with anyone's address; a Message must not become a way to send many mails.
MAX_CONTACTS: Final = 5


def contact_emails(registration: Registration) -> list[str]:
    """Return the contacts that are mail addresses (RFC 7591 2 allows other kinds)."""
    found: list[str] = []
    for contact in registration.contacts:
        try:
            validate_email(contact)
        except ValidationError:
            continue
        found.append(contact)
    return list(dict.fromkeys(found))[:MAX_CONTACTS]


@transaction.atomic
def promise_mails(*, message_id: str) -> None:
    """Promise a mail to each contact; a second call finds the promises made."""
    message = Message.objects.select_related("registration").get(message_id=message_id)
    for number in range(len(contact_emails(message.registration))):
        enqueue(TASK, message_id, number, unique_key=f"{TASK}:{message_id}:{number}")


def mail_contact(*, message_id: str, number: int) -> None:
    """Send one contact the notice.

    It names no words of the third party: whoever registers chooses them, and the contacts too.
    """
    message = Message.objects.select_related("registration").get(message_id=message_id)
    contacts = contact_emails(message.registration)
    if number >= len(contacts):
        return
    mail.send(
        "message",
        to=contacts[number],
        language=settings.LANGUAGE_CODE,
        context={
            "is_question": message.status == OPEN,
            "registration_id": message.registration.registration_id,
            "message_id": message.message_id,
            "message_uri": addresses.message_uri(message.message_id),
            "docs_url": addresses.docs_url("registration"),
        },
    )
