"""The Server-Provided Files API (CDS-WG1-02 9)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, cast

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.errors import NotFound
from portal.http.listing import CdsListView, Filter, Order, ids_filter
from registration import urls_of
from registration.api.base import newest_first
from registration.api.principal import Principal
from registration.api.throttles import ClientThrottle
from registration.catalogue.admin import GRANT_ADMIN, SERVER_PROVIDED_FILES
from registration.models.files import ServerProvidedFile
from registration.services.catalogue.offers import current_offers

CHUNK = 1 << 16
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


class _Grant(Protocol):
    """As much of a Grant as files need: the entries that are open now."""

    @property
    def enabled_authorization_details(self) -> Sequence[Mapping[str, Any]]: ...


class FileReader(Principal, Protocol):
    """The bearer of a token that a Grant Admin Client got for a Grant."""

    @property
    def grant(self) -> _Grant: ...


class OpensFiles(BasePermission):
    """Lets in tokens of Grant Admin Clients for a Grant of files, and nobody else (3.3.3)."""

    message = "This token does not open Server-Provided Files."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Look at what the token opens and at who got it."""
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
        """Return what the Grant lists."""
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
        """Answer what the file is."""
        return Response(file_to_wire(_one(request, file_id)))


class FileDownload(APIView):
    """`download_uri` of a file: the bytes, whole or one range of them (RFC 9110 14)."""

    permission_classes = [OpensFiles]
    throttle_classes = [ClientThrottle]

    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        """Answer the content; HEAD answers the same headers."""
        return _content(request, _one(request, file_id))


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


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes `first` to `last` of a file, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class _Unsatisfiable(Exception):
    """The range begins after the end of the file."""


def _part(header: str, size: int) -> _Part | None:
    """Read a Range header; None stands for the whole file.

    Other units, several ranges and nonsense are ignored, as RFC 9110 14.2 allows. Raises
    _Unsatisfiable.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if match[1]:
        first, last = int(match[1]), int(match[2]) if match[2] else size - 1
        if match[2] and last < first:
            return None
    else:
        first, last = max(size - int(match[2]), 0), size - 1
    if first >= size:
        raise _Unsatisfiable
    return _Part(first, min(last, size - 1))


def _content(request: Request, file: ServerProvidedFile) -> HttpResponseBase:
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{file.sha256}"',
        "Last-Modified": http_date(file.modified.timestamp()),
        # Never shown by a browser on this server's origin, whatever the file says it is.
        "Content-Disposition": content_disposition_header(True, file.name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    try:
        part = _part(request.headers.get("Range", ""), file.size) if _fresh(request, file) else None
    except _Unsatisfiable:
        empty = HttpResponse(status=416, headers=headers, content_type=file.mime_type)
        empty["Content-Range"] = f"bytes */{file.size}"
        return empty
    sent = part or _Part(0, file.size - 1)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{file.size}"
    headers["Content-Length"] = str(sent.length)
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers, content_type=file.mime_type)
    return StreamingHttpResponse(
        _pieces(file, sent), status=status, headers=headers, content_type=file.mime_type
    )


def _fresh(request: Request, file: ServerProvidedFile) -> bool:
    """Whether If-Range lets a range be sent: the reader's first part is of this very content."""
    condition = request.headers.get("If-Range", "").strip()
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == f'"{file.sha256}"'
    return parse_http_date_safe(condition) == int(file.modified.timestamp())


def _pieces(file: ServerProvidedFile, part: _Part) -> Iterator[bytes]:
    left = part.length
    with file.content.open("rb") as stream:
        stream.seek(part.first)
        while left > 0 and (piece := stream.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece
