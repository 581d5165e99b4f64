"""Parses what a Client submits as a Message into checked values (CDS-WG1-02 6.9)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from portal.errors import DomainError
from portal.http.echoes import echo
from registration import hooks, urls_of
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.models.message_states import CLIENT_TYPES, OUTSTANDING
from registration.services.catalogue.offers import current_offers, details_types
from registration.services.messages.write import MAX_NAME
from registration.validation.characters import hides
from registration.validation.client_metadata import LOOPBACK_HOSTS, MAX_URL
from registration.validation.stored_json import storable

MAX_DESCRIPTION: Final = 20_000
MAX_UPDATES: Final = 100
MAX_GRANTS: Final = 100
_TEXT_NEEDED: Final = frozenset({"private_message", "support_request"})
_LINKED_FREELY: Final = frozenset({"private_message", "support_request"})
_SUBMITTED_TO: Final = frozenset({"server_request", "pdf_form_request"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A Message of a Client with valid values; `client` is the Client that it is about."""

    type: str
    name: str
    description: str
    previous: Message | None = None
    client: Client | None = None
    related_uri: str = ""
    related_type: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)


def read_message(*, client: Client, payload: Mapping[str, Any], has_files: bool) -> Draft:
    """Check a submitted Message. Raises InvalidRequest naming the field.

    An absent previous_uri counts as null (decision 27); type, name and description are required.
    """
    message_type = payload.get("type")
    if not isinstance(message_type, str) or message_type not in CLIENT_TYPES:
        raise InvalidRequest(
            f"type must be one of: {', '.join(sorted(CLIENT_TYPES))}.", field="type"
        )
    name = _text(payload, "name", limit=MAX_NAME)
    description = _text(payload, "description", limit=MAX_DESCRIPTION, is_multiline=True)
    previous = _previous(client, payload)
    if message_type == "client_submission":
        return _read_submission(payload, name, description, previous, has_files=has_files)
    if message_type in _TEXT_NEEDED:
        for key, value in (("name", name), ("description", description)):
            if not value.strip():
                raise InvalidRequest(f"{key} must not be empty in a {message_type}.", field=key)
    subject = _subject(client, message_type, payload)
    uri, related_type = _related(message_type, payload, subject)
    return Draft(
        type=message_type,
        name=name,
        description=description,
        previous=previous,
        client=subject,
        related_uri=uri,
        related_type=related_type,
        grants=_grants(subject, payload) if message_type == "grant_request" else [],
    )


def check_submission(request: Message) -> None:
    """Reject answers to a decided request. Raises InvalidRequest."""
    if request.status not in OUTSTANDING:
        raise InvalidRequest(
            f"previous_uri: this {request.type} is {request.status} and can no longer be answered.",
            field="previous_uri",
        )


def _text(payload: Mapping[str, Any], name: str, *, limit: int, is_multiline: bool = False) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} is required and must be a string.", field=name)
    if hides(value, is_multiline=is_multiline):
        raise InvalidRequest(
            f"{name} must not contain control or invisible characters.", field=name
        )
    if len(value) > limit:
        raise InvalidRequest(
            f"{name} must have at most {limit} characters, not {len(value)}: {echo(value)}.",
            field=name,
        )
    return value


def _previous(client: Client, payload: Mapping[str, Any]) -> Message | None:
    uri = payload.get("previous_uri")
    if uri is None:
        return None
    message_id = _object_id(uri, urls_of.absolute("messages"))
    found: Message | None = (
        Message.objects.of(client.registration).filter(message_id=message_id).first()
        if message_id
        else None
    )
    if found is None:
        raise InvalidRequest(
            "previous_uri must be the uri of one of your Messages, or null.", field="previous_uri"
        )
    return found


def _object_id(uri: object, listing: str) -> str:
    """Return the id from the URL of an object on this server, or "" for any other value."""
    if not isinstance(uri, str) or not uri.startswith(f"{listing}/") or len(uri) > MAX_URL:
        return ""
    object_id = uri.removeprefix(f"{listing}/")
    return object_id if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", object_id) else ""


def _read_submission(
    payload: Mapping[str, Any],
    name: str,
    description: str,
    previous: Message | None,
    *,
    has_files: bool,
) -> Draft:
    for key, value in (("name", name), ("description", description)):
        if value:
            raise InvalidRequest(f"{key} must be empty in a client_submission.", field=key)
    if previous is None or previous.type not in _SUBMITTED_TO:
        raise InvalidRequest(
            "previous_uri must be the uri of the server_request or pdf_form_request that you "
            "answer.",
            field="previous_uri",
        )
    check_submission(previous)
    updates = _updates(payload)
    if previous.type == "server_request":
        _check_answers(previous, updates)
    elif not has_files and not any(item.get("uri") for item in updates):
        # Decision 28: for a PDF form the file itself is enough.
        raise InvalidRequest(
            "Send the form in attachments, or its URL as uri in updates_requested.",
            field="attachments",
        )
    return Draft(
        type="client_submission", name="", description="", previous=previous, updates=updates
    )


