"""The Credentials API (CDS-WG1-02 7)."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from portal.errors import NotFound
from portal.http.listing import CdsListView, ids_filter, instant_filter
from portal.values.jsontext import UNSTORABLE
from registration.api.base import (
    AdminView,
    actor,
    caller_registration,
    newest_first,
    object_payload,
)
from registration.errors import InvalidRequest
from registration.models import Client, Credential
from registration.services.credentials.lifecycle import (
    EXPIRES_FIELD,
    create_credential,
    set_expiry_from_wire,
)
from registration.services.credentials.wire import credential_to_wire


class CredentialList(AdminView, CdsListView):
    """`cds_credentials_api` (CDS-WG1-02 7.3, 7.5)."""

    envelope = "credentials"
    filters = (
        ids_filter("credential_ids", "credential_id"),
        ids_filter("client_ids", "client__client_id"),
        instant_filter("after", "created__gte"),
        instant_filter("before", "created__lte"),
    )
    order = newest_first()

    def base_queryset(self, request: Request) -> QuerySet[Credential]:
        """Only the calling registration's Credentials."""
        mine: QuerySet[Credential] = Credential.objects.of(caller_registration(request))
        return mine.select_related("client")

    def represent(self, rows: list[Credential], request: Request) -> list[Mapping[str, Any]]:
        """Return the Credential objects of one page."""
        return [credential_to_wire(row) for row in rows]

    def post(self, request: Request) -> Response:
        """Create another secret for one of the caller's Clients."""
        client = _named_client(request)
        credential, _ = create_credential(client=client, by=actor(request))
        return Response(credential_to_wire(credential), 201)


class CredentialDetail(AdminView):
    """`uri` of a Credential (CDS-WG1-02 7.4, 7.6)."""

    def get(self, request: Request, credential_id: str) -> Response:
        """Return one Credential object."""
        return Response(credential_to_wire(_own(request, credential_id)))

    def patch(self, request: Request, credential_id: str) -> Response:
        """Move the expiry to an earlier time; every other field is ignored."""
        credential = _own(request, credential_id)
        payload = object_payload(request)
        if EXPIRES_FIELD in payload:
            credential = set_expiry_from_wire(
                credential=credential, value=payload[EXPIRES_FIELD], by=actor(request)
            )
        return Response(credential_to_wire(credential))


def _named_client(request: Request) -> Client:
    client_id = object_payload(request).get("client_id")
    if not isinstance(client_id, str) or UNSTORABLE.search(client_id):
        raise InvalidRequest("client_id must name one of your Clients.", field="client_id")
    client = Client.objects.of(caller_registration(request)).filter(client_id=client_id).first()
    if not isinstance(client, Client):
        raise InvalidRequest("client_id is not one of your Clients.", field="client_id")
    return client


def _own(request: Request, credential_id: str) -> Credential:
    mine = Credential.objects.of(caller_registration(request)).select_related("client")
    credential = mine.filter(credential_id=credential_id).first()
    if not isinstance(credential, Credential):
        raise NotFound("There is no such Credential.")
    return credential
