"""Demo only: the emails that would have been sent."""

import email
import email.policy
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.http.permissions import public


@dataclass(frozen=True, slots=True)
class DemoMail:
    """One email as shown in the demo."""

    name: str
    subject: str
    to: str
    sent: str
    body: str


def read_mails(folder: Path) -> list[DemoMail]:
    """Return the emails in a folder, newest first; a file may contain several."""
    mails = []
    for file in sorted(folder.glob("*.log"), key=lambda f: f.stat().st_mtime, reverse=True):
        parts = [part for part in file.read_bytes().split(b"-" * 79 + b"\n") if part.strip()]
        for number, part in reversed(list(enumerate(parts))):
            message = email.message_from_bytes(part, policy=email.policy.default)
            body = message.get_body(("plain",))
            mails.append(
                DemoMail(
                    name=f"{file.stem}.{number}",
                    subject=str(message["Subject"]),
                    to=str(message["To"]),
                    sent=str(message["Date"]),
                    body=body.get_content() if body is not None else "",
                )
            )
    return mails


def all_mails() -> list[DemoMail]:
    """Return the emails of the demo, or none without a folder."""
    return read_mails(Path(settings.MAIL_DIR)) if settings.MAIL_DIR else []


@public
@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """List the demo's emails."""
    return render(request, "portal/demo_mail.html", {"mails": all_mails()})


@public
@require_safe
def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one email."""
    for mail in all_mails():
        if mail.name == name:
            return render(request, "portal/demo_mail_detail.html", {"mail": mail})
    raise Http404
