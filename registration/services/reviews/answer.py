"""Answers to requests, whoever decides and by whichever way (CDS-WG1-02 6.2, 6.3).

Staff decide about a Message or about the step of onboarding behind it; forms and payments decide
some steps without staff. All of them answer here.
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
    """Give a request its new status, and all that ask for the same; return the request_updates.

    Runs in the transaction of the decision. The first one answers `message`, unless that has ended
    already. Without `is_told` no mail goes out. Raises what `update_request` raises.
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
    """Yield a request, and where the server repeated it with a new link, the newer and older ones.

    A link that has expired leads on to the newest one, so its Message may still be answered.
    """
    yield message
    # Requests that start open carry such a link; a review is never repeated while it waits.
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
