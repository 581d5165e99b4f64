"""Background work of consent. Each task may run twice at once without harm."""

import logging

from celery import shared_task
from django.utils import timezone

from consent import mail_tasks  # noqa: F401 -- registers the mail tasks with the worker
from consent.models import Grant
from consent.services import grants, tokens

log = logging.getLogger(__name__)

SWEEP_BATCH = 500


@shared_task(name="consent.tasks.compute_grant")
def compute_grant(grant_id: str) -> None:
    """Compute the access of a large selection; a second delivery finds the Grant active."""
    grants.compute_grant(grant_id=grant_id)


@shared_task(name="consent.tasks.sweep_grants")
def sweep_grants() -> None:
    """End what is over, start what begins, forget long-dead tokens.

    Each Grant has a transaction of its own, so one that fails does not hold up the rest.
    """
    now = timezone.now()
    for grant in Grant.objects.expired_by(now).order_by("expires")[:SWEEP_BATCH]:
        _attempt(grant, ends=True)
    for grant in Grant.objects.due_to_start(now)[:SWEEP_BATCH]:
        _attempt(grant, ends=False)
    tokens.clear_dead(now=now)


def _attempt(grant: Grant, *, ends: bool) -> None:
    try:
        if ends:
            grants.end_grant(
                grant=grant, status=Grant.Status.EXPIRED, reason="expired", by=grants.SYSTEM
            )
        else:
            grants.start_grant(grant=grant, by=grants.SYSTEM)
    except grants.ForbiddenTransition:
        log.info("grant ended meanwhile", extra={"grant": grant.grant_id})
    except Exception:  # the other Grants of the sweep are not to blame
        log.exception("grant sweep failed", extra={"grant": grant.grant_id})
