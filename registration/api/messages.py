"""The Messages API: reading and marking as read (CDS-WG1-02 6.8, 6.10, 6.11)."""

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from portal.errors import NotFound
from portal.listing import Cursor, split_ids, take_page
from registration.api.base import (
    AdminView,
    actor,
    caller_registration,
    newest_first,
    object_payload,
)
from registration.errors import InvalidRequest, Unsupported
from registration.models import Message
from registration.services.messages import mark_message
from registration.wire import message_to_wire

LISTS: Final = {
    "outstanding": Q(status__in=("open", "pending")),
    "unread": Q(read=False),
    "read": Q(read=True),
}


class MessageList(AdminView):
    """`cds_messages_api`: three lists, each with its own pages."""

    def get(self, request: Request) -> Response:
        """Answer all three lists, or the page of one while the others are empty."""
        messages = _mine(request)
        if request.GET.get("message_ids", "").strip():
            ids = split_ids(request.GET["message_ids"], name="message_ids")
            messages = messages.filter(message_id__in=ids)
        asked = [name for name in LISTS if request.GET.get(f"{name}_cursor")]
        body: dict[str, Any] = {}
        for name, condition in LISTS.items():
            if asked and name not in asked:
                body |= {name: [], f"{name}_next": None, f"{name}_previous": None}
            else:
                body |= _page(request, name, messages.filter(condition))
        return Response(body)

    def post(self, request: Request) -> Response:
        """Refuse clearly: this server takes no Messages from Clients yet."""
        raise Unsupported(
            "This server does not take Messages from Clients. Write to the support address at "
            f"{settings.BASE_URL}/docs/support/ instead.",
            extra={"error_uri": f"{settings.BASE_URL}/docs/errors/"},
        )


class MessageDetail(AdminView):
    """`uri` of a Message."""

    def get(self, request: Request, message_id: str) -> Response:
        """Answer one Message."""
        return Response(message_to_wire(_own(request, message_id)))

    def patch(self, request: Request, message_id: str) -> Response:
        """Change `read`; every other field is ignored."""
        message = _own(request, message_id)
        payload = object_payload(request)
        if "read" in payload:
            if not isinstance(payload["read"], bool):
                raise InvalidRequest("read must be true or false.", field="read")
            message = mark_message(message=message, read=payload["read"], by=actor(request))
        return Response(message_to_wire(message))


def _page(request: Request, name: str, messages: QuerySet[Message]) -> dict[str, Any]:
    page = take_page(messages, order=newest_first(), cursor=request.GET.get(f"{name}_cursor"))
    return {
        name: [message_to_wire(row) for row in page.rows],
        f"{name}_next": _page_url(request, name, page.next),
        f"{name}_previous": _page_url(request, name, page.previous),
    }


def _page_url(request: Request, name: str, cursor: Cursor | None) -> str | None:
    """Return this request's URL for another page of one list."""
    if cursor is None:
        return None
    query = {f"{name}_cursor": cursor.encode()}
    if request.GET.get("message_ids"):
        query["message_ids"] = request.GET["message_ids"]
    return f"{settings.BASE_URL}{request.path}?{urlencode(query)}"


def _mine(request: Request) -> QuerySet[Message]:
    mine = Message.objects.filter(registration=caller_registration(request))
    return mine.select_related("previous", "registration")


def _own(request: Request, message_id: str) -> Message:
    message = _mine(request).filter(message_id=message_id).first()
    if message is None:
        raise NotFound("There is no such Message.")
    return message
