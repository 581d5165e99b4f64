"""Request bodies of programs: refused by their announced length, before anything reads them."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal import jsontext
from portal.context import current
from portal.errors import DomainError
from portal.middleware import is_machine_path


class BodyTooLarge(DomainError):
    """A request body is over the limit of its endpoint (RFC 9110 15.5.14)."""

    code = "payload_too_large"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes, the most accepted here.")


class BodyLimitMiddleware:
    """Answers 413 to programs whose `Content-Length` is over the limit of the endpoint.

    The limit is `max_body_bytes` of the view, an int or a callable without arguments, else
    DATA_UPLOAD_MAX_MEMORY_SIZE. A body without a length is not read at all (PEP 3333).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Compare before the view, and whatever it parses, is called."""
        if not is_machine_path(request.path):
            return None
        limit = _limit_of(view)
        if _announced(request) <= limit:
            return None
        error = BodyTooLarge(limit)
        body = error.as_dict() | {"request_id": current.get().request_id}
        return HttpResponse(
            jsontext.dumps(body), content_type="application/json", status=error.status
        )


def _limit_of(view: Any) -> int:
    default: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    limit = getattr(getattr(view, "cls", view), "max_body_bytes", default)
    return int(limit() if callable(limit) else limit)


def _announced(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0
