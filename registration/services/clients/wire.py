"""The wire form of Clients (CDS-WG1-02 5.1)."""

from typing import Any

from registration import urls_of
from registration.models import Client
from registration.services.catalogue import purposes
from registration.services.catalogue.offers import Offers, details_types


def client_to_wire(client: Client, offers: Offers) -> dict[str, Any]:
    """Return a Client object; never a secret."""
    wire: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created.timestamp()),
        "client_name": client.client_name,
        "scope": client.scope,
        "redirect_uris": list(client.redirect_uri_list),
        "response_types": list(client.response_types),
        "grant_types": list(client.grant_types),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "contacts": list(client.contacts),
        "authorization_details_types": details_types(offers, client.scopes),
        "cds_created": client.created,
        "cds_modified": client.modified,
        "cds_client_uri": urls_of.client_uri(client.client_id),
        "cds_status": client.cds_status,
        "cds_status_options": client.settable_statuses,
        "cds_server_metadata": urls_of.client_metadata_url(client.client_id),
    }
    for name in ("client_uri", "logo_uri", "tos_uri", "policy_uri"):
        if getattr(client, name):
            wire[name] = getattr(client, name)
    if client.purposes:
        wire["cds_purposes"] = purposes.to_wire(client)
    if client.response_types:
        wire["cds_default_scope"] = client.default_scope
        wire["cds_default_redirect_uri"] = client.cds_default_redirect_uri
        wire["cds_default_authorization_details"] = client.default_authorization_details
    return wire
