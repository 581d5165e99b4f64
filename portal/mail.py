"""Sending mail: triplets of templates (subject.txt, body.txt, body.html), always from a task.

Sign-in's own mails are rendered by its library and sent while the person waits, or later.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from portal.branding import current_utility
from portal.crypto import decrypt, encrypt
from portal.outbox import enqueue

log = logging.getLogger(__name__)

LATER = "portal.tasks.send_stored_mail"


def send(template: str, *, to: str, language: str, context: Mapping[str, Any]) -> None:
    """Render `emails/<template>/` in the reader's language and send it.

    Raises whatever the mail backend raises; the outbox tries again.
    """
    data = {"utility": current_utility(), "base_url": settings.BASE_URL, **context}
    with translation.override(language):
        subject = " ".join(render_to_string(f"emails/{template}/subject.txt", data).split())
        message = EmailMultiAlternatives(
            subject=subject, body=render_to_string(f"emails/{template}/body.txt", data), to=[to]
        )
        message.attach_alternative(
            render_to_string(f"emails/{template}/body.html", data), "text/html"
        )
        message.send()


def send_or_promise(message: EmailMessage) -> None:
    """Send a rendered message; while the mail server is away, promise to send it later.

    The text is stored encrypted: it may hold a link that opens an account.
    """
    try:
        message.send()
    except OSError:
        log.warning("a mail waits for the mail server", exc_info=True)
        parts = [message.subject, message.body, message.to, getattr(message, "alternatives", [])]
        enqueue(LATER, encrypt(json.dumps(parts)))


def send_stored(sealed: str) -> None:
    """Send what `send_or_promise` stored; raises what the backend raises."""
    subject, body, to, alternatives = json.loads(decrypt(sealed))
    EmailMultiAlternatives(
        subject, body, to=to, alternatives=[(text, kind) for text, kind in alternatives]
    ).send()
