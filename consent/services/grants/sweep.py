"""What time alone does to Grants: they start, stop, or take longer (CDS-WG1-02 8.2; ADR 8)."""

from django.db import transaction
from django.utils import timezone

from consent.models import Grant
from consent.services.grants.lifecycle import (
    PENDING_TIME,
    REVIEW_TIME,
    begin,
    lock_grant,
    record_change,
    save_grant,
    settle_parent,
    stop_data,
)
from portal.background.outbox import enqueue
from portal.models import User

Status = Grant.Status


@transaction.atomic
def start_grant(*, grant: Grant, by: User | str) -> Grant:
    """Open a Grant for the future when its time has come (CDS-WG1-02 8.2)."""
    row = lock_grant(grant)
    if row.status != Status.FUTURE or row.not_before is None or row.not_before > timezone.now():
        return row
    begin(row)
    save_grant(row)
    record_change(row, "started", by=by, status=row.status)
    return row


@transaction.atomic
def stop_new_data(*, grant: Grant, by: User | str) -> Grant:
    """Stop an active Grant whose last new data has come; another stays as it is.

    The Client could foresee it and gets no Message. Any other status matters more.
    """
    row = lock_grant(grant)
    if row.status != Status.ACTIVE or not row.is_out_of_new_data(timezone.now()):
        return row
    stop_data(row, by=by, tells=False)
    settle_parent(row)
    return row


@transaction.atomic
def postpone_grant(*, grant: Grant, by: User | str) -> Grant:
    """Promise a later time for a pending Grant whose `eta` has passed.

    Its access is computed again, unless people of the utility are what it waits for.
    """
    row = lock_grant(grant)
    now = timezone.now()
    if row.status != Status.PENDING or row.eta is None or row.eta > now:
        return row
    row.eta = now + (REVIEW_TIME if row.is_under_review else PENDING_TIME)
    save_grant(row)
    if not row.is_under_review:
        enqueue("consent.tasks.compute_grant", row.grant_id)
    record_change(row, "postponed", by=by, eta=row.eta.isoformat())
    return row
