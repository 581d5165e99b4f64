"""Changes of Client objects (CDS-WG1-02 5.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from portal.values import jsontext
from registration import urls_of
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.services.catalogue.offers import current_offers
from registration.services.clients.parse_put import read_changes
from registration.services.clients.review import (
    approved_values,
    request_review,
    split_changes,
)
from registration.services.clients.website_and_logo import promise_checks
from registration.services.clients.wire import client_to_wire
from registration.services.credentials.lifecycle import expire_all
from registration.services.locks import lock_client
from registration.services.messages.handlers import (
    STAYS,
    Case,
    Options,
    Outcome,
    RequestHandler,
    request_handlers,
)
from registration.services.messages.write import notify

# The wire names of changed columns, for Messages and audit rows.
_WIRE_NAMES = {
    "name": "client_name",
    "scopes": "scope",
    "disabled_by_staff": "cds_status_options",
    "purposes": "cds_purposes",
    "redirect_uri_list": "redirect_uris",
    "default_scope": "cds_default_scope",
    "default_authorization_details": "cds_default_authorization_details",
}


@dataclass(frozen=True, slots=True)
class ClientUpdate:
    """The result of a PUT: the current Client, and the review that the other changes wait for."""

    client: Client
    review: Message | None


@transaction.atomic
def update_client(*, client: Client, payload: object, by: User | str) -> ClientUpdate:
    """Apply a PUT; equal values have no effect and write no Message.

    Fields that the utility reviews keep their values; a field_changes Message holds the wish.
    Raises InvalidClientMetadata or InvalidRedirectUri naming the field.
    """
    client = lock_client(client)
    # Compared in wire form: datetimes as text, and so on.
    wire = jsontext.loads(jsontext.dumps(client_to_wire(client, current_offers())))
    values = read_changes(client=client, current=wire, payload=payload)
    at_once, waiting = split_changes(client, values)
    client = _apply(client, at_once, by=by)
    review = request_review(client=client, waiting=waiting, by=by) if waiting else None
    return ClientUpdate(client, review)


@transaction.atomic
def disable_client(*, client: Client, reason: str = "", by: User | str) -> Client:
    """Disable a Client for the utility: its secrets and tokens end immediately (CDS-WG1-02 7.1).

    Its owner cannot enable it again. The Message includes the reason. Raises InvalidRequest for the
    admin Client, which cannot be disabled (5.1).
    """
    client = lock_client(client)
    if Client.Status.DISABLED not in client.cds_status_options:
        raise InvalidRequest("This Client manages the registration and cannot be disabled.")
    values = {"cds_status": Client.Status.DISABLED.value, "disabled_by_staff": True}
    return _apply(client, values, reason=reason, by=by)


@transaction.atomic
def enable_client(*, client: Client, by: User | str) -> Client:
    """Enable a disabled Client for the utility; it needs a new Credential (decision 24)."""
    client = lock_client(client)
    values = {"cds_status": client.environment, "disabled_by_staff": False}
    return _apply(client, values, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChanges(Case):
    """Changes of a Client's fields; `updates` lists them, until a newer wish replaces them."""

    client_id: str = field(default="", metadata=STAYS)


def changes_case(request: Message) -> ClientChanges:
    """Return the facts for a decision about a Client's changes."""
    return ClientChanges(client_id=request.client.client_id if request.client else "")


def apply_field_changes(request: Message, options: Options, by: User | str) -> Outcome:
    """Set the requested values of a Client (CDS-WG1-02 5.5)."""
    if request.client is None:
        raise InvalidRequest("This Message does not name a Client.", field="related_uri")
    client = lock_client(request.client)
    _apply(client, approved_values(request, client), by=by)
    return Outcome(
        description="The changes are approved and in effect.",
        related_type="client",
        related_uri=urls_of.client_uri(client.client_id),
    )


def register() -> None:
    """Handle the field changes of Clients; consent adds those of Grants."""
    handler = RequestHandler(approve=apply_field_changes, case=changes_case)
    request_handlers.register("field_changes", handler)


def _apply(
    client: Client, values: Mapping[str, Any], *, reason: str = "", by: User | str
) -> Client:
    changed = sorted(name for name, value in values.items() if getattr(client, name) != value)
    if not changed:
        return client
    now = timezone.now()
    held = client.held_scopes
    for name in changed:
        setattr(client, name, values[name])
    client.registered_scopes = [] if client.scopes == held else held
    if {"client_uri", "contacts"} & set(changed):
        client.website_confirmed = None
    is_disabled_now = "cds_status" in changed and not client.is_enabled
    if "cds_status" in changed:
        # Also when enabling: a concurrent request may have stored a token after the Client was
        # disabled.
        client.tokens_not_before = now
    client.modified = now
    client.save()
    if {"client_uri", "logo_uri", "contacts"} & set(changed):
        promise_checks(client=client)
    _report(client, [_WIRE_NAMES.get(name, name) for name in changed], reason=reason, by=by)
    if is_disabled_now and expire_all(client=client, now=now):
        notify(
            registration=client.registration,
            name="Credentials modified",
            description=(
                f"The Client {client.client_name} was disabled, so its secrets have expired."
            ),
            related_type="credential_list",
            related_uri=f"{urls_of.absolute('credentials')}?client_ids={client.client_id}",
        )
    return client


def _report(client: Client, names: list[str], *, reason: str, by: User | str) -> None:
    """Write the audit row and the entry of the changelog (CDS-WG1-02 5.3)."""
    audit.record(
        "client.modified",
        by=by,
        subject=f"client:{client.client_id}",
        registration=client.registration.registration_id,
        details={"fields": names, "status": client.cds_status}
        | ({"reason": reason} if reason else {}),
    )
    description = f"Changed fields of the Client {client.client_name}: {', '.join(names)}."
    if reason:
        description += f" Reason: {reason}"
    notify(
        registration=client.registration,
        name="Client modified",
        description=description,
        related_type="client",
        related_uri=urls_of.client_uri(client.client_id),
    )
