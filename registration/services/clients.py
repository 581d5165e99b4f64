"""Changes of Client objects (CDS-WG1-02 5.5)."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import audit, jsontext
from portal.models import User
from registration import addresses
from registration.errors import InvalidRequest
from registration.models import Client
from registration.services.client_changes import read_changes
from registration.services.credentials import expire_all
from registration.services.messages import notify
from registration.services.offers import current_offers
from registration.wire import client_to_wire

# How the changed columns are called on the wire, for Messages and audit rows.
_WIRE_NAMES = {
    "name": "client_name",
    "scopes": "scope",
    "redirect_uri_list": "redirect_uris",
    "default_scope": "cds_default_scope",
    "default_authorization_details": "cds_default_authorization_details",
}


@transaction.atomic
def update_client(*, client: Client, payload: object, by: User | str) -> Client:
    """Apply a PUT; equal values change nothing and write no Message.

    Raises InvalidClientMetadata or InvalidRedirectUri naming the field.
    """
    client = _locked(client)
    # Compared as a client sees it: datetimes as text, and so on.
    wire = jsontext.loads(jsontext.dumps(client_to_wire(client, current_offers())))
    values = read_changes(client=client, current=wire, payload=payload)
    return _apply(client, values, by=by)


@transaction.atomic
def disable_client(*, client: Client, by: User | str) -> Client:
    """Stop a Client: its secrets expire and its tokens die at this moment (CDS-WG1-02 7.1).

    Raises InvalidRequest for the admin Client, which cannot be disabled (5.1).
    """
    client = _locked(client)
    if Client.Status.DISABLED not in client.cds_status_options:
        raise InvalidRequest("This Client manages the registration and cannot be disabled.")
    return _apply(client, {"cds_status": Client.Status.DISABLED.value}, by=by)


@transaction.atomic
def enable_client(*, client: Client, by: User | str) -> Client:
    """Let a disabled Client work again; it needs a new Credential (decision 24)."""
    client = _locked(client)
    return _apply(client, {"cds_status": client.environment}, by=by)


def _locked(client: Client) -> Client:
    locked: Client = (
        Client.objects.select_for_update(of=("self",))
        .select_related("registration")
        .get(pk=client.pk)
    )
    return locked


def _apply(client: Client, values: dict[str, Any], *, by: User | str) -> Client:
    changed = sorted(name for name, value in values.items() if getattr(client, name) != value)
    if not changed:
        return client
    now = timezone.now()
    for name in changed:
        setattr(client, name, values[name])
    if "client_uri" in changed:
        client.website_confirmed = None
    is_disabled_now = "cds_status" in changed and not client.is_enabled
    if is_disabled_now:
        client.tokens_not_before = now
    client.modified = now
    client.save()
    names = [_WIRE_NAMES.get(name, name) for name in changed]
    audit.record(
        "client.modified",
        by=by,
        subject=f"client:{client.client_id}",
        registration=client.registration.registration_id,
        details={"fields": names, "status": client.cds_status},
    )
    notify(
        registration=client.registration,
        name="Client modified",
        description=f"Changed fields of the Client {client.client_name}: {', '.join(names)}.",
        related_type="client",
        related_uri=addresses.client_uri(client.client_id),
    )
    if is_disabled_now and expire_all(client=client, now=now):
        notify(
            registration=client.registration,
            name="Credentials modified",
            description=f"The Client {client.client_name} was disabled, so its secrets have ended.",
            related_type="credential_list",
            related_uri=f"{addresses.absolute('credentials')}?client_ids={client.client_id}",
        )
    return client
