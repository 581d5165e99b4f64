"""Builds the metadata documents from what the deployment offers (CDS-WG1-01 3.2, CDS-WG1-02 3.2).

The documents never advertise what is not implemented: the URLs of OAuth endpoints and data APIs
come from the apps that serve them, through `metadata_parts`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet

from registration import urls_of
from registration.catalogue.metadata_parts import MetadataContext, metadata_parts
from registration.catalogue.offers import describe
from registration.models import Client, CoverageEntry
from registration.services.catalogue.fields import described_fields
from registration.services.catalogue.offers import Offers, current_offers
from registration.services.catalogue.purposes import for_client

METADATA_URL = "/.well-known/cds-server-metadata.json"
OAUTH_METADATA_URL = "/.well-known/oauth-authorization-server"
_SECRET_METHODS = ["client_secret_basic"]


_OWN_CAPABILITIES = ("coverage", "oauth")


def _capabilities(entries: QuerySet[CoverageEntry]) -> list[str]:
    """Return the server's own capabilities together with those of all entries."""
    covered = entries.values_list("capabilities", flat=True)
    union = {name for names in covered for name in names} - set(_OWN_CAPABILITIES)
    return [*_OWN_CAPABILITIES, *sorted(union)]


def server_metadata(*, created: datetime) -> dict[str, Any]:
    """Return the public server metadata without `updated` (CDS-WG1-01 3.2, CDS-WG1-02 3.1)."""
    document: dict[str, Any] = {
        "cds_metadata_version": "v1",
        "cds_metadata_url": urls_of.portal_url(METADATA_URL),
        "created": created,
        "name": settings.UTILITY_NAME,
        "description": settings.UTILITY_DESCRIPTION,
        "website": settings.UTILITY_WEBSITE,
        "documentation": urls_of.docs_url(),
        "support": urls_of.docs_url("support"),
        "capabilities": _capabilities(CoverageEntry.objects.all()),
        "coverage": urls_of.absolute("coverage"),
        "oauth_metadata": urls_of.portal_url(OAUTH_METADATA_URL),
    }
    if settings.CDS_RELATED_METADATA:
        document["related_metadata"] = list(settings.CDS_RELATED_METADATA)
    return document


def client_server_metadata(client: Client, *, created: datetime) -> dict[str, Any]:
    """Return the document as one Client should see it, without `updated` (CDS-WG1-02 5.1).

    If its scopes only work in some areas, coverage and capabilities are limited to those areas.
    """
    document = server_metadata(created=created) | {
        "cds_metadata_url": urls_of.client_metadata_url(client.client_id),
        "created": client.created,
        "oauth_metadata": urls_of.absolute("client-oauth-metadata", client.client_id),
    }
    covered = {entry for offer in client_offers(client).values() for entry in offer.coverages}
    entries = CoverageEntry.objects.filter(entry_id__in=covered)
    if covered and CoverageEntry.objects.exclude(entry_id__in=covered).exists():
        ids = urlencode({"ids": " ".join(sorted(covered))})
        document["coverage"] = f"{document['coverage']}?{ids}"
        document["capabilities"] = _capabilities(entries)
    return document


def client_offers(client: Client) -> Offers:
    """Return what a Client's metadata describes: its scopes, and the grant admin scopes they name.

    Fields whose choices depend on the Client, such as purposes, show the Client's own. A
    description that names a grant admin scope must come with that scope (CDS-WG1-02 3.4).
    """
    offers = current_offers()
    wanted = set(client.scopes)
    wanted |= {
        offers[scope].grant_admin_scope or scope for scope in client.scopes if scope in offers
    }
    return {scope: for_client(offer, client) for scope, offer in offers.items() if scope in wanted}


def authorization_server_metadata(offers: Offers) -> dict[str, Any]:
    """Return the document of RFC 8414 with the additions of CDS-WG1-02 3.2 and CDS-WG3-01 5.

    Every list is the union over the scope descriptions, so it cannot contradict them.
    """
    docs = urls_of.ScopeDocs()
    descriptions = {scope: describe(offer, docs) for scope, offer in offers.items()}
    response_types = _union(descriptions.values(), "response_types_supported")
    methods = _union(descriptions.values(), "token_endpoint_auth_methods_supported")
    document: dict[str, Any] = {
        "issuer": settings.BASE_URL,
        "service_documentation": urls_of.docs_url(),
        "op_policy_uri": urls_of.docs_url("policy"),
        "op_tos_uri": urls_of.docs_url("terms"),
        "registration_endpoint": urls_of.absolute("register"),
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": _SECRET_METHODS,
        "scopes_supported": list(descriptions),
        "response_types_supported": response_types,
        "grant_types_supported": _union(descriptions.values(), "grant_types_supported"),
        "token_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": _union(
            descriptions.values(), "code_challenge_methods_supported"
        ),
        "authorization_details_types_supported": _union(
            descriptions.values(), "authorization_details_types_supported"
        ),
        "cds_oauth_version": "v1",
        "cds_human_registration": urls_of.docs_url("registration"),
        "cds_timezone": settings.CDS_TIMEZONE,
        "cds_clients_api": urls_of.absolute("clients"),
        "cds_messages_api": urls_of.absolute("messages"),
        "cds_credentials_api": urls_of.absolute("credentials"),
        "cds_scope_descriptions": descriptions,
        "cds_registration_fields": described_fields(offers.values()),
    }
    if response_types:
        # Present if at least one scope asks customers (CDS-WG1-02 3.2).
        document["response_modes_supported"] = ["query"]
        document["cds_test_accounts"] = urls_of.docs_url("test-accounts")
    context = MetadataContext(offers=offers, urls=docs)
    for part in metadata_parts:
        document |= part(context)
    return document


def _union(descriptions: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    return list(dict.fromkeys(value for item in descriptions for value in item[name]))


def coverage_to_wire(entry: CoverageEntry) -> dict[str, Any]:
    """Return a coverage entry (CDS-WG1-01 4.3); `entity_number` is an extension (decision 41)."""
    wire: dict[str, Any] = {
        "id": entry.entry_id,
        "created": entry.created,
        "updated": entry.modified,
        "entity_name": entry.entity_name,
        "entity_abbreviation": entry.entity_abbreviation or None,
        "country": entry.country,
        "name": entry.name,
        "type": entry.type,
        "role": entry.role,
        "infrastructure_types": list(entry.infrastructure_types),
        "commodity_types": list(entry.commodity_types),
        "capabilities": list(entry.capabilities),
    }
    if entry.description:
        wire["description"] = entry.description
    if entry.entity_number:
        wire["entity_number"] = entry.entity_number
    if entry.geojson is not None:
        wire |= {
            "map_resource": urls_of.absolute("coverage-map", entry.entry_id),
            "map_content_type": "image/svg+xml",
            "geojson_resource": urls_of.absolute("coverage-geojson", entry.entry_id),
        }
    return wire
