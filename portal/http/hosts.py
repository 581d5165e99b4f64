"""One host name for the portal: links use the one in BASE_URL, whatever a caller sends."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host

from portal.http.context import current
from portal.http.middleware import is_machine_path, json_error

# Probes can use these paths under any host name.
HEALTH_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def is_ours(hostname: str) -> bool:
    """Whether this server answers under a host name, even if only with its health."""
    return validate_host(hostname, [_our_name(), *settings.EXTRA_HOSTS])


def _our_name() -> str:
    return urlsplit(settings.BASE_URL).hostname or ""


class HostMiddleware:
    """Answers everything under BASE_URL's host name, and only probes under those of EXTRA_HOSTS.

    Libraries build links from the Host header, so everything behind this sees the name in BASE_URL.
    A wrong name is the caller's mistake: it gets an answer, and no error is logged.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on requests for the portal."""
        sent = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
        hostname = split_domain_port(sent)[0].lower()
        is_extra = hostname != _our_name() and validate_host(hostname, settings.EXTRA_HOSTS)
        if not validate_host(hostname, settings.ALLOWED_HOSTS):
            return _refusal(request, "This server does not use the name in the Host header.", 400)
        if is_extra and request.path not in HEALTH_PATHS:
            words = f"This name is only for health checks. The portal is at {settings.BASE_URL}"
            return _refusal(request, words, 404)
        request.META["HTTP_HOST"] = urlsplit(settings.BASE_URL).netloc
        return self.get_response(request)


def _refusal(request: HttpRequest, words: str, status: int) -> HttpResponse:
    if is_machine_path(request.path):
        return json_error("invalid_request" if status == 400 else "not_found", words, status)
    reference = current.get().request_id
    return HttpResponse(f"{words}\n{reference}\n", content_type="text/plain", status=status)
