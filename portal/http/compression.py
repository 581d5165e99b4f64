"""Compresses answers for callers that ask for it (RFC 9110 8.4.1.3, 12.5.3)."""

from collections.abc import Iterable, Iterator
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from isal import isal_zlib
from rest_framework.request import Request
from rest_framework.response import Response

# Usage shrinks to a quarter or a fifth; slower levels take twice as long to save 7 percent more.
_LEVEL = 1
_GZIP = 16 + isal_zlib.MAX_WBITS
# Below this, the header costs more than compression saves.
_SHORTEST = 1_000


def compressed(request: HttpRequest | Request, response: HttpResponseBase) -> HttpResponseBase:
    """Return a successful response as one gzip member if the request accepts that.

    COMPRESS_DATA turns it off. Only for answers to bearer tokens: where a browser sends credentials
    automatically, the length of compressed text can reveal secrets in it.
    """
    if not settings.COMPRESS_DATA:
        return response
    patch_vary_headers(response, ["Accept-Encoding"])
    wanted = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    if not wanted or response.status_code != 200 or request.method == "HEAD":
        return response
    if isinstance(response, StreamingHttpResponse):
        pieces = cast(Iterable[bytes], response.streaming_content)
        response.streaming_content = _packed(pieces)
    elif isinstance(response, HttpResponse):
        if isinstance(response, Response):
            response.render()
        if len(response.content) < _SHORTEST:
            return response
        response.content = b"".join(_packed([response.content]))
    response["Content-Encoding"] = "gzip"
    return response


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header accepts gzip, rather than excluding it."""
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "x-gzip"}:
            name, _, number = weight.partition("=")
            return name.strip() != "q" or number.strip().strip("0") not in {"", "."}
    return False


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    engine = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
    for piece in pieces:
        if packed := engine.compress(piece):
            yield packed
    yield engine.flush()
