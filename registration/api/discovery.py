"""What anyone can read: server metadata, coverage, authorization server metadata."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.errors import NotFound
from portal.http.listing import CdsListView, ids_filter
from portal.values import jsontext
from portal.values.times import parse_datetime
from registration.api.base import newest_first
from registration.api.conditional import cacheable, cacheable_json
from registration.api.throttles import PublicThrottle
from registration.models import Client, CoverageEntry
from registration.services.catalogue.offers import current_offers
from registration.services.metadata import documents
from registration.services.metadata.updated_at import updated_at
from registration.validation import geojson


class PublicView(APIView):
    """Reads no token and no session."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (PublicThrottle,)


class ServerMetadata(PublicView):
    """`/.well-known/cds-server-metadata.json` (CDS-WG1-01 3)."""

    def get(self, request: Request) -> HttpResponse:
        """Return the document, or redirect to the server that took over (CDS-WG1-01 5)."""
        if settings.CDS_MIGRATED_TO:
            return HttpResponsePermanentRedirect(settings.CDS_MIGRATED_TO)
        document = documents.server_metadata(created=_created())
        updated = updated_at(name="server-metadata", document=document)
        return cacheable_json(request, document | {"updated": updated})


def _created() -> datetime:
    return parse_datetime(settings.SERVER_CREATED)


class OAuthMetadata(PublicView):
    """`/.well-known/oauth-authorization-server` (RFC 8414, CDS-WG1-02 3.2)."""

    def get(self, request: Request) -> HttpResponse:
        """Answer the document."""
        return cacheable_json(request, documents.authorization_server_metadata(current_offers()))


class ClientServerMetadata(PublicView):
    """The server metadata as one Client should see it (CDS-WG1-02 5.1)."""

    def get(self, request: Request, client_id: str) -> HttpResponse:
        """Answer the document."""
        client = get_object_or_404(Client, client_id=client_id)
        document = documents.client_server_metadata(client, created=_created())
        updated = updated_at(name=f"server-metadata:{client_id}", document=document)
        return cacheable_json(request, document | {"updated": updated})


class ClientOAuthMetadata(PublicView):
    """The authorization server metadata limited to what a Client registered."""

    def get(self, request: Request, client_id: str) -> HttpResponse:
        """Answer the document."""
        client = get_object_or_404(Client, client_id=client_id)
        offers = documents.client_offers(client)
        return cacheable_json(request, documents.authorization_server_metadata(offers))


class CoverageList(CdsListView):
    """`/cds/coverage` (CDS-WG1-01 4)."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (PublicThrottle,)
    envelope = "coverage_entries"
    filters = (ids_filter("ids", "entry_id"),)
    order = newest_first()

    def base_queryset(self, request: Request) -> QuerySet[CoverageEntry]:
        """Every entry is public."""
        return CoverageEntry.objects.all()

    def represent(self, rows: list[CoverageEntry], request: Request) -> list[Mapping[str, Any]]:
        """Return the entries of one page."""
        return [documents.coverage_to_wire(row) for row in rows]

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Answer a page with its ETag, or 304."""
        if isinstance(response, Response) and response.status_code == 200:
            response = cacheable_json(request, response.data)
        return super().finalize_response(request, response, *args, **kwargs)


def _mapped(entry_id: str) -> CoverageEntry:
    entry = CoverageEntry.objects.filter(entry_id=entry_id, geojson__isnull=False).first()
    if entry is None:
        raise NotFound("This coverage entry has no map.")
    return entry


class CoverageGeoJson(PublicView):
    """`geojson_resource` of a coverage entry: WGS 84 (CDS-WG1-01 4.3)."""

    def get(self, request: Request, entry_id: str) -> HttpResponse:
        """Return the GeoJSON."""
        body = jsontext.dumps(_mapped(entry_id).geojson)
        return cacheable(request, body, content_type="application/geo+json")


class CoverageMap(PublicView):
    """`map_resource` of a coverage entry, drawn from its GeoJSON."""

    def get(self, request: Request, entry_id: str) -> HttpResponse:
        """Return an SVG picture."""
        entry = _mapped(entry_id)
        title = f"{entry.entity_name}: {entry.name}"
        picture = geojson.draw_map(entry.geojson, title=title, description=entry.description)
        return cacheable(request, picture, content_type="image/svg+xml")
