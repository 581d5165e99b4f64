"""What every page of a consent sends along, and in which language it speaks."""

from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from portal.http.headers import View, let_forms_end_anywhere, sending

# Out of caches, of search engines, and of the logs of the sites that a page links to.
private = sending(Referrer_Policy="no-referrer", Cache_Control="no-store", X_Robots_Tag="noindex")


def leads_to_client(view: View) -> View:
    """Let a page's forms end at the client."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        let_forms_end_anywhere(response)
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