def _updates(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """6.5: the answer to each requested field; values of field_changes do not belong here."""
    name = "updates_requested"
    items = payload.get(name)
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidRequest(f"{name} must be an array of objects.", field=name)
    if len(items) > MAX_UPDATES:
        raise InvalidRequest(f"{name} can have at most {MAX_UPDATES} entries.", field=name)
    return [_update(item) for item in items]


def _update(item: Mapping[str, Any]) -> dict[str, Any]:
    update = {"field": _text(item, "field", limit=MAX_NAME)}
    for key, limit in (("name", MAX_NAME), ("description", MAX_DESCRIPTION)):
        if item.get(key) is not None:
            update[key] = _text(item, key, limit=limit, is_multiline=key == "description")
    if item.get("uri") is not None:
        update["uri"] = _web_url(item["uri"], "updates_requested")
    return update


def _check_answers(request: Message, updates: list[dict[str, Any]]) -> None:
    """6.9: every field that the server asks for, once, with a description or a link."""
    name = "updates_requested"
    asked = [item["field"] for item in request.updates_requested]
    if sorted(item["field"] for item in updates) != sorted(asked):
        raise InvalidRequest(
            f"{name} must answer each of these fields once: {', '.join(asked)}.", field=name
        )
    for item in updates:
        if not item.get("description") and not item.get("uri"):
            raise InvalidRequest(
                f"{name}: {item['field']} needs a description or a uri.", field=name
            )


def _subject(client: Client, message_type: str, payload: Mapping[str, Any]) -> Client | None:
    """Return the Client that related_uri names. Grants can be for another party's Client (6.9)."""
    if message_type not in {"production_request", "grant_request"}:
        return None
    client_id = _object_id(payload.get("related_uri"), urls_of.absolute("clients"))
    rows = Client.objects.filter(client_id=client_id) if client_id else Client.objects.none()
    if message_type == "production_request":
        rows = rows.of(client.registration)
    found = rows.select_related("registration").first()
    if not isinstance(found, Client):
        raise InvalidRequest(
            "related_uri must be the cds_client_uri of a Client.", field="related_uri"
        )
    return found


def _related(
    message_type: str, payload: Mapping[str, Any], subject: Client | None
) -> tuple[str, str]:
    """Return the link and the type of its target, which the server derives (decision 26)."""
    if subject is not None:
        return urls_of.client_uri(subject.client_id), "client"
    uri = payload.get("related_uri")
    if uri is None or message_type not in _LINKED_FREELY:
        return "", ""
    text = _web_url(uri, "related_uri")
    return text, _kind_of(text)


def _web_url(value: object, name: str) -> str:
    """People open these links: https, or http on a developer's machine in a demo."""
    parts = None
    if isinstance(value, str) and len(value) <= MAX_URL and value.isascii() and value.isprintable():
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = None
    if parts is not None and parts.hostname and "@" not in parts.netloc and " " not in str(value):
        own = str(value).startswith(f"{settings.BASE_URL}/")
        local = parts.scheme == "http" and settings.DEMO and parts.hostname in LOOPBACK_HOSTS
        if parts.scheme == "https" or own or local:
            return str(value)
    raise InvalidRequest(
        f"{name} must be an https URL with a host and without a user name.", field=name
    )


def _kind_of(uri: str) -> str:
    for listing in ("client", "grant", "message", "credential"):
        base = urls_of.portal_url(f"/cds-api/v1/{listing}s")
        if uri.partition("?")[0] == base:
            return f"{listing}_list"
        if uri.startswith(f"{base}/"):
            return listing
    return "more_info"


def _grants(subject: Client | None, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """6.6: scopes and details that are available to the Client that is to receive the Grants."""
    name = "grants_requested"
    items = payload.get(name)
    if not isinstance(items, list) or not items or len(items) > MAX_GRANTS:
        raise InvalidRequest(f"{name} must be an array of 1 to {MAX_GRANTS} objects.", field=name)
    assert subject is not None  # noqa: S101 -- a grant_request names a Client
    return [_grant(subject, item) for item in items]


def _grant(subject: Client, item: object) -> dict[str, Any]:
    name = "grants_requested"
    if not isinstance(item, dict):
        raise InvalidRequest(f"{name} must contain only objects.", field=name)
    scope = _text(item, "scope", limit=MAX_DESCRIPTION)
    scopes = list(dict.fromkeys(scope.split()))
    foreign = [scope_id for scope_id in scopes if scope_id not in subject.scopes]
    if not scopes or foreign:
        raise InvalidRequest(
            f"{name}: scope must contain only scopes of the Client: {subject.scope}.", field=name
        )
    details = item.get("authorization_details")
    if not isinstance(details, list) or not all(isinstance(entry, dict) for entry in details):
        raise InvalidRequest(
            f"{name}: authorization_details must be an array of objects, [] for none.", field=name
        )
    offers = {key: offer for key, offer in current_offers().items() if key in subject.scopes}
    types = details_types(offers, list(subject.scopes))
    if any(entry.get("type") not in types for entry in details):
        raise InvalidRequest(
            f"{name}: each authorization_details entry needs a type, one of: {', '.join(types)}.",
            field=name,
        )
    try:
        stored = [storable(entry, name) for entry in details]
        hooks.check_details(stored, offers)
    except (DomainError, ValueError) as error:
        raise InvalidRequest(f"{name}: {error}", field=name) from error
    return {"scope": " ".join(scopes), "authorization_details": stored}
