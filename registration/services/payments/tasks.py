"""Background tasks of fees. It is safe to run each one twice at the same time."""

from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from registration.services.onboarding.decide import END_CHECKOUTS_TASK
from registration.services.payments import checkouts


@shared_task(name=END_CHECKOUTS_TASK)
def end_checkouts(requirement_pk: int) -> None:
    """Close the checkouts of a decided fee after the outbox has committed; the sweep retries."""
    end = partial(checkouts.end_checkouts, requirement_pk)
    transaction.on_commit(end, robust=True)


@shared_task(name="registration.tasks.sweep_checkouts")
def sweep_checkouts() -> None:
    """Ask providers about checkouts without recent reports."""
    checkouts.sweep_checkouts(timezone.now())
