"""Staff decisions about requests and submissions of third parties (CDS-WG1-02 6.3, 6.9)."""

from django.db import transaction

from portal import audit
from portal.models import User
from registration.models import Message
from registration.models.message_states import COMPLETE, KINDS, REJECTED, may_become
from registration.services.locks import lock_message
from registration.services.messages.handlers import Options, handler_of
from registration.services.messages.write import ForbiddenStatus
from registration.services.reviews.answer import answer_request
from registration.services.reviews.seen_version import require_seen


@transaction.atomic
def approve_request(
    *,
    message: Message,
    seen: str = "",
    note: str = "",
    options: Options | None = None,
    by: User | str,
) -> Message:
    """Carry out a waiting request and answer it as complete; return the request_update.

    Works for every type that waits for a decision: production_request, grant_request,
    support_request, field_changes and requests of the server (3.6 allows approval at any time).
    `note` replaces the handler's text; `seen` is the version that staff reviewed (see
    `seen_version`). Raises ForbiddenStatus if it is no longer waiting, NotAsSeen if it has changed
    since, and what the handler of the type raises.
    """
    row = lock_message(message)
    _require_waiting(row, COMPLETE)
    require_seen(row, seen)
    outcome = handler_of(row.type, row.related_type).approve(row, options or {}, by)
    audit.record(
        "request.approved",
        by=by,
        subject=f"message:{row.message_id}",
        registration=row.registration.registration_id,
        details={"type": row.type, "related": outcome.related_uri},
    )
    update, *_ = answer_request(
        message=row,
        status=COMPLETE,
        description=note or outcome.description,
        related_type=outcome.related_type,
        related_uri=outcome.related_uri,
        by=by,
    )
    return update


@transaction.atomic
def reject_request(*, message: Message, reason: str, by: User | str) -> Message:
    """Reject a waiting request; return the request_update with the reason.

    Raises ForbiddenStatus for Messages that are not waiting or cannot be rejected (support
    requests), and InvalidRequest without a reason (6.3).
    """
    row = lock_message(message)
    _require_waiting(row, REJECTED)
    update, *_ = answer_request(message=row, status=REJECTED, description=reason, by=by)
    handler_of(row.type, row.related_type).reject(row, reason, by)
    audit.record(
        "request.rejected",
        by=by,
        subject=f"message:{row.message_id}",
        registration=row.registration.registration_id,
        details={"type": row.type},
    )
    return update


def _require_waiting(row: Message, status: str) -> None:
    if KINDS[row.type].transitions.get(row.status) and may_become(row.type, row.status, status):
        return
    raise ForbiddenStatus(
        f"A {row.type} that is {row.status} cannot become {status}.", field="status"
    )
