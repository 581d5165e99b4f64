"""Choosing a language."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal.http.permissions import public


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Store the choice in a cookie and return to the page where it was made."""
    wanted = request.POST.get("language", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = HttpResponseRedirect(back, status=303)
    remember_language(response, wanted)
    return response


def remember_language(response: HttpResponse, wanted: str) -> None:
    """Store a person's choice of language in a cookie; ignore values that are not a language."""
    if wanted in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wanted,
            max_age=31_536_000,
            secure=settings.USE_HTTPS,
            httponly=True,
            samesite="Lax",
        )
