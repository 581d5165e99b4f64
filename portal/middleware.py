"""Middleware of the foundation."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.urls import Resolver404, resolve

from portal import ids
from portal.context import RequestContext, current
from portal.errors import DomainError
from portal.pages.errors import domain_error_page

Handler = Callable[[HttpRequest], HttpResponse]

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
    """Tell whether a path belongs to programs rather than people."""
    return path.startswith(MACHINE_PREFIXES)


class RequestIdMiddleware:
    """Gives each request an id that logs, audit rows, error pages and API errors share."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the context for the time of the request."""
        context = RequestContext(ids.random_id("r", length=12), client_address(request))
        token = current.set(context)
        try:
            response = self.get_response(request)
        finally:
            current.reset(token)
        response["X-Request-Id"] = context.request_id
        return response


def client_address(request: HttpRequest) -> str | None:
    """Return the caller's address, seen through exactly the configured number of proxies."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    proxies: int = settings.NUM_PROXIES
    if proxies and forwarded:
        parts = [part.strip() for part in forwarded.split(",")]
        return str(parts[-min(proxies, len(parts))])
    return str(request.META.get("REMOTE_ADDR", "")) or None


class MachineEndpointMiddleware:
    """Keeps programs' endpoints free of browser habits: CORS without credentials, JSON 404."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer preflights, add CORS, turn unknown paths into JSON."""
        if not is_machine_path(request.path):
            return self._page(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, OPTIONS"
            response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response["Access-Control-Max-Age"] = "86400"
        elif not _resolves(request.path):
            response = JsonResponse(
                {
                    "error": "not_found",
                    "error_description": f"There is nothing at {request.path}.",
                    "request_id": current.get().request_id,
                },
                status=404,
            )
        else:
            response = self.get_response(request)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = (
            "WWW-Authenticate, X-Request-Id, Retry-After, ETag"
        )
        return response

    def _page(self, request: HttpRequest) -> HttpResponse:
        """Pages end in a slash; a person who leaves it out is sent on."""
        response = self.get_response(request)
        if (
            response.status_code == 404
            and request.method in {"GET", "HEAD"}
            and not request.path.endswith("/")
            and _resolves(request.path + "/")
        ):
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
        return response


def _resolves(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


class DomainErrorMiddleware:
    """Turns a DomainError that left a page view into the error page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass through."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer with the page of the error's status."""
        return domain_error_page(request, error) if isinstance(error, DomainError) else None
