"""Background work of registration. Each task may run twice at once without harm."""

from celery import shared_task

from registration.services import (
    messages_notices,
    onboarding_tasks,  # noqa: F401 -- registers tasks with the worker
    payments_tasks,  # noqa: F401
)


@shared_task(name="registration.tasks.send_message_notice")
def send_message_notice(message_id: str) -> None:
    """Promise one mail to each contact, so that one bad address holds up no other."""
    messages_notices.promise_mails(message_id=message_id)


@shared_task(name="registration.tasks.mail_message_notice")
def mail_message_notice(message_id: str, number: int) -> None:
    """Tell one contact of a Message. Delivered once by the outbox row."""
    messages_notices.mail_contact(message_id=message_id, number=number)
