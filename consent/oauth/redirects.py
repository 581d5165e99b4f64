"""The redirect that carries an answer to the client's page or app (RFC 6749 4.1.2)."""

from urllib.parse import urlsplit

from django.http import HttpResponse, HttpResponseRedirect


class _AnyScheme(HttpResponseRedirect):
    """Native apps use schemes of their own (RFC 8252 7.1); the target was proven before."""

    status_code = 303

    def __init__(self, url: str) -> None:
        self.allowed_schemes = [urlsplit(url).scheme]
        super().__init__(url)


def send(url: str) -> HttpResponse:
    """Return the redirect to a client; the URL must come from `services.authorization.answer`."""
    response = _AnyScheme(url)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
