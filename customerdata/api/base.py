"""The listings of versioned kinds: one view, built for each kind from its declaration."""

from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from customerdata.access.listing import read_file, read_objects
from customerdata.access.reading import Reader
from customerdata.api.encryption import EncryptedView
from customerdata.kinds.base import VersionedKind
from portal.errors import NotFound
from portal.http.files import Download, file_response
from portal.http.listing import ListQuery

# Accept any token for customer data; the rows of computed access decide what it shows.
BEARER = "bearer:customer_data"


def reader_of(request: Request) -> Reader:
    """Return the reader of the request's token as of now."""
    caller: Any = request.user
    return Reader.of(caller.grant, caller.scopes, timezone.now())


class KindListView(EncryptedView):
    """GET: the objects of a kind that the token's Grant gives access to (CDS-WG3-01 10)."""

    kind: ClassVar[VersionedKind]

    def get(self, request: Request) -> Response:
        """Return one page."""
        query = ListQuery.of(request)
        page = read_objects(self.kind, reader_of(request), query)
        return Response(
            {
                self.kind.envelope: page.objects,
                "next": query.page_url(page.next),
                "previous": query.page_url(page.previous),
            }
        )


def list_view(kind: VersionedKind) -> type[KindListView]:
    """Return the listing of a kind."""
    return type(f"{kind.object_name}List", (KindListView,), {"kind": kind})


class KindFileView(EncryptedView):
    """GET: the file of an object that the token opens, whole or as a range.

    An encrypted file is always sent whole, because part of a JWE cannot be decrypted.
    """

    kind: ClassVar[VersionedKind]
    compresses = False

    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        """Return the content; HEAD returns the same headers."""
        found = read_file(self.kind, reader_of(request), public_id)
        if found is None:
            raise NotFound("There is no such file, or this token does not give access to it.")
        download = Download(
            content=found.content,
            name=found.name,
            mime_type=found.mime_type,
            size=found.size,
            sha256=found.sha256,
            modified=found.arrived,
        )
        return file_response(request, download, by_ranges=self.key is None)


def file_view(kind: VersionedKind) -> type[KindFileView]:
    """Return the view of the files of a kind."""
    return type(f"{kind.object_name}File", (KindFileView,), {"kind": kind})
