"""Writing the audit trail and sealing it."""

import hashlib
import json
from typing import Any

from django.db import connection, transaction

from portal.context import current
from portal.models import AuditEvent, AuditSeal, SealedEvent, User

SEAL_BATCH = 1000
_SEAL_LOCK = 0x43445331  # any constant: one sealer at a time


def actor_name(by: User | str) -> str:
    """Return `kind:id` of an actor: a person, or text such as `client:abc` or `system`."""
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
def seal() -> int:
    """Chain all committed, unsealed events; return how many. Safe to run twice at once.

    Ids are taken before commit, so an event may become visible after a later id was sealed:
    each seal lists the ids it covers instead of a range.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEAL_LOCK])
    sealed = SealedEvent.objects.values("event_id")
    events = list(AuditEvent.objects.exclude(pk__in=sealed).order_by("pk")[:SEAL_BATCH])
    if not events:
        return 0
    last = AuditSeal.objects.order_by("-pk").first()
    previous = last.digest if last else ""
    link = AuditSeal.objects.create(
        event_ids=[e.pk for e in events], previous=previous, digest=_digest(previous, events)
    )
    SealedEvent.objects.bulk_create(SealedEvent(event_id=e.pk, seal=link) for e in events)
    return len(events)


def broken_seals() -> list[int]:
    """Return the ids of seals whose events or predecessor no longer match their digest."""
    broken = []
    previous = ""
    for link in AuditSeal.objects.order_by("pk"):
        found = list(AuditEvent.objects.filter(pk__in=link.event_ids).order_by("pk"))
        if link.previous != previous or link.digest != _digest(previous, found):
            broken.append(link.pk)
        previous = link.digest
    return broken
