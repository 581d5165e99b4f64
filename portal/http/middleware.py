"""Middleware of the foundation."""

import logging
import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from portal import ids
from portal.errors import DomainError
from portal.http.context import RequestContext, current
from portal.http.database_away import RETRY_AFTER, DatabaseAway, is_away
from portal.http.error_pages import bad_request, domain_error_page, page_not_found

log = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]

_WITH_PORT = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|([0-9.]+):\d+")

# Paths that speak JSON to programs: no session, no CSRF cookie, no HTML errors.
MACHINE_PREFIXES = (
    "/.well-known/",
    "/cds/",
    "/cds-api/",
    "/cds-customerdata-api/",
    "/oauth/register",
    "/oauth/token",
    "/oauth/par",
    "/oauth/revoke",
    "/oauth/introspect",
)


def is_machine_path(path: str) -> bool:
    """Tell whether a path is for programs rather than people."""
    return path.startswith(MACHINE_PREFIXES)


class RequestIdMiddleware:
    """Gives each request an id that logs, audit rows, error pages and API errors share."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the context for the duration of the request."""
        context = RequestContext(ids.random_id("r", length=12), client_address(request))
        # Django logs error responses after this point and finds the id on the request.
        request.request_id = context.request_id  # type: ignore[attr-defined]
        token = current.set(context)
        try:
            response = self.get_response(request)
        finally:
            current.reset(token)
        response["X-Request-Id"] = context.request_id
        return response


def client_address(request: HttpRequest) -> str | None:
    """Return the caller's address, as seen through exactly the configured number of proxies."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    proxies: int = settings.NUM_PROXIES
    if proxies and forwarded:
        parts = forwarded.split(",")
        return _address(parts[-min(proxies, len(parts))])
    return _address(request.META.get("REMOTE_ADDR", ""))


def _address(text: str) -> str | None:
    """Return an IP address without the port that some proxies add, None for anything else."""
    match = _WITH_PORT.fullmatch(text.strip())
    try:
        return str(ip_address(match[1] or match[2] if match else text.strip()))
    except ValueError:
        return None


class MachineEndpointMiddleware:
    """Handles programs' endpoints without browser conventions: CORS, no credentials, JSON 404."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer preflight requests, add CORS headers, and answer unknown paths in JSON."""
        if not is_machine_path(request.path):
            return self._page(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, OPTIONS"
            response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response["Access-Control-Max-Age"] = "86400"
        elif not _resolves(request.path):
            response = json_error("not_found", f"There is nothing at {request.path}.", 404)
        else:
            response = self.get_response(request)
        if "HTTP_AUTHORIZATION" in request.META:
            response.setdefault("Cache-Control", "no-store")
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = (
            "WWW-Authenticate, X-Request-Id, Retry-After, ETag, "
            "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
        )
        return response

    def _page(self, request: HttpRequest) -> HttpResponse:
        """Redirect if only a page's final slash is missing; keep responses to sessions uncached.

        A page for a session contains personal data, so no cache may store it, not even the cache of
        the browser, which may be on a shared computer.
        """
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.setdefault("Cache-Control", "no-store")
        if (
            response.status_code == 404
            and request.method in {"GET", "HEAD"}
            and not request.path.endswith("/")
            and _resolves(request.path + "/")
        ):
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer programs in JSON even when something failed."""
        if not is_machine_path(request.path):
            return None
        if isinstance(error, SuspiciousOperation | BadRequest | MultiPartParserError):
            return json_error("invalid_request", "The request is malformed.", 400)
        log.error("unhandled error at %s", request.path, exc_info=error)
        return failure_as_json(error)


def failure_as_json(error: BaseException | None) -> JsonResponse:
    """Return the error for programs: to retry later, or that the failure is on our side."""
    if is_away(error):
        away = DatabaseAway()
        response = json_error(away.code, away.message, away.status)
        response["Retry-After"] = str(RETRY_AFTER)
        return response
    words = "Something failed on our side; it has been logged."
    return json_error("server_error", words, 500)


def json_error(code: str, description: str, status: int) -> JsonResponse:
    """Return an error in the shape of RFC 6749 5.2."""
    body = {"error": code, "error_description": description}
    return JsonResponse(body | {"request_id": current.get().request_id}, status=status)


@lru_cache(maxsize=1024)
def _resolves(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


class ContentPolicyMiddleware(CSPMiddleware):
    """Applies CONTENT_SECURITY_POLICY to pages; answers to programs must not load anything."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Set the header unless the view did."""
        if not is_machine_path(request.path):
            return super().process_response(request, response)
        response.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        return response


class DomainErrorMiddleware:
    """Turns a DomainError raised by a page view into the error page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer with the page for the error's status."""
        return domain_error_page(request, error) if isinstance(error, DomainError) else None


class UnstorableTextMiddleware:
    """Refuses NUL bytes in URLs: PostgreSQL cannot store them in text, so a query would fail.

    It is last, so that its error pages know who is signed in.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 404 if the path contains one, 400 if a parameter does."""
        words = "The address contains a character that is never allowed."
        error = SuspiciousOperation(words)
        if "\x00" in request.path:
            if is_machine_path(request.path):
                return json_error("not_found", words, 404)
            return page_not_found(request, error)
        if "%00" in request.META.get("QUERY_STRING", ""):
            if is_machine_path(request.path):
                return json_error("invalid_request", words, 400)
            return bad_request(request, error)
        return self.get_response(request)
