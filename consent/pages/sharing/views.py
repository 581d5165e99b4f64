"""Who can see a customer's data."""

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from consent.models import Grant, Receipt
from consent.pages.headers import private
from consent.pages.sharing.presenter import sharing_page
from consent.pages.visitors import customer_of
from portal.branding import current_utility
from portal.http.permissions import Permission, require
from portal.models import User
from portal.values.times import utility_zone


@require(Permission.SIGNED_IN)
@private
@require_safe
def sharing(request: HttpRequest) -> HttpResponse:
    """List the customer's own consents."""
    page = sharing_page(
        _grants_of(customer_of(request)),
        utility=current_utility(),
        zone=utility_zone(),
    )
    return render(request, "consent/sharing.html", {"page": page, "robots": "noindex"})


def _grants_of(user: User) -> list[tuple[Grant, Receipt]]:
    """Return the customer's Grants, newest first, each with its latest receipt."""
    receipts = Prefetch("receipts", Receipt.objects.order_by("-pk"))
    grants = Grant.objects.filter(user=user).prefetch_related(receipts).order_by("-created", "-pk")
    pairs = ((grant, next(iter(grant.receipts.all()), None)) for grant in grants)
    return [(grant, receipt) for grant, receipt in pairs if receipt is not None]
