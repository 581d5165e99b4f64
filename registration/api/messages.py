"""The Messages API (CDS-WG1-02 6.8 to 6.11)."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request

from portal.errors import NotFound
from portal.http.listing import Cursor, Page, split_ids, take_page
from registration.api.base import (
    AdminView,
    actor,
    caller_registration,
    newest_first,
    object_payload,
)
from registration.api.messages_wire import listing_response, message_response
from registration.api.principal import principal_of
from registration.errors import InvalidRequest
from registration.models import Message
from registration.models.message import MessageAttachment
from registration.models.message_states import OUTSTANDING
from registration.services.messages.attachments import chunks_of, read_attachments
from registration.services.messages.receive import create_message
from registration.services.messages.stream_body import max_body_bytes, read_body
from registration.services.messages.write import mark_message
from registration.services.storage.room import max_bytes

LISTS: Final = {
    "outstanding": Q(status__in=sorted(OUTSTANDING)),
    "unread": Q(read=False),
    "read": Q(read=True),
}


class MessageList(AdminView):
    """`cds_messages_api`: three lists, each with its own pages, and new Messages."""

    max_body_bytes: Callable[[], int] = staticmethod(max_body_bytes)

    def get(self, request: Request) -> HttpResponseBase:
        """Return all three lists, or a page of one of them with the others empty."""
        messages = _mine(request)
        if request.GET.get("message_ids", "").strip():
            ids = split_ids(request.GET["message_ids"], name="message_ids")
            messages = messages.filter(message_id__in=ids)
        asked = [name for name in LISTS if request.GET.get(f"{name}_cursor")]
        pages = {
            name: Page([], None, None)
            if asked and name not in asked
            else _page(request, name, messages.filter(condition))
            for name, condition in LISTS.items()
        }
        links: dict[str, str | None] = {}
        for name, page in pages.items():
            links[f"{name}_next"] = _page_url(request, name, page.next)
            links[f"{name}_previous"] = _page_url(request, name, page.previous)
        return listing_response({name: page.rows for name, page in pages.items()}, links)

    def post(self, request: Request) -> HttpResponseBase:
        """Accept a Message; its files go to storage while the body arrives."""
        body = read_body(request.stream)
        try:
            if not isinstance(body.payload, dict):
                raise InvalidRequest("The request body must be a JSON object.")
            made = create_message(
                client=principal_of(request).client,
                payload=body.payload,
                files=read_attachments(body),
                by=actor(request),
            )
        finally:
            body.close()
        return message_response(_own(request, made.message_id), 201)


class MessageDetail(AdminView):
    """`uri` of a Message."""

    def get(self, request: Request, message_id: str) -> HttpResponseBase:
        """Return one Message, or with `attachment` the unchanged bytes of one of its files."""
        message = _own(request, message_id)
        if "attachment" in request.GET:
            return _download(message, request.GET["attachment"])
        return message_response(message)

    def patch(self, request: Request, message_id: str) -> HttpResponseBase:
        """Change `read`; every other field is ignored."""
        message = _own(request, message_id)
        payload = object_payload(request)
        if "read" in payload:
            if not isinstance(payload["read"], bool):
                raise InvalidRequest("read must be true or false.", field="read")
            mark_message(message=message, read=payload["read"], by=actor(request))
        return message_response(_own(request, message_id))


def _page(request: Request, name: str, messages: QuerySet[Message]) -> Page:
    text = request.GET.get(f"{name}_cursor")
    listing = _listing(request, name)
    page = take_page(messages, listing=listing, order=newest_first(), cursor=text)
    backwards = bool(text) and Cursor.decode(str(text), listing=listing, width=2).backwards
    return _within_budget(page, backwards=backwards)


def _listing(request: Request, name: str) -> str:
    """Each list accepts only its own cursors."""
    return f"{request.path}#{name}"


def _within_budget(page: Page, *, backwards: bool) -> Page:
    """End a page early when its files grow large; the next page continues from there (6.8).

    A hundred Messages with the largest files would make a response of more than a gigabyte.
    """
    rows = page.rows[::-1] if backwards else page.rows
    kept: list[Message] = []
    total = 0
    for row in rows:
        total += sum(attachment.size for attachment in row.attachments.all())
        if kept and total > max_bytes():
            break
        kept.append(row)
    if len(kept) == len(rows):
        return page
    last = kept[-1]
    cut = Cursor((last.modified.isoformat(), last.pk), backwards)
    if backwards:
        return Page(kept[::-1], page.next, cut)
    return Page(kept, cut, page.previous)


def _page_url(request: Request, name: str, cursor: Cursor | None) -> str | None:
    """Return this request's URL for another page of one list."""
    if cursor is None:
        return None
    query = {f"{name}_cursor": cursor.encode(listing=_listing(request, name))}
    if request.GET.get("message_ids"):
        query["message_ids"] = request.GET["message_ids"]
    return f"{settings.BASE_URL}{request.path}?{urlencode(query)}"


def _download(message: Message, attachment_id: str) -> HttpResponseBase:
    """Send a file in a way that no browser displays as a page of this server."""
    found = next((a for a in message.attachments.all() if a.attachment_id == attachment_id), None)
    if found is None:
        raise NotFound("There is no such attachment.")
    response = StreamingHttpResponse(chunks_of(found), content_type=found.content_type)
    response["Content-Disposition"] = _as_attachment(found)
    response["Content-Length"] = str(found.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _as_attachment(attachment: MessageAttachment) -> str:
    """RFC 6266: a plain ASCII name for old browsers, and the real one encoded."""
    plain = attachment.filename.encode("ascii", "replace").decode().replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(attachment.filename)}"


def _mine(request: Request) -> QuerySet[Message]:
    mine: QuerySet[Message] = Message.objects.of(caller_registration(request)).for_wire()
    return mine


def _own(request: Request, message_id: str) -> Message:
    message = _mine(request).filter(message_id=message_id).first()
    if message is None:
        raise NotFound("There is no such Message.")
    return message
