"""Makes the Client objects of a registration, grouped as CDS-WG1-02 4.2 allows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from registration import urls_of
from registration.catalogue.admin import CLIENT_ADMIN
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import ScopeKind
from registration.models import Client, Registration
from registration.services.catalogue.offers import Offers
from registration.validation.client_metadata import ClientMetadata

_PRODUCTION_KINDS = frozenset({ScopeKind.ADMIN, ScopeKind.SERVER_GRANTED})


@dataclass(frozen=True, slots=True)
class ClientKind:
    """What scopes must have in common to share a Client object (CDS-WG1-02 4.2)."""

    response_types: tuple[str, ...]
    grant_types: tuple[str, ...]
    auth_method: str | None
    environment: str
    is_admin: bool


def grouped(
    scopes: Iterable[str], offers: Offers, method: str | None
) -> dict[ClientKind, list[str]]:
    """Return the scopes by the kind of Client that they need."""
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


def create_client(
    *,
    registration: Registration,
    kind: ClientKind,
    scopes: list[str],
    metadata: ClientMetadata,
    client_purposes: Mapping[str, Any],
) -> Client:
    """Make one Client without a Credential."""
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
        purposes=dict(client_purposes),
    )
    if asks_customer:
        client.cds_default_redirect_uri = urls_of.default_redirect_uri(client.client_id)
        client.redirect_uri_list = [client.cds_default_redirect_uri]
        client.default_scope = " ".join(scopes)
    client.save(force_insert=True)
    return client
