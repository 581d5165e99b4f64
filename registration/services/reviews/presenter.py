"""What staff see of waiting Messages: the same lines for commands and pages.

Texts of third parties are unchanged, so callers that display them must escape them.
"""

from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from portal.values import jsontext
from portal.values.times import format_datetime
from registration.models import Message
from registration.services.messages.handlers import FileFacts, Update, handler_of
from registration.services.reviews.case import ClientFacts, case_of, facts_of
from registration.services.reviews.seen_version import version_of


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: a label and a text, which has several lines if `is_block`."""

    name: str
    text: str
    is_block: bool = False


@dataclass(frozen=True, slots=True)
class CaseView:
    """A Message with everything that a decision needs.

    `files` were submitted at registration or for a step, in addition to the attachments of the
    Message. An approval names `version`, which is "" if nothing can change.
    """

    lines: tuple[Line, ...]
    files: tuple[FileFacts, ...]
    version: str


def summary(message: Message) -> tuple[str, ...]:
    """Return the columns of a Message in the queue; its party and Client are one text."""
    parties = [message.registration.registration_id]
    if message.client is not None:
        parties.append(message.client.client_id)
    when = format_datetime(message.created)
    return message.message_id, when, message.type, message.status, " ".join(parties), message.name


def present(message: Message) -> CaseView:
    """Return a Message, its replies and files, and the facts of its Case."""
    case = case_of(message)
    facts = [Line(name, _json(value), is_block=True) for name, value in facts_of(case).items()]
    return CaseView((*_head(message), *_around(message), *facts), case.files, version_of(case))


def _head(message: Message) -> list[Line]:
    texts = {
        "message": message.message_id,
        "type": message.type,
        "status": message.status,
        "registration": f"{message.registration.registration_id} {message.registration.name}",
        "from": message.creator or "the utility",
        "created": format_datetime(message.created),
        "answers": message.previous.message_id if message.previous else "",
        "about": message.related_uri,
        "subject": message.name,
        "options": handler_of(message.type, message.related_type).option_help,
    }
    lines = [Line(name, text) for name, text in texts.items() if text]
    if message.description:
        lines.append(Line("text", message.description, is_block=True))
    return lines


def _around(message: Message) -> list[Line]:
    replies = message.replies.order_by("created", "pk")
    return [
        *(
            Line(
                "reply",
                f"{reply.message_id}  {format_datetime(reply.created)}  {reply.type}  "
                f"{reply.status}  {reply.name}",
            )
            for reply in replies
        ),
        *(
            Line("file", f"{each.filename}  {each.content_type}  {each.size} bytes")
            for each in message.attachments.all()
        ),
    ]


def _json(value: object) -> str:
    return msgspec.json.format(jsontext.dumps(_plain(value)), indent=2).decode()


def _plain(value: Any) -> Any:
    """Return a fact as JSON, typed ones as objects without their empty fields."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, ClientFacts):
        return {
            **value.wire,
            "website_confirmed": value.website_confirmed,
            "logo_seen_at": value.logo_seen_at,
        }
    if isinstance(value, Update):
        values = (value.previous_value, value.new_value)
        # A change to or from an empty value shows null; a question has no values.
        dropped = {"previous_value", "new_value"} if values == (None, None) else set()
        return {
            name: each for name, each in asdict(value).items() if each != "" and name not in dropped
        }
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
