"""Sending email: three templates each (subject.txt, body.txt, body.html), always from a task.

Sign-in emails are rendered by allauth during the request, but also sent from a task.
"""

import json
import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from portal.background import mail_shares
from portal.branding import current_utility
from portal.crypto import decrypt, encrypt

log = logging.getLogger(__name__)

STORED_TASK = "portal.tasks.send_stored_mail"
# Anyone can request these emails. The limit locks nobody out: links already sent keep working.
SIGN_IN_SHARE = mail_shares.Share(
    "sign-in-mail", ((timedelta(hours=1), 10), (timedelta(days=1), 20))
)


def send(template: str, *, to: str, language: str, context: Mapping[str, Any]) -> None:
    """Render `emails/<template>/` in the reader's language and send it.

    Raises whatever the mail backend raises; the outbox retries.
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


def promise_sign_in_mail(message: EmailMessage) -> None:
    """Queue a rendered sign-in email, unless its address has used up its limit.

    The text is stored encrypted because it may contain a link that opens an account.
    """
    (address,) = message.to
    parts = [message.subject, message.body, message.to, getattr(message, "alternatives", [])]
    wait = mail_shares.promise(
        SIGN_IN_SHARE,
        STORED_TASK,
        encrypt(json.dumps(parts)),
        address=address,
        key=secrets.token_hex(8),
    )
    if wait is not None:
        log.warning("an address reached its limit of sign-in emails")


def send_stored(sealed: str) -> None:
    """Send what `promise_sign_in_mail` stored; raises what the backend raises."""
    subject, body, to, alternatives = json.loads(decrypt(sealed))
    EmailMultiAlternatives(
        subject, body, to=to, alternatives=[(text, kind) for text, kind in alternatives]
    ).send()
