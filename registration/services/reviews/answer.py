"""Answers to requests, for every way in which they are decided (CDS-WG1-02 6.2, 6.3).

Staff decide a Message or the onboarding step behind it; forms and payments decide some steps
without staff. All of them answer here.
"""

from collections.abc import Iterator

from portal.models import User
from registration.models import Message
from registration.models.message_states import ERRORED, KINDS, OPEN, PENDING
from registration.services.messages.write import update_request

_ANSWERABLE = frozenset({OPEN, PENDING, ERRORED})


def answer_request(
    *,
    message: Message,
    status: str,
    description: str,
    related_type: str = "",
    related_uri: str = "",
    is_told: bool = True,
    by: User | str,
) -> list[Message]:
    """Set the status of a request and of all its repetitions; return the request_updates.

    Runs in the transaction of the decision. The first one answers `message`, unless that already
    has a final status. Without `is_told` no email is sent. Raises what `update_request` raises.
    """
    return [
        update_request(
            message=each,
            status=status,
            description=description,
            related_type=related_type,
            related_uri=related_uri,
            is_told=is_told,
            by=by,
        )
        for each in _asking_the_same(message)
        if each.status in _ANSWERABLE
    ]


def _asking_the_same(message: Message) -> Iterator[Message]:
    """Yield a request and, if the server repeated it with a new link, the newer and older ones.

    An expired link redirects to the newest one, so its Message can still be answered.
    """
    yield message
    # Requests that start open have such a link; a review is never repeated while it is pending.
    if OPEN not in KINDS[message.type].initial:
        return
    newer: Message | None = _repeated(message)
    while newer is not None:
        yield newer
        newer = _repeated(newer)
    older = message.previous
    while older is not None and older.type == message.type:
        yield older
        older = older.previous


def _repeated(request: Message) -> Message | None:
    newer = request.replies.filter(type=request.type, creator="").order_by("pk")
    found: Message | None = newer.last()
    return found
