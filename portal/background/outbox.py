"""The only way to start background work.

`enqueue` writes a row in the caller's transaction. On commit, the worker is nudged through the
broker; that can fail without harm, because a sweep finds rows whose nudge was lost. The broker can
be emptied at any time without loss.

Usually the work runs in the transaction that locks its row. Work that waits for third-party servers
(the setting FETCH_TASKS) is claimed for a limited time instead, and runs outside a transaction.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.background.queues import DEFAULT, FETCHES, queue_of
from portal.logs import redact
from portal.models import OutboxEntry

log = logging.getLogger(__name__)

# By name, because the tasks import this module.
RUN_TASK = "portal.tasks.run_outbox_entry"
MAX_ATTEMPTS = 10
# A sweep ends well before the time limit of a task, even if each of its fetches takes the full
# ten seconds.
SWEEP_BATCH = {DEFAULT: 50, FETCHES: 20}
# The nudge usually comes first; the sweep waits this long before it takes the work over.
NUDGE_GRACE = timedelta(seconds=3)
# Much longer than a fetch. After this time, the work of a process that died is taken over; it may
# then run twice.
CLAIM = timedelta(minutes=2)


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
        transaction.on_commit(lambda: _nudge(entry.pk, queue_of(task)), robust=True)
    return entry


def _nudge(entry_id: int, queue: str) -> None:
    try:
        current_app.send_task(RUN_TASK, (entry_id,), retry=False, queue=queue)
    except Exception:  # the broker is down; the sweep will find the row
        log.warning("outbox nudge failed", extra={"outbox_entry": entry_id}, exc_info=True)


def due_entries(now: datetime, *, queue: str = DEFAULT) -> list[int]:
    """Return ids of a queue's work that is due and has not been started."""
    is_fetch = Q(task__in=settings.FETCH_TASKS)
    rows = OutboxEntry.objects.filter(
        is_fetch if queue == FETCHES else ~is_fetch,
        status=OutboxEntry.Status.READY,
        not_before__lte=now - NUDGE_GRACE,
    )
    return list(rows.order_by("not_before").values_list("pk", flat=True)[: SWEEP_BATCH[queue]])


def run(entry_id: int) -> bool:
    """Run one entry; return whether it ran here. Idempotent: taken or finished work is skipped.

    A failed task is retried with growing pauses, up to `MAX_ATTEMPTS` times.
    """
    task = OutboxEntry.objects.filter(pk=entry_id).values_list("task", flat=True).first()
    if task is None:
        return False
    return _run_claimed(entry_id) if task in settings.FETCH_TASKS else _run_locked(entry_id)


def _run_locked(entry_id: int) -> bool:
    """Run an entry in the transaction that locks it, so that a failed task's writes are undone."""
    try:
        with transaction.atomic():
            entry = _ready().select_for_update(skip_locked=True).filter(pk=entry_id).first()
            if entry is None:
                return False
            current_app.tasks[entry.task](*entry.args)
            entry.attempts += 1
            _note_done(entry)
    except Exception as error:
        log.exception("outbox task failed", extra={"outbox_entry": entry_id})
        _postpone(entry_id, redact(repr(error)))
    return True


def _run_claimed(entry_id: int) -> bool:
    """Run an entry outside of transactions; no other process runs it until the claim expires.

    The claim moves the entry's `not_before` forward; a process that dies leaves nothing to undo.
    """
    entry = _claim(entry_id)
    if entry is None:
        return False
    try:
        current_app.tasks[entry.task](*entry.args)
    except Exception as error:
        log.exception("outbox task failed", extra={"outbox_entry": entry_id})
        with transaction.atomic():
            if (mine := _still_claimed(entry)) is not None:
                _note_failure(mine, redact(repr(error)))
        return True
    with transaction.atomic():
        if (mine := _still_claimed(entry)) is not None:
            _note_done(mine)
    return True


@transaction.atomic
def _claim(entry_id: int) -> OutboxEntry | None:
    """Return the entry if it is due and free. The attempt counts now: it may kill its process."""
    now = timezone.now()
    free = _ready().select_for_update(skip_locked=True).filter(pk=entry_id, not_before__lte=now)
    entry = free.first()
    if entry is None:
        return None
    if entry.attempts >= MAX_ATTEMPTS:
        _give_up(entry, "The process ended before the work did, each time.")
        return None
    entry.attempts += 1
    entry.not_before = now + CLAIM
    entry.save()
    return entry


def _still_claimed(entry: OutboxEntry) -> OutboxEntry | None:
    """Return the locked row unless another process has since taken the work over."""
    return _ready().select_for_update().filter(pk=entry.pk, not_before=entry.not_before).first()


def _ready() -> QuerySet[OutboxEntry]:
    return OutboxEntry.objects.filter(status=OutboxEntry.Status.READY)


@transaction.atomic
def _postpone(entry_id: int, error: str) -> None:
    entry = _ready().select_for_update().filter(pk=entry_id).first()
    if entry is None:
        return
    entry.attempts += 1
    _note_failure(entry, error)


def _note_done(entry: OutboxEntry) -> None:
    entry.status = OutboxEntry.Status.DONE
    entry.finished = timezone.now()
    entry.error = ""
    entry.save()


def _note_failure(entry: OutboxEntry, error: str) -> None:
    if entry.attempts >= MAX_ATTEMPTS:
        _give_up(entry, error)
        return
    entry.error = error[:2000]
    entry.not_before = timezone.now() + timedelta(seconds=min(5 * 2**entry.attempts, 3600))
    entry.save()


def _give_up(entry: OutboxEntry, error: str) -> None:
    entry.status = OutboxEntry.Status.FAILED
    entry.finished = timezone.now()
    entry.error = error[:2000]
    entry.save()
