"""Updates Grants that include future services when an account is linked (ADR 7)."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from consent.models import Grant, Selection
from consent.services.grants.change_by_utility import report_data_state
from consent.services.grants.lifecycle import lock_grant
from customerdata.access.compute import compute_grant
from customerdata.access.entries import Part, grant_entries
from customerdata.models import AccountHolder
from customerdata.models.access import FOREVER
from customerdata.services.recomputation import request_recomputation
from portal.models import User


def follow_link(*, holder: AccountHolder, by: User | str) -> None:
    """Add a newly linked account to the person's Grants that include future services.

    They are computed after commit, except those that are `stopped`. Such a Grant is computed here
    and becomes `active` again if it now gets new data (CDS-WG1-02 8.2). Runs in the linking
    transaction, which has locked the person.
    """
    growing = _growing(holder.user)
    if not growing.exists():
        return
    request_recomputation(customer=holder.account.customer)
    stopped = growing.filter(status=Grant.Status.STOPPED).order_by("pk")
    for grant in stopped.select_related("client__registration", "parent", "review"):
        row = lock_grant(grant)
        now = timezone.now()
        was_over = row.is_out_of_new_data(now)
        compute_grant(row)
        if row.status == Grant.Status.STOPPED and was_over and not row.is_out_of_new_data(now):
            report_data_state(grant=row, status=Grant.Status.ACTIVE, by=by)


def following(user: User, *, now: datetime) -> list[str]:
    """Return the names of the companies that will see an account if the person links it now."""
    grants = _growing(user).select_related("client").prefetch_related("selections")
    return sorted({grant.client.client_name for grant in grants if _follows(grant, now)})


def _growing(user: User) -> QuerySet[Grant]:
    chosen = Selection.objects.filter(grant=OuterRef("pk"), include_future=True)
    found: QuerySet[Grant] = Grant.objects.live().filter(Exists(chosen), user=user)
    return found


def _follows(grant: Grant, now: datetime) -> bool:
    if grant.expires is not None and grant.expires <= now:
        return False
    newcomers = Part(FOREVER, frozenset(), since=now)
    return bool(grant_entries(grant, newcomers))
