"""Background work of registration. Each task may run twice at once without harm."""

from celery import shared_task

import registration.services.onboarding.tasks
import registration.services.payments.tasks  # noqa: F401 -- registers tasks with the worker
from registration.services.messages import mail_contacts


@shared_task(name="registration.tasks.send_message_notice")
def send_message_notice(message_id: str) -> None:
    """Promise one mail to each contact, so that one bad address holds up no other."""
    mail_contacts.promise_mails(message_id=message_id)


@shared_task(name="registration.tasks.mail_message_notice")
def mail_message_notice(message_id: str, number: int) -> None:
    """Tell one contact of a Message. Delivered once by the outbox row."""
    mail_contacts.mail_contact(message_id=message_id, number=number)
