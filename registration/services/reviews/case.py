"""The typed facts that staff see before they decide a Message (CDS-WG1-02 6.9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from registration.models import Client, Message
from registration.models.field import RegistrationFile
from registration.services.catalogue.offers import current_offers
from registration.services.clients.website_and_logo import logo_url
from registration.services.clients.wire import client_to_wire
from registration.services.messages.handlers import Case, FileFacts, Update, handler_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFacts:
    """A Client as its party and its customers see it, with the results of checks.

    `wire` is the Client object of CDS-WG1-02 5.1.
    """

    wire: Mapping[str, Any]
    website_confirmed: Any
    logo_seen_at: str


def case_of(message: Message) -> Case:
    """Return the facts for a decision about a Message."""
    case = handler_of(message.type, message.related_type).case(message)
    answers = message.replies.filter(type="client_submission").order_by("pk")
    return replace(
        case,
        updates=tuple(map(_update, message.updates_requested)),
        submissions=tuple(answers.values_list("message_id", flat=True)),
    )


def facts_of(case: Case) -> dict[str, Any]:
    """Return the facts of a Case by name, without empty ones."""
    return {each.name: value for each in fields(case) if (value := getattr(case, each.name))}


def changeable_facts_of(case: Case) -> dict[str, Any]:
    """Return the facts that can change while the Message waits, {} if there are none."""
    staying = {each.name for each in fields(case) if each.metadata.get("stays")}
    return {name: value for name, value in facts_of(case).items() if name not in staying}


def client_facts(client: Client) -> ClientFacts:
    """Return the current facts of a Client."""
    return ClientFacts(
        wire=client_to_wire(client, current_offers()),
        website_confirmed=client.website_confirmed,
        logo_seen_at=logo_url(client),
    )


def file_facts(files: Iterable[RegistrationFile]) -> tuple[FileFacts, ...]:
    """Return what distinguishes these files from others."""
    return tuple(
        FileFacts(file_id=each.file_id, field=each.field_id, size=each.size, sha256=each.sha256)
        for each in files
    )


def _update(item: Mapping[str, Any]) -> Update:
    known = {each.name for each in fields(Update)}
    return Update(**{name: value for name, value in item.items() if name in known})
