"""Dynamic client registration (RFC 7591 as CDS-WG1-02 4 changes it)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from registration import addresses
from registration.catalogue.admin import CLIENT_ADMIN
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import ScopeKind
from registration.client_metadata import (
    ClientMetadata,
    read_client_metadata,
    read_scopes,
    read_strings,
    read_text,
    require_object,
)
from registration.errors import InvalidClientMetadata
from registration.models import Client, Registration
from registration.services.credentials import store_credential
from registration.services.offers import Offers, current_offers

_PRODUCTION_KINDS = frozenset({ScopeKind.ADMIN, ScopeKind.SERVER_GRANTED})


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration made: the admin Client, its secret in clear, and the organisation."""

    admin_client: Client
    secret: str
    registration: Registration


@dataclass(frozen=True, slots=True)
class ClientKind:
    """What scopes must have in common to share a Client object (CDS-WG1-02 4.2)."""

    response_types: tuple[str, ...]
    grant_types: tuple[str, ...]
    auth_method: str | None
    environment: str
    is_admin: bool


@transaction.atomic
def register(*, payload: object, by: User | str) -> Registered:
    """Create a Registration with its Clients and Credentials.

    Raises InvalidClientMetadata naming the field. Submitted redirect_uris are ignored and unknown
    fields too (CDS-WG1-02 4.1, RFC 7591 2).
    """
    fields = require_object(payload)
    metadata = read_client_metadata(fields)
    offers = current_offers()
    scopes = _requested_scopes(fields, offers)
    method = _requested_auth_method(fields, [offers[scope] for scope in scopes])
    registration = Registration.objects.create(
        name=metadata.client_name, contacts=list(metadata.contacts)
    )
    made = [
        _create_client(registration, kind, members, metadata)
        for kind, members in _grouped(scopes, offers, method).items()
    ]
    secrets = {
        client.pk: store_credential(client=client, by=by)[1]
        for client in made
        if client.token_endpoint_auth_method == Client.AuthMethod.BASIC
    }
    admin = next(client for client in made if client.is_admin)
    audit.record(
        "registration.created",
        by=by,
        subject=f"registration:{registration.registration_id}",
        registration=registration.registration_id,
        details={"scopes": scopes, "clients": [client.client_id for client in made]},
    )
    return Registered(admin, secrets[admin.pk], registration)


def _requested_scopes(fields: Mapping[str, Any], offers: Offers) -> list[str]:
    """Return the scopes with the grant admin scopes they need (CDS-WG1-02 4.1, 4.2)."""
    scopes = read_scopes(fields, "scope")
    available = " ".join(offers)
    if not scopes or CLIENT_ADMIN not in scopes:
        raise InvalidClientMetadata(
            f"scope must contain {CLIENT_ADMIN}. Available: {available}.", field="scope"
        )
    unknown = [scope for scope in scopes if scope not in offers]
    if unknown:
        raise InvalidClientMetadata(
            f"scope contains unknown scopes: {' '.join(unknown)[:500]}. Available: {available}.",
            field="scope",
        )
    needed = [offers[scope].grant_admin_scope for scope in scopes]
    return list(dict.fromkeys([*scopes, *(scope for scope in needed if scope)]))


def _requested_auth_method(fields: Mapping[str, Any], offers: Iterable[ScopeOffer]) -> str | None:
    """Return the wanted way of authentication, None when the client has no wish.

    The server decides about grant and response types; only their form is checked.
    """
    for name in ("grant_types", "response_types"):
        read_strings(fields, name, limit=100, most=20)
    method = read_text(fields, "token_endpoint_auth_method", limit=100)
    if not method:
        return None
    offered = {name for offer in offers for name in offer.auth_methods}
    if method not in offered:
        raise InvalidClientMetadata(
            f'token_endpoint_auth_method "{method}" is not offered for these scopes. '
            f"Available: {', '.join(sorted(offered))}.",
            field="token_endpoint_auth_method",
        )
    return method


def _grouped(
    scopes: Iterable[str], offers: Offers, method: str | None
) -> dict[ClientKind, list[str]]:
    groups: dict[ClientKind, list[str]] = {}
    for scope in scopes:
        groups.setdefault(_kind_of(offers[scope], method), []).append(scope)
    return groups


def _kind_of(offer: ScopeOffer, method: str | None) -> ClientKind:
    """Return how the Client of a scope works; data is reached in the sandbox first."""
    scope_type = offer.scope_type
    methods = scope_type.fixed.get("token_endpoint_auth_methods_supported", offer.auth_methods)
    available = tuple(str(name) for name in methods) if isinstance(methods, list | tuple) else ()
    chosen = method if method in available else next(iter(available), None)
    return ClientKind(
        response_types=scope_type.response_types,
        grant_types=scope_type.grant_types,
        auth_method=chosen,
        environment=(
            Client.Status.PRODUCTION
            if scope_type.kind in _PRODUCTION_KINDS
            else Client.Status.SANDBOX
        ).value,
        is_admin=offer.id == CLIENT_ADMIN,
    )


def _create_client(
    registration: Registration, kind: ClientKind, scopes: list[str], metadata: ClientMetadata
) -> Client:
    is_public = kind.auth_method == Client.AuthMethod.NONE
    asks_customer = bool(kind.response_types)
    now = timezone.now()
    client = Client(
        registration=registration,
        created=now,
        modified=now,
        name=metadata.client_name,
        contacts=list(metadata.contacts),
        client_uri=metadata.client_uri,
        logo_uri=metadata.logo_uri,
        tos_uri=metadata.tos_uri,
        policy_uri=metadata.policy_uri,
        scopes=scopes,
        response_types=list(kind.response_types),
        grant_types=list(kind.grant_types),
        token_endpoint_auth_method=kind.auth_method,
        cds_status=kind.environment,
        # The admin Client cannot be disabled, all others can (CDS-WG1-02 5.1).
        cds_status_options=[kind.environment, *([] if kind.is_admin else ["disabled"])],
        pkce_required=is_public,
        client_type=Client.CLIENT_PUBLIC if is_public else Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=(
            Client.GRANT_AUTHORIZATION_CODE if asks_customer else Client.GRANT_CLIENT_CREDENTIALS
        ),
        registration_source=Client.RegistrationSource.DCR,
    )
    if asks_customer:
        client.cds_default_redirect_uri = addresses.default_redirect_uri(client.client_id)
        client.redirect_uri_list = [client.cds_default_redirect_uri]
        client.default_scope = " ".join(scopes)
    client.save(force_insert=True)
    return client
