"""Responses with a stored file: all of it, or one range (RFC 9110 14)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.core.files import File
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe
from rest_framework.request import Request

CHUNK = 1 << 16
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file and what its response says about it; `sha256` identifies its content."""

    content: "File[bytes]"
    name: str
    mime_type: str
    size: int
    sha256: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `first` to `last` of a file, both inclusive."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.last - self.first + 1


class Unsatisfiable(Exception):
    """The range begins after the end of the file."""


def asked_part(header: str, size: int) -> Part | None:
    """Read a Range header; None stands for the whole file.

    Other units, several ranges and malformed values are ignored, as RFC 9110 14.2 allows. Raises
    Unsatisfiable.
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
        raise Unsatisfiable
    return Part(first, min(last, size - 1))


def file_response(request: Request, file: Download, *, by_ranges: bool = True) -> HttpResponseBase:
    """Return the content, or the requested range; HEAD gets the same headers."""
    headers = {
        "Accept-Ranges": "bytes" if by_ranges else "none",
        "ETag": f'"{file.sha256}"',
        "Last-Modified": http_date(file.modified.timestamp()),
        # Browsers must never display it in this server's origin, whatever type the file claims.
        "Content-Disposition": content_disposition_header(True, file.name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    try:
        may_ask = by_ranges and _is_fresh(request, file)
        asked = request.headers.get("Range", "") if may_ask else ""
        part = asked_part(asked, file.size)
    except Unsatisfiable:
        empty = HttpResponse(status=416, headers=headers, content_type=file.mime_type)
        empty["Content-Range"] = f"bytes */{file.size}"
        return empty
    sent = part or Part(0, file.size - 1)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{file.size}"
    headers["Content-Length"] = str(sent.length)
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers, content_type=file.mime_type)
    return StreamingHttpResponse(
        _pieces(file, sent), status=status, headers=headers, content_type=file.mime_type
    )


def _is_fresh(request: Request, file: Download) -> bool:
    """Whether If-Range allows a range: the reader's first part is from this exact content."""
    condition = request.headers.get("If-Range", "").strip()
    if not condition:
        return True
    if condition.startswith(('"', "W/")):
        return condition == f'"{file.sha256}"'
    return parse_http_date_safe(condition) == int(file.modified.timestamp())


def _pieces(file: Download, part: Part) -> Iterator[bytes]:
    left = part.length
    with file.content.open("rb") as stream:
        stream.seek(part.first)
        while left > 0 and (piece := stream.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece
