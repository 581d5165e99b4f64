"""The wire form of Messages; files are written in chunks (CDS-WG1-02 6.1, 6.7)."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.response import Response

from portal.values import jsontext
from registration import urls_of
from registration.models import Message
from registration.models.message import MessageAttachment
from registration.services.messages.attachments import chunks_of

_UPDATES_REQUIRED = frozenset({"field_changes", "server_request"})


def attachment_uri(attachment: MessageAttachment, message: Message) -> str:
    """Return the URL where the same token can download the raw file."""
    uri = urls_of.message_uri(message.message_id)
    return f"{uri}?attachment={attachment.attachment_id}"


def message_fields(message: Message) -> dict[str, Any]:
    """Return a Message object without attachments; `creator` is null for the server's Messages."""
    wire: dict[str, Any] = {
        "message_id": message.message_id,
        "uri": urls_of.message_uri(message.message_id),
        "previous_uri": (
            urls_of.message_uri(message.previous.message_id) if message.previous else None
        ),
        "type": message.type,
        "read": message.read,
        "creator": message.creator or None,
        "created": message.created,
        "modified": message.modified,
        "status": message.status,
        "name": message.name,
        "description": message.description,
    }
    if message.updates_requested or message.type in _UPDATES_REQUIRED:
        wire["updates_requested"] = message.updates_requested
    if message.grants_requested:
        wire["grants_requested"] = message.grants_requested
    if message.related_uri:
        wire |= {"related_uri": message.related_uri, "related_type": message.related_type}
    if message.amount is not None:
        wire |= {"amount": message.amount, "currency": message.currency}
    return wire


def message_response(message: Message, status: int = 200) -> HttpResponseBase:
    """Return one Message. It must come from `for_wire`."""
    if not message.attachments.all():
        return Response(message_fields(message), status)
    return _streamed(_message_pieces(message), status)


def listing_response(
    lists: Mapping[str, Sequence[Message]], links: Mapping[str, str | None]
) -> HttpResponseBase:
    """Return lists of Messages with the links between their pages (6.8)."""
    if not any(row.attachments.all() for rows in lists.values() for row in rows):
        found = {name: [message_fields(row) for row in rows] for name, rows in lists.items()}
        return Response({**found, **links})
    return _streamed(_listing_pieces(lists, links), 200)


def _streamed(pieces: Iterator[bytes], status: int) -> StreamingHttpResponse:
    return StreamingHttpResponse(pieces, status=status, content_type="application/json")


def _listing_pieces(
    lists: Mapping[str, Sequence[Message]], links: Mapping[str, str | None]
) -> Iterator[bytes]:
    yield jsontext.dumps(links)[:-1]
    for name, rows in lists.items():
        yield b"," + jsontext.dumps(name) + b":["
        for number, row in enumerate(rows):
            yield b"," if number else b""
            yield from _message_pieces(row)
        yield b"]"
    yield b"}"


def _message_pieces(message: Message) -> Iterator[bytes]:
    """Write the fields, then the files behind them."""
    yield jsontext.dumps(message_fields(message))[:-1]
    for number, attachment in enumerate(message.attachments.all()):
        yield b"," if number else b',"attachments":['
        yield from _attachment_pieces(attachment, message)
    yield b"]}" if message.attachments.all() else b"}"


def _attachment_pieces(attachment: MessageAttachment, message: Message) -> Iterator[bytes]:
    fields = {
        "filename": attachment.filename,
        "mime_type": attachment.content_type,
        "uri": attachment_uri(attachment, message),
    }
    yield jsontext.dumps(fields)[:-1] + b',"data":"'
    # The chunks are multiples of 3 bytes long, so their Base64 can be concatenated.
    for piece in chunks_of(attachment):
        yield base64.b64encode(piece)
    yield b'"}'
