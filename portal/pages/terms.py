"""The terms that customers accept."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from portal.docs import render_markdown
from portal.http.permissions import public
from portal.terms import customer_terms


@public
@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """Show the current terms; a utility without terms has no such page."""
    text = customer_terms()
    if not text:
        raise Http404
    return show_terms(request, text)


def show_terms(request: HttpRequest, text: str, *, note: str = "") -> HttpResponse:
    """Render the text of some terms; `note` says which version it is."""
    # Safe: the renderer escapes everything that it did not generate.
    body = mark_safe(render_markdown(text))  # noqa: S308
    return render(request, "portal/terms.html", {"body": body, "note": note})
