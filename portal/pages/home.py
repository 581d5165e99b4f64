"""The home page, with links for customers, developers and staff."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.http.permissions import public


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show customers, developers and staff where to go."""
    return render(request, "portal/home.html")
