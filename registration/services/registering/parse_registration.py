"""Parses a registration request and checks it against what is offered (RFC 7591 2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registration.catalogue.admin import CLIENT_ADMIN
from registration.catalogue.offers import ScopeOffer
from registration.errors import InvalidClientMetadata
from registration.fields.values import Value
from registration.services.catalogue.fields import (
    read_fields,
    required_flows,
    submitted_purposes,
)
from registration.services.catalogue.offers import Offers
from registration.services.onboarding.start import check_contacts
from registration.validation.client_metadata import (
    ClientMetadata,
    read_client_metadata,
    read_scopes,
    read_strings,
    read_text,
    require_object,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRequest:
    """The content of a registration request; later code does not read the payload.

    `scopes` include the grant admin scopes that the requested ones need (CDS-WG1-02 4.2).
    `auth_method` is None if the request does not choose one. `values` are registration fields by
    id, `purposes` the purposes among them (CDS-WG3-01 5.1), `flows` the fields that require an
    action, each with the scopes that wait for it.
    """

    metadata: ClientMetadata
    scopes: Sequence[str]
    auth_method: str | None
    values: Mapping[str, Value]
    purposes: Sequence[Mapping[str, Any]]
    flows: Mapping[str, Sequence[str]]


def parse_registration(payload: object, offers: Offers) -> RegistrationRequest:
    """Return the request. Raises InvalidClientMetadata naming the first field that is wrong.

    Submitted redirect_uris are ignored and unknown fields too (CDS-WG1-02 4.1, RFC 7591 2).
    """
    fields = require_object(payload)
    metadata = read_client_metadata(fields)
    scopes = _read_scopes(fields, offers)
    wanted = [offers[scope] for scope in scopes]
    method = _read_auth_method(fields, wanted)
    values = read_fields(fields, wanted)
    flows = required_flows(wanted)
    check_contacts(flows=flows, contacts=metadata.contacts)
    return RegistrationRequest(
        metadata=metadata,
        scopes=scopes,
        auth_method=method,
        values=values,
        purposes=submitted_purposes(values),
        flows=flows,
    )


def _read_scopes(fields: Mapping[str, Any], offers: Offers) -> list[str]:
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


def _read_auth_method(fields: Mapping[str, Any], offers: Iterable[ScopeOffer]) -> str | None:
    """The server chooses grant and response types; only their form is checked."""
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
