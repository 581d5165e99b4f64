"""The Usage Segments API (CDS-WG3-01 10.8)."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from customerdata.access.reading import Reader
from customerdata.api.encryption import EncryptedView
from customerdata.api.segments.body import stream
from customerdata.api.segments.page import read_page
from portal import crypto
from portal.http.listing import page_url


class UsageSegmentsView(EncryptedView):
    """GET: the segments that the token gives access to, trimmed to its windows (10.8.8)."""

    def get(self, request: Request) -> HttpResponseBase:
        """Answer one page as a stream."""
        caller: Any = request.user
        key = segment_key()
        reader = Reader.of(caller.grant, caller.scopes, timezone.now())
        page = read_page(request, reader, key)
        if request.method == "HEAD":
            return HttpResponse(content_type="application/json")
        return StreamingHttpResponse(
            stream(
                page,
                key=key,
                next_url=page_url(request, page.next),
                previous_url=page_url(request, page.previous),
            ),
            content_type="application/json",
        )


def segment_key() -> bytes:
    """Return the key that signs the ids of trimmed segments."""
    return bytes.fromhex(crypto.digest("segments", purpose="trimmed_segment_id"))
