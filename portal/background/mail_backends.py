"""Mail backends: every outgoing message declares what it is, no matter which code wrote it."""

from collections.abc import Sequence
from email.utils import make_msgid, parseaddr

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.filebased import EmailBackend as Files
from django.core.mail.backends.smtp import EmailBackend as Smtp


def stamp(message: EmailMessage) -> None:
    """Add what only machines read.

    Nobody's out-of-office answer is meant for us (RFC 3834 5), and a Message-ID names the sender's
    domain, not the machine in some container that sent it.
    """
    domain = parseaddr(message.from_email)[1].rpartition("@")[2]
    message.extra_headers.setdefault("Auto-Submitted", "auto-generated")
    message.extra_headers.setdefault("Message-ID", make_msgid(domain=domain or None))


class _Stamping(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Stamp the messages and let them go; return how many went."""
        for message in email_messages:
            stamp(message)
        return int(super().send_messages(email_messages) or 0)


class SmtpBackend(_Stamping, Smtp):
    """Sends by SMTP."""


class FileBackend(_Stamping, Files):
    """Writes to the folder whose mails the demo shows."""
