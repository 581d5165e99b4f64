"""Where customers end whose client named no page of its own (CDS-WG3-01 9.1.1, 9.3.3)."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from consent.pages.default_redirect.presenter import (
    DefaultRedirectPage,
    default_redirect_page,
    no_receipt_page,
)
from consent.pages.headers import private
from consent.pages.visitors import customer_of
from consent.services.receipts import open_by_code
from portal.http.permissions import public
from registration.models import Client


@public
@private
@require_safe
def default_redirect(request: HttpRequest, client_id: str) -> HttpResponse:
    """Lead to the receipt of an approval, or say what became of the request."""
    client = Client.objects.filter(client_id=client_id).first()
    code, error = request.GET.get("code"), request.GET.get("error")
    if client is None or not (code or error):
        raise Http404
    if not code:
        return _show(request, default_redirect_page(client.client_name, error or ""))
    user = customer_of(request) if request.user.is_authenticated else None
    receipt = open_by_code(client=client, code=code, user=user)
    if receipt is None:
        return _show(request, no_receipt_page(), status=404)
    return HttpResponseRedirect(reverse("consent:receipt", args=[receipt.url_token]), status=303)


def _show(request: HttpRequest, page: DefaultRedirectPage, *, status: int = 200) -> HttpResponse:
    context = {"page": page, "robots": "noindex"}
    return render(request, "consent/default_redirect.html", context, status=status)
