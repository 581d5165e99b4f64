"""Writing the audit trail and sealing it."""

import hashlib
import json
import logging
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from portal.http.context import current
from portal.models import AuditEvent, AuditSeal, SealedEvent, UnsealedEvent, User

log = logging.getLogger(__name__)

# The actor when neither a person nor a third party's program acts: sweeps and automatic rules.
SYSTEM = "system"

SEAL_BATCH = 1000
# In one run of the task; the next run, a minute later, continues.
SEAL_BATCHES = 20
_SEALS_READ = 20
_SEAL_LOCK = 0x43445331  # any constant: one sealer at a time


def actor_name(by: User | str) -> str:
    """Return `kind:id` of an actor: a person, or text such as `client:abc` or SYSTEM."""
    return f"user:{by.pk}" if isinstance(by, User) else by


def record(
    action: str,
    *,
    by: User | str,
    subject: str,
    registration: str = "",
    details: dict[str, Any] | None = None,
) -> AuditEvent:
    """Write one event in the caller's transaction.

    `subject` is `kind:id`. `details` must hold neither secrets nor personal data.
    """
    context = current.get()
    return AuditEvent.objects.create(
        action=action,
        actor=actor_name(by),
        subject=subject,
        registration=registration,
        request_id=context.request_id,
        address=context.address,
        details=details or {},
    )


def _digest(previous: str, events: list[AuditEvent]) -> str:
    rows = [
        [e.pk, e.at.isoformat(), e.action, e.actor, e.subject, e.registration, e.details]
        for e in events
    ]
    text = json.dumps([previous, rows], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def seal(*, batch: int = SEAL_BATCH) -> int:
    """Chain the next committed, unsealed events; return how many were handled, at most `batch`.

    Safe to run twice at once: the second run returns immediately without doing anything.

    Ids are assigned before commit, so an event may become visible after a later id was sealed:
    each seal lists the ids it covers instead of a range.
    """
    if not _is_sole_sealer():
        return 0
    waiting = list(UnsealedEvent.objects.order_by("pk").values_list("pk", flat=True)[:batch])
    # A process of an earlier version, which does not know this table, may have sealed some.
    known = set(SealedEvent.objects.filter(pk__in=waiting).values_list("pk", flat=True))
    events = list(AuditEvent.objects.filter(pk__in=set(waiting) - known).order_by("pk"))
    if len(events) + len(known) < len(waiting):
        log.error("audit events were deleted before they were sealed")
    if events:
        _add_seal(events)
    UnsealedEvent.objects.filter(pk__in=waiting).delete()
    return len(waiting)


def _is_sole_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEAL_LOCK])
        return bool(cursor.fetchone()[0])


def _add_seal(events: list[AuditEvent]) -> None:
    last = AuditSeal.objects.order_by("-pk").first()
    previous = last.digest if last else ""
    link = AuditSeal.objects.create(
        event_ids=[e.pk for e in events], previous=previous, digest=_digest(previous, events)
    )
    SealedEvent.objects.bulk_create(SealedEvent(event_id=e.pk, seal=link) for e in events)


def seal_some(*, batch: int = SEAL_BATCH, batches: int = SEAL_BATCHES) -> int:
    """Seal batch after batch, up to a limit of a few seconds of work; return how many."""
    done = 0
    for _ in range(batches):
        count = seal(batch=batch)
        done += count
        if count < batch:
            break
    return done


def unsealed_count() -> int:
    """Return how many events have not been sealed yet."""
    return UnsealedEvent.objects.count()


def broken_seals() -> list[int]:
    """Return the ids of seals whose events or predecessor no longer match their digest.

    Reads one seal at a time, so that a trail of any length fits into memory.
    """
    broken = []
    previous = ""
    for link in _seals():
        found = list(AuditEvent.objects.filter(pk__in=link.event_ids).order_by("pk"))
        if link.previous != previous or link.digest != _digest(previous, found):
            broken.append(link.pk)
        previous = link.digest
    return broken


def _seals() -> Iterator[AuditSeal]:
    last = 0
    while page := list(AuditSeal.objects.filter(pk__gt=last).order_by("pk")[:_SEALS_READ]):
        yield from page
        last = page[-1].pk


def stray_events() -> list[int]:
    """Return ids of events that are neither sealed nor pending, which means tampering."""
    own = OuterRef("pk")
    strays = AuditEvent.objects.filter(
        ~Exists(SealedEvent.objects.filter(pk=own)), ~Exists(UnsealedEvent.objects.filter(pk=own))
    )
    return list(strays.order_by("pk").values_list("pk", flat=True)[:SEAL_BATCH])
