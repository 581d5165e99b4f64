"""The Server-Provided Files API (CDS-WG1-02 9)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, cast

from django.db.models import QuerySet
from django.http import HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.errors import NotFound
from portal.http.files import Download, file_response
from portal.http.listing import CdsListView, Filter, Order, ids_filter
from registration import urls_of
from registration.api.base import newest_first
from registration.api.principal import Principal
from registration.api.throttles import ClientThrottle
from registration.catalogue.admin import GRANT_ADMIN, SERVER_PROVIDED_FILES
from registration.models.files import ServerProvidedFile
from registration.services.catalogue.offers import current_offers


class _Grant(Protocol):
    """The part of a Grant that files need: the entries that are open now."""

    @property
    def enabled_authorization_details(self) -> Sequence[Mapping[str, Any]]: ...


class FileReader(Principal, Protocol):
    """The bearer of a token that a Grant Admin Client obtained for a Grant."""

    @property
    def grant(self) -> _Grant: ...


class OpensFiles(BasePermission):
    """Accepts only tokens of Grant Admin Clients for a Grant of files (3.3.3)."""

    message = "This token does not give access to Server-Provided Files."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Check what the token gives access to and which Client obtained it."""
        scopes = getattr(request.user, "scopes", ())
        if not _file_scopes(scopes):
            return False
        held = cast(FileReader, request.user).client.scopes
        offers = current_offers()
        return any(offers[name].type == GRANT_ADMIN for name in held if name in offers)


class FileList(CdsListView):
    """`cds_server_provided_files_api`: the files of the token's Grant, last modified first."""

    permission_classes = [OpensFiles]
    throttle_classes = [ClientThrottle]
    envelope = "files"
    filters: ClassVar[tuple[Filter, ...]] = (ids_filter("file_ids", "file_id"),)
    order: ClassVar[tuple[Order, ...]] = newest_first()

    def base_queryset(self, request: Request) -> QuerySet[ServerProvidedFile]:
        """Return the files that the Grant lists."""
        return _granted(request)

    def represent(
        self, rows: list[ServerProvidedFile], request: Request
    ) -> list[Mapping[str, Any]]:
        """Return Server-Provided File objects."""
        return [file_to_wire(row) for row in rows]


class FileDetail(APIView):
    """`uri` of a file."""

    permission_classes = [OpensFiles]
    throttle_classes = [ClientThrottle]

    def get(self, request: Request, file_id: str) -> Response:
        """Return the Server-Provided File object."""
        return Response(file_to_wire(_one(request, file_id)))


class FileDownload(APIView):
    """`download_uri` of a file: the bytes, whole or one range of them (RFC 9110 14)."""

    permission_classes = [OpensFiles]
    throttle_classes = [ClientThrottle]

    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        """Return the content; HEAD returns the same headers."""
        return file_response(request, _download(_one(request, file_id)))


def file_to_wire(file: ServerProvidedFile) -> dict[str, Any]:
    """Return a Server-Provided File object (CDS-WG1-02 9.1)."""
    return {
        "file_id": file.file_id,
        "uri": urls_of.absolute("server-provided-file", file.file_id),
        "created": file.created,
        "modified": file.modified,
        "mime_type": file.mime_type,
        "size": file.size,
        "name": file.name,
        "description": file.description,
        "download_uri": urls_of.absolute("server-provided-file-download", file.file_id),
    }


def _file_scopes(scopes: Any) -> set[str]:
    offers = current_offers()
    return {
        name for name in scopes if name in offers and offers[name].type == SERVER_PROVIDED_FILES
    }


def _granted(request: Request) -> QuerySet[ServerProvidedFile]:
    reader = cast(FileReader, request.user)
    scopes = _file_scopes(reader.scopes)
    entries = reader.grant.enabled_authorization_details
    file_ids = [entry["file_id"] for entry in entries if entry["type"] in scopes]
    rows = ServerProvidedFile.objects.filter(registration=reader.registration)
    return rows.filter(file_id__in=file_ids)


def _one(request: Request, file_id: str) -> ServerProvidedFile:
    file = _granted(request).filter(file_id=file_id).first()
    if file is None:
        raise NotFound("There is no such file, or the Grant of this token does not list it.")
    return file


def _download(file: ServerProvidedFile) -> Download:
    return Download(
        content=file.content,
        name=file.name,
        mime_type=file.mime_type,
        size=file.size,
        sha256=file.sha256,
        modified=file.modified,
    )
