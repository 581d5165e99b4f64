"""Email backends that mark every outgoing message as automatic, no matter which code wrote it."""

from collections.abc import Sequence
from email.utils import make_msgid, parseaddr

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.filebased import EmailBackend as Files
from django.core.mail.backends.smtp import EmailBackend as Smtp


def stamp(message: EmailMessage) -> None:
    """Add headers for machines.

    `Auto-Submitted` keeps out-of-office replies away (RFC 3834 5), and the Message-ID names the
    sender's domain instead of the container that sent it.
    """
    domain = parseaddr(message.from_email)[1].rpartition("@")[2]
    message.extra_headers.setdefault("Auto-Submitted", "auto-generated")
    message.extra_headers.setdefault("Message-ID", make_msgid(domain=domain or None))


class _Stamping(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Stamp and send the messages; return how many were sent."""
        for message in email_messages:
            stamp(message)
        return int(super().send_messages(email_messages) or 0)


class SmtpBackend(_Stamping, Smtp):
    """Sends by SMTP."""


class FileBackend(_Stamping, Files):
    """Writes to the folder whose emails the demo shows."""
