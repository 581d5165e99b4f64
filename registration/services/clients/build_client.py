"""Builds Client objects, for registrations and for production (CDS-WG1-02 4.2, 5.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from registration import urls_of
from registration.models import Client, Registration
from registration.validation.client_metadata import ClientMetadata


@dataclass(frozen=True, slots=True)
class ClientKind:
    """What scopes must have in common to share a Client object (CDS-WG1-02 4.2)."""

    response_types: tuple[str, ...]
    grant_types: tuple[str, ...]
    auth_method: str | None
    environment: str
    is_admin: bool


def build_client(
    *,
    registration: Registration,
    kind: ClientKind,
    scopes: Sequence[str],
    metadata: ClientMetadata,
    purposes: Mapping[str, Any],
) -> Client:
    """Return an unsaved Client with the server's defaults and without a Credential."""
    is_public = kind.auth_method == Client.AuthMethod.NONE
    asks_customer = bool(kind.response_types)
    now = timezone.now()
    client = Client(
        registration=registration,
        created=now,
        modified=now,
        **columns_of(metadata),
        scopes=list(scopes),
        response_types=list(kind.response_types),
        grant_types=list(kind.grant_types),
        token_endpoint_auth_method=kind.auth_method,
        cds_status=kind.environment,
        # The admin Client cannot be disabled; all others can (CDS-WG1-02 5.1).
        cds_status_options=[kind.environment, *([] if kind.is_admin else ["disabled"])],
        pkce_required=is_public,
        client_type=Client.CLIENT_PUBLIC if is_public else Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=(
            Client.GRANT_AUTHORIZATION_CODE if asks_customer else Client.GRANT_CLIENT_CREDENTIALS
        ),
        registration_source=Client.RegistrationSource.DCR,
        purposes=dict(purposes),
    )
    if asks_customer:
        client.cds_default_redirect_uri = urls_of.default_redirect_uri(client.client_id)
        client.redirect_uri_list = [client.cds_default_redirect_uri]
        client.default_scope = " ".join(scopes)
    return client


def columns_of(metadata: ClientMetadata) -> dict[str, Any]:
    """Return the columns of a Client that hold its descriptive fields."""
    return {
        "name": metadata.client_name,
        "contacts": list(metadata.contacts),
        "client_uri": metadata.client_uri,
        "logo_uri": metadata.logo_uri,
        "tos_uri": metadata.tos_uri,
        "policy_uri": metadata.policy_uri,
    }


def metadata_of(client: Client) -> ClientMetadata:
    """Return the descriptive fields of a Client: the reverse of `columns_of`."""
    return ClientMetadata(
        client_name=client.name,
        contacts=tuple(client.contacts),
        client_uri=client.client_uri,
        logo_uri=client.logo_uri,
        tos_uri=client.tos_uri,
        policy_uri=client.policy_uri,
    )
