"""What all JSON endpoints share: negotiation, parsing, rendering, errors."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from portal.errors import DomainError, FrameworkError
from portal.http import ratelimits
from portal.http.context import current
from portal.http.database_away import RETRY_AFTER, DatabaseAway, is_away
from portal.values import jsontext

log = logging.getLogger(__name__)


class NotText(DomainError):
    """A body contains text that is not Unicode (RFC 8259 8.2)."""

    code = "invalid_request"


class ExactJSONRenderer(BaseRenderer):
    """Writes JSON with exact decimals."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> bytes:
        """Return UTF-8 JSON; an absent body stays empty."""
        return b"" if data is None else jsontext.dumps(data)


class AnyTypeJSONParser(BaseParser):
    """Reads JSON regardless of the Content-Type: the standard's own curl example sends none."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parsed body, None for a blank one; raises ParseError."""
        try:
            body = stream.read()
            return jsontext.loads(body.decode("utf-8")) if body.strip() else None
        except jsontext.HalfPair as error:
            raise NotText(f"{error}.", field=error.member) from error
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(f"The request body is not valid JSON: {error}") from error


class JSONOnlyNegotiation(BaseContentNegotiation):
    """Answers in JSON regardless of the Accept header; some HTTP libraries send odd ones."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Use the first parser: it reads any Content-Type."""
        return next(iter(parsers), JSONParser())

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        """Use the first renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def as_domain_error(error: Exception) -> DomainError | None:
    """Return the error for the caller to see, None for an unexpected one."""
    if isinstance(error, DomainError):
        return error
    if is_away(error):
        log.error("the database is unavailable", exc_info=error)
        return DatabaseAway()
    if isinstance(error, Http404):
        return _named("not_found", 404, "There is no such object.")
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        return _named("insufficient_scope", 403, "This token does not give that access.")
    if isinstance(error, exceptions.MethodNotAllowed):
        return _named("method_not_allowed", 405, str(error.detail))
    if isinstance(error, exceptions.NotAuthenticated):
        return _named("unauthorized", 401, "This endpoint requires a bearer token.")
    if isinstance(error, exceptions.AuthenticationFailed):
        return _named("invalid_token", 401, str(error.detail))
    if isinstance(error, exceptions.APIException):
        return _named("invalid_request", error.status_code, str(error.detail))
    return None


def _named(code: str, status: int, message: str) -> DomainError:
    return FrameworkError(message, code=code, status=status)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn any error into our JSON shape; unknown ones stay a 500 with a reference."""
    known = as_domain_error(error)
    if known is None:
        log.exception("unhandled API error")
        known = _named("server_error", 500, "Something failed on our side; it has been logged.")
    if known.status == 401:
        known = _failure_counted(known)
    response = Response(known.as_dict() | {"request_id": current.get().request_id}, known.status)
    response["Cache-Control"] = "no-store"
    if known.status == 503:
        response["Retry-After"] = str(RETRY_AFTER)
    if known.status == 401:
        response["WWW-Authenticate"] = _challenge(known, error)
    return response


def _failure_counted(refusal: DomainError) -> DomainError:
    """Count a failed authentication by address; return the error to answer (CDS-WG1-02 11.3)."""
    try:
        ratelimits.count("auth_failures", current.get().network)
    except ratelimits.TooManyRequests as error:
        return error
    return refusal


def _challenge(known: DomainError, error: Exception) -> str:
    """Return the challenge; without a token in the request, it has no error code (RFC 6750 3.1)."""
    if isinstance(error, exceptions.NotAuthenticated):
        return "Bearer"
    return f'Bearer error="{known.code}", error_description="{_quoted(known.message)}"'


def _quoted(text: str) -> str:
    """Escape a text for a quoted header parameter (RFC 6750 3)."""
    return "".join(char for char in text if 0x20 <= ord(char) < 0x7F and char not in '"\\')
