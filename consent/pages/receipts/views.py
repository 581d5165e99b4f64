"""The receipt and the way to end a consent: both without sign-in (CDS-WG3-01 9.4)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from consent.models import Grant, Receipt
from consent.pages.headers import private
from consent.pages.receipts.presenter import ReceiptContext, ReceiptPage, receipt_page
from consent.pages.visitors import customer_of
from consent.services.receipts import chosen_services, shared_today, stop_sharing
from portal.branding import current_utility
from portal.http.permissions import public
from portal.models import TermsVersion
from portal.pages.terms import show_terms
from portal.terms import customer_terms, digest_of
from portal.values.times import utility_zone
from registration.services.catalogue.offers import offers_for


@public
@private
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Show a receipt; showing changes nothing."""
    found = _find(token)
    is_owner = _is_owner(request, found)
    context = {
        "page": _page(found, is_owner=is_owner),
        "stop_url": reverse("consent:receipt-stop", args=[token]),
        "sign_in_url": f"{reverse('account_login')}?next={request.path}",
        "is_owner": is_owner,
        "robots": "noindex",
    }
    return render(request, "consent/receipt.html", context)


@public
@private
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once, then end the Grant at once; afterwards show that it has ended."""
    found = _find(token)
    is_owner = _is_owner(request, found)
    if request.method == "POST":
        by = customer_of(request) if is_owner else f"receipt:{found.confirmation_number}"
        stop_sharing(receipt=found, by=by)
        return HttpResponseRedirect(request.path, status=303)
    context: dict[str, Any] = {
        "page": _page(found, is_owner=is_owner),
        "receipt_url": reverse("consent:receipt", args=[token]),
        "stopped": found.grant.modified if found.grant.status in Grant.ENDED else None,
        "policy_url": found.grant.client.policy_uri,
        "robots": "noindex",
    }
    return render(request, "consent/receipt_stop.html", context)


@public
@private
@require_safe
def receipt_terms(request: HttpRequest, token: str) -> HttpResponse:
    """Show the terms that were accepted with this receipt, as they were that day (9.4)."""
    found = _find(token)
    kept = TermsVersion.objects.filter(digest=found.snapshot.get("terms") or None).first()
    if kept is None:
        raise Http404
    note = _("These are the terms that were accepted with receipt %(number)s.")
    return show_terms(request, kept.text, note=note % {"number": found.confirmation_number})


def _find(token: str) -> Receipt:
    rows = Receipt.objects.select_related("grant__client__registration", "grant__user")
    found = rows.filter(url_token=token).first()
    if found is None:
        raise Http404
    return found


def _is_owner(request: HttpRequest, found: Receipt) -> bool:
    return bool(request.user.is_authenticated and found.grant.user_id == request.user.pk)


def _page(found: Receipt, *, is_owner: bool) -> ReceiptPage:
    grant, zone = found.grant, utility_zone()
    newer = grant.receipts.filter(pk__gt=found.pk).order_by("-pk").first()
    changed = grant.authorization_details != found.snapshot["authorization_details"]
    context = ReceiptContext(
        receipt=found,
        utility=current_utility(),
        zone=zone,
        is_owner=is_owner,
        newer_url=reverse("consent:receipt", args=[newer.url_token]) if newer else "",
        chosen=chosen_services(grant),
        today=shared_today(grant, offers=offers_for(grant.client), zone=zone) if changed else (),
        terms_url=reverse("consent:receipt-terms", args=[found.url_token]),
        terms_today=digest_of(customer_terms()),
    )
    return receipt_page(context)
