"""Background tasks of registration. It is safe to run each one twice at the same time."""

from celery import shared_task

import registration.services.onboarding.tasks
import registration.services.payments.tasks  # noqa: F401 -- registers tasks with the worker
from registration.services.messages import mail_contacts


@shared_task(name="registration.tasks.send_message_notice")
def send_message_notice(message_id: str) -> None:
    """Schedule one email per contact, so that one bad address does not delay the others."""
    mail_contacts.promise_mails(message_id=message_id)


@shared_task(name="registration.tasks.mail_message_notice")
def mail_message_notice(message_id: str, number: int) -> None:
    """Notify one contact of a Message. The outbox row ensures that it is sent once."""
    mail_contacts.mail_contact(message_id=message_id, number=number)
