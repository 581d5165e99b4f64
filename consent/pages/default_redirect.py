"""Where customers end whose client named no page of its own (CDS-WG3-01 9.1.1, 9.3.3)."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from consent.models import AuthorizationCode
from consent.oauth.redirects import CODE_PURPOSE
from consent.pages.headers import private
from consent.presenters.default_redirect import default_redirect_page
from portal.crypto import digest
from portal.permissions import public
from registration.addresses import default_redirect_uri
from registration.models import Client


@public
@private
@require_safe
def default_redirect(request: HttpRequest, client_id: str) -> HttpResponse:
    """Show the receipt of an approval, or what became of the request."""
    client = Client.objects.filter(client_id=client_id).first()
    code, error = request.GET.get("code"), request.GET.get("error")
    if client is None or not (code or error):
        raise Http404
    if code:
        return HttpResponseRedirect(_receipt_url(client, code), status=303)
    context = {
        "page": default_redirect_page(client.client_name, error or ""),
        "robots": "noindex",
    }
    return render(request, "consent/default_redirect.html", context)


def _receipt_url(client: Client, code: str) -> str:
    """Find the receipt by the code without redeeming it; codes of other clients find nothing.

    Nor do codes that went to a page of the client's own: the receipt's address is a key that only
    the customer should have.
    """
    row = (
        AuthorizationCode.objects.filter(
            application_id=client.pk,
            code=digest(code, purpose=CODE_PURPOSE),
            redirect_uri=default_redirect_uri(client.client_id),
        )
        .select_related("cds_grant")
        .first()
    )
    receipt = row.cds_grant.receipts.order_by("-pk").first() if row else None
    if receipt is None:
        raise Http404
    return reverse("consent:receipt", args=[receipt.url_token])
