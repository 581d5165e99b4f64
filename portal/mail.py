"""Sending mail: triplets of templates (subject.txt, body.txt, body.html), always from a task."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from portal.branding import current_utility


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
