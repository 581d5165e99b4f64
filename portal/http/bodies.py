"""Request bodies: counted by address and limited in length before they are parsed.

A body may come without its length, in chunks (RFC 9112 7.1) or over HTTP/2. It is then first
received up to the limit of its endpoint, so that its readers find a length as usual.
"""

import tempfile
from collections.abc import Callable
from typing import IO, Any, Final, TypeVar

from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest, HttpResponse, QueryDict

from portal.errors import DomainError
from portal.http.context import current
from portal.http.error_pages import domain_error_page, too_large
from portal.http.middleware import is_machine_path
from portal.http.ratelimits import Claim, TooManyRequests, take
from portal.values import jsontext

# The largest legitimate requests without files are long lists of contract numbers in an
# authorization request, which are in the URL unless it is a pushed request.
MAX_BODY: Final = 300_000
# A form with a file: the largest that pages accept, with room to report a file that is too large.
MAX_UPLOAD: Final = 16_777_216
# Bytes that count as one more request of an address: parsing costs by the byte, except for files.
UNIT: Final = 4_000
_CHUNK: Final = 65_536
# A received body up to this size stays in memory.
_IN_MEMORY: Final = 1_048_576
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})


View = TypeVar("View", bound=Callable[..., HttpResponse])


class BodyTooLarge(DomainError):
    """A request body is over the limit of its endpoint (RFC 9110 15.5.14)."""

    code = "payload_too_large"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than the limit of {limit} bytes.")


class AddressTooLong(DomainError):
    """The parameters in a URL are over the limit (RFC 9110 15.5.15)."""

    code = "uri_too_long"
    status = 414

    def __init__(self) -> None:
        super().__init__(f"The query in the URL is larger than the limit of {MAX_BODY} bytes.")


class LengthRequired(DomainError):
    """This server cannot tell where a body ends (RFC 9110 15.5.12)."""

    code = "length_required"
    status = 411

    def __init__(self) -> None:
        super().__init__("Send the body with a Content-Length, or in plain chunks over HTTP/1.1.")


def accepts_bytes(limit: int) -> Callable[[View], View]:
    """Set a page's own limit; MAX_BODY is right for most."""

    def mark(view: View) -> View:
        view.max_body_bytes = limit  # type: ignore[attr-defined]
        return view

    return mark


class BodyLimitMiddleware:
    """Answers 413 to bodies over the limit of the endpoint, 414 to long queries, 429 to floods.

    The limit is `max_body_bytes` of the view, else MAX_BODY. If it is a callable without arguments,
    it is called only for larger bodies. Views of the API framework count their callers themselves,
    before they parse; bodies for all other views are counted here by address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Check the body before the view, or anything else that parses it, is called."""
        try:
            if len(request.META.get("QUERY_STRING", "")) > MAX_BODY:
                raise AddressTooLong
            _check_body(request, view)
        except DomainError as error:
            # Some middleware also reads forms on the way out.
            request.POST = QueryDict()
            return _refusal(request, error)
        return None


def _check_body(request: HttpRequest, view: Any) -> None:
    length = _announced(request)
    has_length = bool(request.META.get("CONTENT_LENGTH"))
    if not has_length and request.method not in _WITHOUT_BODY:
        length = _receive(request, view)
    if not length:
        return
    if not hasattr(view, "cls"):
        take(Claim("bodies", current.get().network, 1 + min(length, MAX_BODY) // UNIT))
    if length > _limit_of(view, length):
        raise BodyTooLarge(_limit_of(view, length))


def _limit_of(view: Any, length: int) -> int:
    """Return the limit for a body of about this length."""
    limit = getattr(getattr(view, "cls", view), "max_body_bytes", MAX_BODY)
    if callable(limit):
        return MAX_BODY if length <= MAX_BODY else int(limit())
    return int(limit)


def _announced(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def _receive(request: HttpRequest, view: Any) -> int:
    """Read a body without a length, at most one byte over the limit; return its length.

    Reading it is possible only if the server ends the stream with the body. PEP 3333 does not cover
    this; Granian signals it with `wsgi.input_terminated`.
    """
    coding = request.META.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
    if not request.META.get("wsgi.input_terminated") or coding not in {"", "chunked"}:
        if coding:
            raise LengthRequired
        return 0
    stream: IO[bytes] = request.META["wsgi.input"]
    limit = _limit_of(view, MAX_BODY + 1)
    # Closed together with the request that reads from it.
    received = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
    while piece := stream.read(min(_CHUNK, limit + 1 - received.tell())):
        received.write(piece)
    length = received.tell()
    received.seek(0)
    request.META["CONTENT_LENGTH"] = str(length)
    # What Django's requests read from; without a length, it was treated as empty.
    request._stream = LimitedStream(received, length)  # type: ignore[arg-type, assignment]
    return length


def _refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    if is_machine_path(request.path):
        body = error.as_dict() | {"request_id": current.get().request_id}
        return HttpResponse(
            jsontext.dumps(body), content_type="application/json", status=error.status
        )
    if isinstance(error, TooManyRequests):
        return domain_error_page(request, error)
    return too_large(request, error)
