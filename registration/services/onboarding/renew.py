"""Renews expired links, and rejects steps that were never completed (CDS-WG1-02 3.6)."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from portal.audit import SYSTEM
from portal.models import User
from registration.models.onboarding import Requirement
from registration.services.locks import lock_requirement
from registration.services.onboarding.decide import reject_requirement
from registration.services.onboarding.requirements import (
    ForbiddenStep,
    Status,
    field_of,
    record,
)
from registration.services.onboarding.start import ask

# Links of a step are renewed this long; a step that staff reopen later gets one link.
ASKED_FOR = timedelta(days=180)
NOTHING_CAME = "Nothing was submitted for six months. Ask us to reopen this step if you need it."
SWEEP_BATCH = 200


@transaction.atomic
def renew_link(*, requirement: Requirement, by: User | str = SYSTEM) -> Requirement:
    """Write a new request Message when the newest link of an open requirement has expired.

    A step without a submission in `ASKED_FOR` is rejected instead. Otherwise this does nothing, so
    both sweeps and page visits can call it. No email is sent, because the contacts may not know
    about the registration.
    """
    requirement = lock_requirement(requirement)
    now = timezone.now()
    is_due = requirement.link_expires is not None and requirement.link_expires <= now
    if requirement.status != Status.OPEN or not is_due:
        return requirement
    if requirement.created <= now - ASKED_FOR:
        return reject_requirement(
            requirement=requirement, reason=NOTHING_CAME, is_told=False, by=by
        )
    ask(requirement, field_of(requirement), is_told=False, by=by)
    record(requirement, "link_renewed", by=by)
    return requirement


def renew_expired_links(now: datetime) -> int:
    """Renew the links that have expired, each in its own transaction; return how many.

    A step that is no longer requested does not block others: it is left until its time is over.
    """
    count = 0
    due = Requirement.objects.with_expired_links(now).order_by("-link_expires")
    for requirement in due[:SWEEP_BATCH]:
        with suppress(ForbiddenStep):
            renew_link(requirement=requirement)
            count += 1
    return count
