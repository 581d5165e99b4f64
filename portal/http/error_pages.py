"""Error pages for people."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from portal.errors import DomainError
from portal.http.context import current
from portal.http.permissions import public
from portal.http.ratelimits import TooManyRequests
from portal.values.wording import wait_words

# Error pages with their own template.
_TEMPLATES = {400: "400.html", 403: "403.html", 404: "404.html", 429: "429.html"}


def domain_error_page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Show what happened and what to do next; the reference identifies the log entry."""
    if isinstance(error, TooManyRequests):
        return _too_many_requests(request, error.retry_after)
    context: dict[str, Any] = {"message": error.message, "reference": current.get().request_id}
    if error.status in _TEMPLATES:
        return render(request, _TEMPLATES[error.status], context, status=error.status)
    context["heading"] = _("There is a problem")
    context["paragraphs"] = [error.message]
    return render(request, "error.html", context, status=error.status)


def too_large(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Say that a form, a file or a URL is larger than the page accepts."""
    context = {
        "heading": _("This is too large"),
        "paragraphs": [
            _("What you sent is larger than this page accepts. Nothing was changed."),
            _("Go back: what you entered is still there. Send less text or a smaller file."),
        ],
        "reference": current.get().request_id,
    }
    return render(request, "error.html", context, status=error.status)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain a refused form: usually an old page or disabled cookies."""
    context = {
        "heading": _("This page was open for too long"),
        "paragraphs": [
            _("Nothing was changed. Go back, reload the page and try again."),
            _("Your browser must allow cookies for this site."),
        ],
        "reference": current.get().request_id,
    }
    return render(request, "error.html", context, status=403)


@public
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400."""
    return render(request, "400.html", {"reference": current.get().request_id}, status=400)


@public
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403."""
    return render(request, "403.html", {"reference": current.get().request_id}, status=403)


@public
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404."""
    return render(request, "404.html", {"reference": current.get().request_id}, status=404)


@public
def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Answer when one of sign-in's own limits, which count the last minute, is reached."""
    return _too_many_requests(request, 60)


def _too_many_requests(request: HttpRequest, seconds: int) -> HttpResponse:
    context = {"wait": wait_words(seconds), "reference": current.get().request_id}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
