"""Reads a PUT of a Client object into the values it should have (CDS-WG1-02 5.5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from portal import crypto
from portal.errors import DomainError
from registration import hooks, urls_of
from registration.errors import InvalidClientMetadata, InvalidRedirectUri
from registration.models import Client
from registration.services.catalogue.offers import current_offers, details_types
from registration.services.catalogue.purposes import read_purposes
from registration.services.clients.build_client import columns_of
from registration.services.clients.give_up_scopes import read_scope
from registration.services.credentials.lifecycle import expires_at, secret_digest
from registration.validation.client_metadata import (
    read_client_metadata,
    read_scopes,
    require_object,
)
from registration.validation.redirect_uris import read_redirect_uris
from registration.validation.stored_json import storable

MAX_DETAILS = 100

# The server decides these; a PUT can repeat them but not change them (decision 23).
IMMUTABLE = (
    "client_id",
    "client_id_issued_at",
    "grant_types",
    "response_types",
    "token_endpoint_auth_method",
    "authorization_details_types",
    "cds_created",
    "cds_modified",
    "cds_client_uri",
    "cds_server_metadata",
    "cds_status_options",
)


def read_changes(*, client: Client, current: Mapping[str, Any], payload: object) -> dict[str, Any]:
    """Return every editable column with its new value.

    `current` is the wire form of the Client. Absent and null fields are reset to the server's
    default, except `scope` and `cds_status`, which stay (decision 23). Raises InvalidClientMetadata
    or InvalidRedirectUri naming the field.
    """
    fields = require_object(payload)
    _check_immutable(client, current, fields)
    metadata = read_client_metadata(fields)
    if metadata.client_name == client.client_id:
        # The client sent back what the wire form shows for a Client without a name.
        metadata = replace(metadata, client_name="")
    scopes = read_scope(client=client, fields=fields)
    values: dict[str, Any] = {
        **columns_of(metadata),
        "scopes": scopes,
        "cds_status": _status(client, fields),
        "purposes": read_purposes(
            client=client, fields=fields, offers=current_offers(), scopes=scopes
        ),
    }
    return values | _authorization_values(client, fields, scopes)


def _check_immutable(client: Client, current: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    for name in IMMUTABLE:
        if fields.get(name) is not None and fields[name] != current[name]:
            raise InvalidClientMetadata(
                f"{name} is set by the server and cannot be changed; leave it out.", field=name
            )
    for name, is_known in _CREDENTIAL_FIELDS.items():
        if fields.get(name) is not None and not is_known(client, fields[name]):
            raise InvalidClientMetadata(
                f"{name} cannot be changed here; use the Credentials API.", field=name
            )


def _knows_secret(client: Client, value: object) -> bool:
    """RFC 7592 2.2 lets a client repeat its secret."""
    if not isinstance(value, str):
        return False
    wanted = secret_digest(value)
    known = client.credentials.values_list("secret_digest", flat=True)
    return any(crypto.same(wanted, digest) for digest in known)


def _knows_expiry(client: Client, value: object) -> bool:
    return any(value == expires_at(credential) for credential in client.credentials.all())


_CREDENTIAL_FIELDS: Mapping[str, Callable[[Client, object], bool]] = {
    "client_secret": _knows_secret,
    "client_secret_expires_at": _knows_expiry,
}


def _status(client: Client, fields: Mapping[str, Any]) -> str:
    status = fields.get("cds_status")
    if status is None:
        return client.cds_status
    if status not in client.settable_statuses:
        reason = (
            "cds_status stays disabled until the utility enables this Client again."
            if client.disabled_by_staff
            else f"cds_status must be one of: {', '.join(client.settable_statuses)}."
        )
        raise InvalidClientMetadata(reason, field="cds_status")
    return str(status)


def _authorization_values(
    client: Client, fields: Mapping[str, Any], scopes: list[str]
) -> dict[str, Any]:
    """Fields for authorization requests; empty for Clients that make none (CDS-WG1-02 5.1)."""
    if not client.response_types:
        return _no_authorization_values(fields)
    own = urls_of.default_redirect_uri(client.client_id)
    submitted = fields.get("redirect_uris")
    uris = read_redirect_uris(
        [] if submitted is None else submitted,
        default=own,
        is_public=client.is_public,
        is_sandbox=client.environment == Client.Status.SANDBOX,
    )
    return {
        "redirect_uri_list": uris,
        "cds_default_redirect_uri": _default_redirect(client, fields, uris, own),
        "default_scope": _default_scope(client, fields, scopes),
        "default_authorization_details": _default_details(fields, scopes),
    }


def _no_authorization_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    if fields.get("redirect_uris"):
        raise InvalidRedirectUri(
            "redirect_uris: this Client makes no authorization requests, so the list must be "
            "empty.",
            field="redirect_uris",
        )
    for name in (
        "cds_default_scope",
        "cds_default_redirect_uri",
        "cds_default_authorization_details",
    ):
        if fields.get(name):
            raise InvalidClientMetadata(
                f"{name}: this Client makes no authorization requests; leave it out.", field=name
            )
    return {}


def _default_redirect(client: Client, fields: Mapping[str, Any], uris: list[str], own: str) -> str:
    """Return the default URI; a server default that is sent back does not bind a changed list."""
    wanted = fields.get("cds_default_redirect_uri")
    chosen_here = _first(client.redirect_uri_list, own)
    if wanted not in uris and wanted == client.cds_default_redirect_uri == chosen_here:
        wanted = None
    if wanted is None:
        return _first(uris, own)
    if wanted not in uris:
        raise InvalidClientMetadata(
            f"cds_default_redirect_uri must be one of redirect_uris: {', '.join(uris)}.",
            field="cds_default_redirect_uri",
        )
    return str(wanted)


def _first(uris: Sequence[str], own: str) -> str:
    return own if own in uris or not uris else uris[0]


def _default_scope(client: Client, fields: Mapping[str, Any], scopes: list[str]) -> str:
    """Return the default scope; if it is the server's default, all scopes, it follows `scope`."""
    wanted = read_scopes(fields, "cds_default_scope")
    if wanted is None:
        return " ".join(scopes)
    more = [scope for scope in wanted if scope not in scopes]
    if more and set(wanted) == set(client.scopes) == set(client.default_scope.split()):
        return " ".join(scopes)
    if more:
        raise InvalidClientMetadata(
            f"cds_default_scope: {' '.join(more)[:500]} is not one of this Client's scopes: "
            f"{' '.join(scopes)}.",
            field="cds_default_scope",
        )
    return " ".join(wanted)


def _default_details(fields: Mapping[str, Any], scopes: list[str]) -> list[dict[str, Any]]:
    name = "cds_default_authorization_details"
    details = fields.get(name)
    if details is None:
        return []
    if not isinstance(details, list) or not all(isinstance(item, dict) for item in details):
        raise InvalidClientMetadata(f"{name} must be an array of objects.", field=name)
    if len(details) > MAX_DETAILS:
        raise InvalidClientMetadata(f"{name} can have at most {MAX_DETAILS} entries.", field=name)
    stored: list[dict[str, Any]] = [storable(item, name) for item in details]
    offers = {scope: offer for scope, offer in current_offers().items() if scope in scopes}
    types = details_types(offers, scopes)
    for item in details:
        if item.get("type") not in types:
            raise InvalidClientMetadata(
                f"{name}: each entry needs a type, one of: {', '.join(types)}.", field=name
            )
    try:
        hooks.check_details(stored, offers)
    except (DomainError, ValueError) as error:
        raise InvalidClientMetadata(f"{name}: {error}", field=name) from error
    return stored
