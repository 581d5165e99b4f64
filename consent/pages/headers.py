"""What every page of a consent sends along, and in which language it speaks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

View = Callable[..., HttpResponse]

PRIVATE = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


def private(view: View) -> View:
    """Keep a page out of caches, search engines and the logs of the sites it links to."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        for name, value in PRIVATE.items():
            response[name] = value
        return response

    return wrapped


def leads_to_client(view: View) -> View:
    """Let a page's forms end at the client.

    Browsers apply form-action to the whole redirect chain after a POST, so with `'self'` the way
    back to the client would be blocked without a word.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        # Read by django-csp's middleware, as its own decorators do.
        response._csp_replace = {"form-action": None}  # type: ignore[attr-defined]
        return response

    return wrapped


def asked_language(request: HttpRequest, ui_locales: str) -> str:
    """Return the language of the form: the customer's own choice, else what the client asks for.

    `ui_locales` are language tags in the order of preference (OpenID Connect Core 3.1.2.1); the
    browser's languages stand behind them.
    """
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    for tag in (chosen, *ui_locales.split()):
        try:
            return translation.get_supported_language_variant(tag)
        except LookupError:
            continue
    return translation.get_language() or settings.LANGUAGE_CODE
