"""Creates the Client objects of a registration, grouped as CDS-WG1-02 4.2 allows."""

from collections.abc import Mapping
from typing import Any

from registration.catalogue.admin import CLIENT_ADMIN
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import ScopeKind
from registration.models import Client, Registration
from registration.services.catalogue.offers import Offers
from registration.services.catalogue.purposes import initial_purposes
from registration.services.clients.build_client import ClientKind, build_client
from registration.services.registering.parse_registration import RegistrationRequest

_PRODUCTION_KINDS = frozenset({ScopeKind.ADMIN, ScopeKind.SERVER_GRANTED})


def create_clients(
    *, registration: Registration, request: RegistrationRequest, offers: Offers
) -> list[Client]:
    """Create one Client for each kind of scope that is requested, without Credentials."""
    return [
        _create(registration, kind, scopes, request, offers)
        for kind, scopes in _grouped(request, offers).items()
    ]


def _create(
    registration: Registration,
    kind: ClientKind,
    scopes: list[str],
    request: RegistrationRequest,
    offers: Offers,
) -> Client:
    purposes: Mapping[str, Any] = initial_purposes(
        offers=offers, scopes=scopes, written=request.purposes
    )
    client = build_client(
        registration=registration,
        kind=kind,
        scopes=scopes,
        metadata=request.metadata,
        purposes=purposes,
    )
    client.save(force_insert=True)
    return client


def _grouped(request: RegistrationRequest, offers: Offers) -> dict[ClientKind, list[str]]:
    groups: dict[ClientKind, list[str]] = {}
    for scope in request.scopes:
        groups.setdefault(_kind_of(offers[scope], request.auth_method), []).append(scope)
    return groups


def _kind_of(offer: ScopeOffer, method: str | None) -> ClientKind:
    """Return the kind of Client that a scope needs; access to data starts in the sandbox."""
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
