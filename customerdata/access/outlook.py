"""Whether what a Grant shows can still change, once links to accounts have ended (ADR 5)."""

from django.utils import timezone

from consent.models import Grant
from customerdata.access.entries import Holdings, holdings
from customerdata.models import GrantedObject


def goes_on(grant: Grant) -> bool:
    """Return whether a computed Grant can still change; without an ended link it always can.

    The ends of syncing count only together with ended links: they are no news to anybody.
    """
    held = holdings(grant)
    if not held.ends and not held.mistaken:
        return True
    rows = GrantedObject.objects.filter(grant=grant, cutoff__gt=timezone.now())
    return may_grow(grant, held) or bool(rows.exists())


def may_grow(grant: Grant, held: Holdings) -> bool:
    """Return whether services of the future may come, from accounts that are still held."""
    return held.some_go_on and takes_future(grant)


def takes_future(grant: Grant) -> bool:
    """Return whether the customer chose services of the future."""
    return bool(grant.selections.filter(include_future=True).exists())
