"""Background work of fees. Each task may run twice at once without harm."""

from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from registration.services.onboarding.decide import END_CHECKOUTS_TASK
from registration.services.payments import checkouts


@shared_task(name=END_CHECKOUTS_TASK)
def end_checkouts(requirement_pk: int) -> None:
    """End the checkouts of a decided fee once the outbox has committed; the sweep tries again."""
    end = partial(checkouts.end_checkouts, requirement_pk)
    transaction.on_commit(end, robust=True)


@shared_task(name="registration.tasks.sweep_checkouts")
def sweep_checkouts() -> None:
    """Ask providers about checkouts of which nothing has been heard."""
    checkouts.sweep_checkouts(timezone.now())
