"""Emails that notify a third party's contacts of a new Message."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from portal.background import mail, mail_shares
from registration import urls_of
from registration.fields.types import FieldType
from registration.models import Message, Registration
from registration.models.message_states import OPEN
from registration.models.onboarding import Requirement

TASK: Final = "registration.tasks.mail_message_notice"
# Anyone can register with anyone's address; Messages must not be a way to send many emails.
MAX_CONTACTS: Final = 5
NOTICES_PER_DAY: Final = 10
SHARE: Final = mail_shares.Share("notice", ((timedelta(days=1), NOTICES_PER_DAY),))


def contact_emails(registration: Registration) -> list[str]:
    """Return the contacts that are email addresses (RFC 7591 2 allows other kinds)."""
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
    """Schedule an email to each contact; a second call schedules no more.

    An address over its limit gets none; the Message can be read all the same.
    """
    message = Message.objects.select_related("registration").get(message_id=message_id)
    contacts = [
        (number, address, _owner(message, address))
        for number, address in enumerate(contact_emails(message.registration))
    ]
    # In order, so that simultaneous Messages to the same addresses cannot deadlock.
    for number, address, owner in sorted(contacts, key=lambda each: SHARE.prefix(*each[1:])):
        mail_shares.promise(
            SHARE, TASK, message_id, number, address=address, key=message_id, owner=owner
        )


def _owner(message: Message, address: str) -> str:
    """Return the owner of an address.

    A verified address belongs to its registration: others who name it too do not use up its limit.
    """
    proven = Requirement.objects.of(message.registration).filter(
        type=FieldType.EMAIL_VERIFICATION,
        status=Requirement.Status.COMPLETE,
        answer__address=address,
    )
    return message.registration.registration_id if proven.exists() else ""


def mail_contact(*, message_id: str, number: int) -> None:
    """Send the notification to one contact.

    It contains no text of the third party, because anyone who registers chooses both the text and
    the contacts.
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
            "message_uri": urls_of.message_uri(message.message_id),
            "docs_url": urls_of.docs_url("registration"),
        },
    )
