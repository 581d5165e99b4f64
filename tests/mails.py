"""Mails in tests: none leaves while a request waits, a worker's turn sends what was promised."""

from typing import Any

from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from portal.background import mail as portal_mail
from portal.background import outbox
from portal.celery import app as celery_app
from portal.http.context import current
from portal.models import OutboxEntry


class WorkersOnly(EmailBackend):
    """Keeps mails in memory; one that is sent in a request fails the request."""

    def send_messages(self, messages: Any) -> int:
        """Take the mails of a worker."""
        assert not current.get().request_id, "a request speaks to the mail server"
        return super().send_messages(messages)


def delivered(task: str = portal_mail.STORED_TASK) -> list[Any]:
    """Run what was promised under one task name; return all mails sent so far."""
    celery_app.loader.import_default_modules()
    ready = OutboxEntry.objects.filter(task=task, status=OutboxEntry.Status.READY)
    for entry in ready.order_by("pk"):
        assert outbox.run(entry.pk)
    return list(mail.outbox)
