"""The Clients API (CDS-WG1-02 5)."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from portal.errors import NotFound
from portal.http.listing import CdsListView, ids_filter
from registration.api.base import (
    AdminView,
    actor,
    caller_registration,
    client_payload,
    newest_first,
)
from registration.models import Client
from registration.services.catalogue.offers import current_offers
from registration.services.clients.update import update_client
from registration.services.clients.wire import client_to_wire


class ClientList(AdminView, CdsListView):
    """`cds_clients_api` (CDS-WG1-02 5.3)."""

    envelope = "clients"
    filters = (ids_filter("client_ids", "client_id"),)
    order = newest_first()

    def base_queryset(self, request: Request) -> QuerySet[Client]:
        """Only the calling registration's Clients."""
        clients: QuerySet[Client] = Client.objects.of(caller_registration(request))
        return clients

    def represent(self, rows: list[Client], request: Request) -> list[Mapping[str, Any]]:
        """Return the Client objects of one page."""
        offers = current_offers()
        return [client_to_wire(row, offers) for row in rows]


class ClientDetail(AdminView):
    """`cds_client_uri` (CDS-WG1-02 5.4, 5.5)."""

    # The largest body that the field limits allow: fifty redirect URIs and fifty long purposes.
    max_body_bytes = 1_048_576

    def get(self, request: Request, client_id: str) -> Response:
        """Return one Client object."""
        return Response(client_to_wire(_own(request, client_id), current_offers()))

    def put(self, request: Request, client_id: str) -> Response:
        """Replace the editable fields: 200, or 202 when the utility reviews some of them first."""
        client = _own(request, client_id)
        done = update_client(client=client, payload=client_payload(request), by=actor(request))
        status = 200 if done.review is None else 202
        return Response(client_to_wire(done.client, current_offers()), status)


def _own(request: Request, client_id: str) -> Client:
    client = Client.objects.of(caller_registration(request)).filter(client_id=client_id).first()
    if not isinstance(client, Client):
        raise NotFound("There is no such Client.")
    return client
