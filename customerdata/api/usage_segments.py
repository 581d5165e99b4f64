"""The Usage Segments API (CDS-WG3-01 10.8)."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from customerdata.api.base import reader_of
from customerdata.api.encryption import EncryptedView
from customerdata.api.segments.body import stream
from customerdata.api.segments.page import read_page
from portal import crypto
from portal.http.listing import ListQuery


class UsageSegmentsView(EncryptedView):
    """GET: the segments that the token opens, trimmed to its windows (10.8.8)."""

    def get(self, request: Request) -> HttpResponseBase:
        """Return one page as a stream."""
        key, query, is_head = segment_key(), ListQuery.of(request), request.method == "HEAD"
        page = read_page(query, reader_of(request), key, with_values=not is_head)
        if is_head:
            return HttpResponse(content_type="application/json")
        return StreamingHttpResponse(
            stream(
                page,
                key=key,
                next_url=query.page_url(page.next),
                previous_url=query.page_url(page.previous),
            ),
            content_type="application/json",
        )


def segment_key() -> bytes:
    """Return the key that signs the ids of trimmed segments."""
    return bytes.fromhex(crypto.digest("segments", purpose="trimmed_segment_id"))
