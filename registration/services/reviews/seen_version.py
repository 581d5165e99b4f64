"""What staff look at before they decide about a Message, and the version that a decision names.

The words of a Message stay, what they are about does not: its party edits the Client or hands a
form in again while staff read. So an approval names the version that was looked at, and any other
is refused (CDS-WG1-02 6.9: Servers review the Client object that becomes one for production).
"""

from collections.abc import Iterable
from typing import Any, Final

from portal import crypto
from portal.errors import DomainError
from portal.values import jsontext
from registration.models import Client, Message
from registration.models.field import RegistrationFile
from registration.services.catalogue.offers import current_offers
from registration.services.clients.website_and_logo import logo_url
from registration.services.clients.wire import client_to_wire
from registration.services.messages.handlers import handler_of

_DIGEST: Final = "seen-version"
_LENGTH: Final = 16


class NotAsSeen(DomainError):
    """What the decision is about is not what was looked at."""

    code = "not_as_seen"
    status = 409


def facts_of(message: Message) -> dict[str, Any]:
    """Return what a decision rests on beside the Message, {} where nothing can change any more."""
    facts = handler_of(message.type, message.related_type).facts(message)
    answers = message.replies.filter(type="client_submission").order_by("pk")
    submissions = list(answers.values_list("message_id", flat=True))
    return {**facts, "submissions": submissions} if submissions else facts


def version_of(facts: dict[str, Any]) -> str:
    """Return the short name of these facts, "" for none; keyed, so that nobody can seek a twin."""
    return crypto.digest(jsontext.dumps(facts).decode(), purpose=_DIGEST)[:_LENGTH] if facts else ""


def require_seen(message: Message, seen: str) -> None:
    """Raise NotAsSeen unless `seen` is the version of a locked Message's facts."""
    if not crypto.same(version_of(facts_of(message)), seen):
        raise NotAsSeen(
            "seen is not the version of what this decides about: look at it, then name the "
            "version that is shown. It may have changed since you looked.",
            field="seen",
        )


def client_facts(client: Client) -> dict[str, Any]:
    """Return a Client as its party and its customers see it, and what we found out about it."""
    return {
        **client_to_wire(client, current_offers()),
        "website_confirmed": client.website_confirmed,
        "logo_seen_at": logo_url(client),
    }


def file_facts(files: Iterable[RegistrationFile]) -> list[dict[str, Any]]:
    """Return what tells one file from another."""
    return [
        {"file_id": each.file_id, "field": each.field_id, "bytes": each.size, "sha256": each.sha256}
        for each in files
    ]
