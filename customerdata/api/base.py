"""The listings of versioned kinds: one view, made for each kind from its declaration."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from customerdata.access.listing import read_objects
from customerdata.access.reading import Reader
from customerdata.api.encryption import EncryptedView
from customerdata.kinds.base import VersionedKind
from portal.http.listing import ListQuery

# What our URL patterns declare: any token with customer data; the rows decide what it shows.
BEARER = "bearer:customer_data"


def reader_of(request: Request) -> Reader:
    """Return the reader of the request's token as of now."""
    caller: Any = request.user
    return Reader.of(caller.grant, caller.scopes, timezone.now())


class KindListView(EncryptedView):
    """GET: the objects of a kind that the token's Grant gives access to (CDS-WG3-01 10)."""

    kind: ClassVar[VersionedKind]

    def get(self, request: Request) -> Response:
        """Answer one page."""
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
