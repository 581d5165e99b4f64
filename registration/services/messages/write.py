"""Messages that the server writes, their statuses, and what a Client can change (CDS-WG1-02 6)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.background.outbox import enqueue
from portal.models import User
from registration import urls_of
from registration.errors import InvalidRequest
from registration.models import Client, Message, Registration
from registration.models.message_states import (
    COMPLETE,
    KINDS,
    OPEN,
    PENDING,
    REJECTED,
    may_become,
)
from registration.services.locks import lock_message

MAX_NAME = 200
NOTICE_TASK = "registration.tasks.send_message_notice"


class ForbiddenStatus(InvalidRequest):
    """The Message cannot change from its current status to this one (CDS-WG1-02 6.3)."""


def notify(
    *,
    registration: Registration,
    name: str,
    description: str,
    related_type: str = "",
    related_uri: str = "",
) -> Message:
    """Write an unread private Message, such as an entry of the changelogs of 5.3 and 7.3.

    No email is sent for it, because these Messages mostly report what the reader did.
    """
    return _create(
        registration=registration,
        type="private_message",
        status=COMPLETE,
        name=name,
        description=description,
        related_type=related_type,
        related_uri=related_uri,
    )


@transaction.atomic
def open_payment_request(
    *,
    registration: Registration,
    name: str,
    description: str,
    related_uri: str,
    amount: Decimal | None,
    currency: str,
    previous: Message | None = None,
    is_told: bool = True,
    by: User | str,
) -> Message:
    """Ask the third party for a payment on the page at `related_uri` (CDS-WG1-02 3.6, 6.2).

    `previous` is the Message that this one replaces; the contacts are emailed if `is_told`.
    """
    return _open(
        registration=registration,
        type="payment_request",
        name=name,
        description=description,
        related_uri=related_uri,
        amount=amount,
        currency=currency,
        previous=previous,
        is_told=is_told,
        by=by,
    )


@transaction.atomic
def open_form_request(
    *,
    registration: Registration,
    type: Literal["online_form_request", "pdf_form_request"],  # noqa: A002 -- the standard's word
    name: str,
    description: str,
    related_uri: str,
    previous: Message | None = None,
    is_told: bool = True,
    by: User | str,
) -> Message:
    """Ask the third party to fill in the page or PDF file at `related_uri` (CDS-WG1-02 3.6, 6.2).

    `previous` is the Message that this one replaces; the contacts are emailed if `is_told`.
    """
    return _open(
        registration=registration,
        type=type,
        name=name,
        description=description,
        related_uri=related_uri,
        previous=previous,
        is_told=is_told,
        by=by,
    )


@transaction.atomic
def open_server_request(
    *,
    registration: Registration,
    name: str,
    description: str,
    updates_requested: Sequence[Mapping[str, Any]],
    by: User | str,
) -> Message:
    """Ask the third party for information, to be sent in a client_submission (CDS-WG1-02 6.2).

    The entries of `updates_requested` have `field`, `name`, `description` and optionally `uri`
    (6.5); raises InvalidRequest if one lacks any of the first three, or if there are none.
    """
    _check_updates(updates_requested)
    return _open(
        registration=registration,
        type="server_request",
        name=name,
        description=description,
        updates_requested=[dict(item) for item in updates_requested],
        by=by,
    )


@transaction.atomic
def open_production_request(
    *,
    client: Client,
    name: str,
    description: str,
    previous: Message | None = None,
    is_told: bool = True,
    by: User | str,
) -> Message:
    """Open a review of a sandbox Client on the utility's initiative; it starts `pending` (3.6).

    `previous` is the review that this one repeats; the contacts are emailed if `is_told`.
    """
    return _open(
        registration=client.registration,
        type="production_request",
        status=PENDING,
        name=name,
        description=description,
        related_uri=urls_of.client_uri(client.client_id),
        client=client,
        previous=previous,
        is_told=is_told,
        by=by,
    )


@transaction.atomic
def open_field_changes(
    *,
    client: Client,
    description: str,
    updates_requested: Sequence[Mapping[str, Any]],
    related_type: str,
    related_uri: str,
) -> Message:
    """Write the Message about changes that the utility reviews first (CDS-WG1-02 6.2).

    `updates_requested` has `field`, `previous_value` and `new_value` of each change (6.5); the link
    is that of the object. The contacts are emailed; the caller writes the audit event.
    """
    message = _create(
        registration=client.registration,
        client=client,
        type="field_changes",
        status=PENDING,
        name="Changes under review",
        description=description,
        updates_requested=[dict(item) for item in updates_requested],
        related_type=related_type,
        related_uri=related_uri,
    )
    _promise_notice(message)
    return message


@transaction.atomic
def update_request(
    *,
    message: Message,
    status: str,
    description: str = "",
    name: str = "",
    related_type: str = "",
    related_uri: str = "",
    is_told: bool = True,
    by: User | str,
) -> Message:
    """Answer a Message with a request_update and give it the new status (CDS-WG1-02 6.2).

    The same status as before is only information. Returns the request_update; links are set on it,
    and the original keeps its own (decisions 29, 30). Without `is_told` no email is sent. Raises
    ForbiddenStatus for a status that the table does not allow, and InvalidRequest for a rejection
    without a reason (6.3).
    """
    row = lock_message(message)
    if not may_become(row.type, row.status, status):
        raise ForbiddenStatus(
            f"A {row.type} that is {row.status} cannot become {status}.", field="status"
        )
    if status == REJECTED and not description.strip():
        raise InvalidRequest("A rejection needs a reason.", field="description")
    update = _create(
        registration=row.registration,
        type="request_update",
        status=status,
        name=(name or row.name or _fallback_name(row))[:MAX_NAME],
        description=description,
        related_type=related_type,
        related_uri=related_uri,
        previous=row,
        client=row.client,
    )
    _set_status(row, status)
    _tell(update, "updated", is_told=is_told, by=by, request=row.message_id, status=status)
    return update


@transaction.atomic
def send_message(
    *,
    registration: Registration,
    name: str,
    description: str,
    previous: Message | None = None,
    related_type: str = "",
    related_uri: str = "",
    by: User | str,
) -> Message:
    """Write to one party: a question, an answer, information (CDS-WG1-02 6.2 private_message).

    Raises InvalidRequest if `previous` belongs to another party, or subject or text is missing.
    """
    if previous is not None and previous.registration_id != registration.pk:
        raise InvalidRequest("The earlier Message belongs to another party.", field="previous_uri")
    if not name.strip() or not description.strip():
        raise InvalidRequest("A message needs a subject and a text.", field="name")
    message = _create(
        registration=registration,
        type="private_message",
        status=COMPLETE,
        name=name[:MAX_NAME],
        description=description,
        related_type=related_type,
        related_uri=related_uri,
        previous=previous,
    )
    _tell(message, "sent", by=by)
    return message


@transaction.atomic
def send_notification(
    *, name: str, description: str, related_type: str = "", related_uri: str = "", by: User | str
) -> int:
    """Send a notification to every party (CDS-WG1-02 6.2); return the number of parties."""
    count = 0
    for registration in Registration.objects.order_by("pk").iterator():
        message = _create(
            registration=registration,
            type="notification",
            status=COMPLETE,
            name=name[:MAX_NAME],
            description=description,
            related_type=related_type,
            related_uri=related_uri,
        )
        _tell(message, "sent", by=by)
        count += 1
    return count


@transaction.atomic
def mark_message(*, message: Message, read: bool, by: User | str) -> Message:
    """Mark a Message as read or unread (CDS-WG1-02 6.11)."""
    message = lock_message(message)
    if message.read != read:
        message.read = read
        message.modified = timezone.now()
        message.save(update_fields=["read", "modified"])
        audit.record(
            "message.marked",
            by=by,
            subject=f"message:{message.message_id}",
            registration=message.registration.registration_id,
            details={"read": read},
        )
    return message


def mark_submitted(message: Message) -> None:
    """Set a locked open request to pending because an answer has arrived (CDS-WG1-02 6.9)."""
    if message.status == OPEN:
        _set_status(message, PENDING)


def _set_status(message: Message, status: str) -> None:
    if message.status == status:
        return
    message.status = status
    message.modified = timezone.now()
    message.save(update_fields=["status", "modified"])


def _open(
    *,
    type: str,  # noqa: A002 -- the standard's word
    name: str,
    status: str = OPEN,
    is_told: bool = True,
    by: User | str,
    **fields: Any,
) -> Message:
    """Write a request of the server; its type determines what the link leads to."""
    message = _create(
        type=type,
        status=status,
        name=name[:MAX_NAME],
        related_type=KINDS[type].related_type,
        **fields,
    )
    _tell(message, "opened", is_told=is_told, by=by)
    return message


def _create(*, registration: Registration, **fields: Any) -> Message:
    now = timezone.now()
    message: Message = Message.objects.create(
        registration=registration, created=now, modified=now, creator="", **fields
    )
    return message


def _tell(
    message: Message, action: str, *, is_told: bool = True, by: User | str, **details: str
) -> None:
    """Record a Message of the server and schedule the email about it."""
    audit.record(
        f"message.{action}",
        by=by,
        subject=f"message:{message.message_id}",
        registration=message.registration.registration_id,
        details={"type": message.type, **details},
    )
    if is_told:
        _promise_notice(message)


def _promise_notice(message: Message) -> None:
    enqueue(NOTICE_TASK, message.message_id, unique_key=f"message-notice:{message.message_id}")


def _check_updates(updates: Sequence[Mapping[str, Any]]) -> None:
    """6.5: what a server_request asks for has an identifier, a name and an explanation."""
    if not updates:
        raise InvalidRequest("The request must name at least one field.", field="updates_requested")
    for item in updates:
        if not all(item.get(key) for key in ("field", "name", "description")):
            raise InvalidRequest(
                "Each entry needs field, name and description.", field="updates_requested"
            )


def _fallback_name(message: Message) -> str:
    return message.type.replace("_", " ").capitalize()
