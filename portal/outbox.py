"""The only door to background work.

`enqueue` writes a row in the caller's transaction. On commit the worker is nudged through the
broker; that may fail without harm, because a sweep finds what was not nudged. The broker may be
emptied at any time without loss.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone

from portal.logs import redact
from portal.models import OutboxEntry

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 10
SWEEP_BATCH = 50
# A nudge usually wins; the sweep waits this long before it takes the work over.
NUDGE_GRACE = timedelta(seconds=3)


def enqueue(
    task: str, *args: Any, unique_key: str | None = None, not_before: datetime | None = None
) -> OutboxEntry | None:
    """Promise to run the registered outbox task `task` with JSON arguments after commit.

    Returns None when work with this `unique_key` was promised before.
    """
    due = not_before or timezone.now()
    entry = OutboxEntry(task=task, args=list(args), unique_key=unique_key, not_before=due)
    if unique_key is None:
        entry.save()
    else:
        made = OutboxEntry.objects.bulk_create([entry], ignore_conflicts=True)
        found = OutboxEntry.objects.get(unique_key=unique_key)
        if not made or found.created != entry.created:
            return None
        entry = found
    if not_before is None:
        transaction.on_commit(lambda: _nudge(entry.pk), robust=True)
    return entry


def _nudge(entry_id: int) -> None:
    from portal.tasks import run_outbox_entry

    try:
        run_outbox_entry.apply_async((entry_id,), retry=False)
    except Exception:  # the broker is down; the sweep will find the row
        log.warning("outbox nudge failed", extra={"outbox_entry": entry_id}, exc_info=True)


def due_entries(now: datetime) -> list[int]:
    """Return ids of work that nobody has started though its time has come."""
    rows = OutboxEntry.objects.filter(
        status=OutboxEntry.Status.READY, not_before__lte=now - NUDGE_GRACE
    )
    return list(rows.order_by("not_before").values_list("pk", flat=True)[:SWEEP_BATCH])


def run(entry_id: int) -> bool:
    """Run one entry; return whether it ran here. Idempotent: locked rows and done rows are skipped.

    A failing task is tried again with growing pauses, up to `MAX_ATTEMPTS` times. The lock and the
    task share a transaction, so what a failed task wrote is undone.
    """
    try:
        with transaction.atomic():
            entry = (
                OutboxEntry.objects.select_for_update(skip_locked=True)
                .filter(pk=entry_id, status=OutboxEntry.Status.READY)
                .first()
            )
            if entry is None:
                return False
            current_app.tasks[entry.task](*entry.args)
            entry.status = OutboxEntry.Status.DONE
            entry.attempts += 1
            entry.finished = timezone.now()
            entry.error = ""
            entry.save()
    except Exception as error:
        log.exception("outbox task failed", extra={"outbox_entry": entry_id})
        _postpone(entry_id, redact(repr(error)))
    return True


@transaction.atomic
def _postpone(entry_id: int, error: str) -> None:
    entry = OutboxEntry.objects.select_for_update().get(pk=entry_id)
    if entry.status != OutboxEntry.Status.READY:
        return
    entry.attempts += 1
    entry.error = error[:2000]
    if entry.attempts >= MAX_ATTEMPTS:
        entry.status = OutboxEntry.Status.FAILED
        entry.finished = timezone.now()
    else:
        entry.not_before = timezone.now() + timedelta(seconds=min(5 * 2**entry.attempts, 3600))
    entry.save()
