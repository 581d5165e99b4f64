"""Messages that Clients write (CDS-WG1-02 6.9)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from portal.values import jsontext
from registration.models import Client, Message
from registration.models.message_states import KINDS, PENDING
from registration.services.locks import lock_message, lock_registration, lock_subject
from registration.services.messages.attachments import ReceivedFile, store_attachments
from registration.services.messages.handlers import handler_of, submission_listeners
from registration.services.messages.parse import Draft, check_submission, read_message
from registration.services.messages.write import mark_submitted, update_request
from registration.services.storage.room import MESSAGE_ROWS, take_room_for_message
from registration.services.storage.stored_files import no_orphans


@no_orphans()
@transaction.atomic
def create_message(
    *,
    client: Client,
    payload: Mapping[str, Any],
    files: Sequence[ReceivedFile] = (),
    by: User | str,
) -> Message:
    """Store a Message of a Client and do what its type requires.

    `client` is the calling admin Client. Raises InvalidRequest naming the field and the rule of
    6.9. A client_submission sets the open Message that it answers to pending; one that answers a
    pdf_form_request is confirmed with a request_update (3.6). Raises what `storage.room` raises.
    """
    # Two simultaneous Messages of a party would otherwise each find room for their files.
    lock_registration(client.registration_id)
    draft = read_message(client=client, payload=payload, has_files=bool(files))
    size = _size(draft, files)
    field = "attachments" if files else "description"
    take_room_for_message(registration=client.registration, size=size, field=field)
    if draft.type == "client_submission":
        return _submit(client, draft, files, size=size, by=by)
    message = _build(client, draft, size)
    # Of two simultaneous requests for one Client, the second waits here and fails the check below.
    if message.client is not None:
        message.client = lock_subject(message.client)
    handler_of(message.type).check(message)
    message.save(force_insert=True)
    _record(message, by=by)
    store_attachments(message=message, files=files)
    return message


def _submit(
    client: Client, draft: Draft, files: Sequence[ReceivedFile], *, size: int, by: User | str
) -> Message:
    assert draft.previous is not None  # noqa: S101 -- read_message refuses submissions without
    request = lock_message(draft.previous)
    check_submission(request)
    message = _build(client, draft, size)
    message.save(force_insert=True)
    _record(message, by=by)
    if request.type != "pdf_form_request":
        mark_submitted(request)
    store_attachments(message=message, files=files)
    for listener in submission_listeners:
        listener(lock_message(request), message)
    if request.type == "pdf_form_request" and not _is_confirmed(request, message):
        update_request(
            message=request,
            status=PENDING,
            description="The form has arrived and is being reviewed.",
            by=by,
        )
    return message


def _is_confirmed(request: Message, submission: Message) -> bool:
    """Whether a listener has already answered: one confirmation is enough (3.6)."""
    updates = Message.objects.filter(previous=request, type="request_update")
    return bool(updates.filter(created__gte=submission.created).exists())


def _size(draft: Draft, files: Sequence[ReceivedFile]) -> int:
    """Return the bytes that a Message needs for its texts and files."""
    texts = [draft.name, draft.description, draft.related_uri, draft.updates, draft.grants]
    return len(jsontext.dumps(texts)) + sum(file.size for file in files) + MESSAGE_ROWS


def _build(client: Client, draft: Draft, size: int) -> Message:
    now = timezone.now()
    return Message(
        registration=client.registration,
        type=draft.type,
        status=KINDS[draft.type].client_status,
        read=True,
        creator=client.client_id,
        created=now,
        modified=now,
        name=draft.name,
        description=draft.description,
        related_type=draft.related_type,
        related_uri=draft.related_uri,
        previous=draft.previous,
        client=draft.client,
        updates_requested=draft.updates,
        grants_requested=draft.grants,
        size=size,
    )


def _record(message: Message, *, by: User | str) -> None:
    audit.record(
        "message.received",
        by=by,
        subject=f"message:{message.message_id}",
        registration=message.registration.registration_id,
        details={"type": message.type},
    )
