"""Grants whose time spans are over stop by themselves (CDS-WG1-02 8.2; ADR 8)."""

from django.db import transaction
from django.utils import timezone

from consent.models import Grant
from consent.services.grants.lifecycle import lock_grant, settle_parent, stop_data
from portal.models import User

Status = Grant.Status


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
