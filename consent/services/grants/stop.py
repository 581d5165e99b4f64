"""Grants whose time spans are over stop by themselves (CDS-WG1-02 8.2; ADR 8)."""

from django.db import transaction
from django.utils import timezone

from consent.models import Grant
from consent.services.grants.lifecycle import (
    apply_status,
    lock_grant,
    record_change,
    save_grant,
    settle_parent,
)
from portal.models import User

Status = Grant.Status


@transaction.atomic
def stop_new_data(*, grant: Grant, by: User | str) -> Grant:
    """Say of an active Grant that its last new data has come: it is `stopped`.

    What is there stays available, and tokens go on. The Client could foresee it and gets no
    Message. Another status matters more, and a Grant that goes on stays as it is.
    """
    row = lock_grant(grant)
    if row.status != Status.ACTIVE or not row.is_out_of_new_data(timezone.now()):
        return row
    apply_status(row, Status.STOPPED)
    save_grant(row)
    record_change(row, "stopped", by=by)
    settle_parent(row)
    return row
