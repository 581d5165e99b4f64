"""The rules of each type of Message: who creates it, its statuses, and their transitions.

The only table of CDS-WG1-02 6.2 and 6.3; model constraints and services both use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

OPEN: Final = "open"
PENDING: Final = "pending"
COMPLETE: Final = "complete"
REJECTED: Final = "rejected"
ERRORED: Final = "errored"
STATUSES: Final = frozenset({OPEN, PENDING, COMPLETE, REJECTED, ERRORED})
OUTSTANDING: Final = frozenset({OPEN, PENDING})

SERVER: Final = "server"
CLIENT: Final = "client"

_END: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class MessageKind:
    """The rules of one type. `related_type` is what its link always leads to, "" if it varies."""

    creators: frozenset[str]
    initial: frozenset[str]
    transitions: Mapping[str, frozenset[str]]
    is_answered_by_update: bool = False
    related_type: str = ""
    client_status: str = ""

    @property
    def statuses(self) -> frozenset[str]:
        """Every status that a Message of this type can have."""
        return frozenset(self.transitions)


def _server_asks(related_type: str = "") -> MessageKind:
    """Something the third party has to do. A server error can be corrected, a decision is final."""
    return MessageKind(
        creators=frozenset({SERVER}),
        initial=frozenset({OPEN}),
        transitions={
            OPEN: frozenset({PENDING, COMPLETE, REJECTED, ERRORED}),
            PENDING: frozenset({OPEN, COMPLETE, REJECTED, ERRORED}),
            ERRORED: frozenset({OPEN, PENDING, COMPLETE, REJECTED}),
            COMPLETE: _END,
            REJECTED: _END,
        },
        is_answered_by_update=True,
        related_type=related_type,
    )


def _always_complete(*creators: str, is_answered_by_update: bool = False) -> MessageKind:
    return MessageKind(
        creators=frozenset(creators),
        initial=frozenset({COMPLETE}),
        transitions={COMPLETE: _END},
        is_answered_by_update=is_answered_by_update,
        client_status=COMPLETE if CLIENT in creators else "",
    )


def _review(*creators: str, ends: frozenset[str], related_type: str = "") -> MessageKind:
    return MessageKind(
        creators=frozenset(creators),
        initial=frozenset({PENDING}),
        transitions={PENDING: ends} | dict.fromkeys(ends, _END),
        is_answered_by_update=True,
        related_type=related_type,
        client_status=PENDING if CLIENT in creators else "",
    )


KINDS: Final[Mapping[str, MessageKind]] = {
    "notification": _always_complete(SERVER),
    "private_message": _always_complete(SERVER, CLIENT),
    # Servers can open one too, for internal_review (decision 31).
    "production_request": _review(
        CLIENT, SERVER, ends=frozenset({COMPLETE, REJECTED}), related_type="client"
    ),
    # Neither rejected nor errored (decision 31).
    "support_request": _review(CLIENT, ends=frozenset({COMPLETE})),
    "grant_request": _review(CLIENT, ends=frozenset({COMPLETE, REJECTED}), related_type="client"),
    # Created by the Server for a PUT of a Client or a PATCH of a Grant, which it links to; updates
    # answer it like the others (decision 30).
    "field_changes": _review(SERVER, ends=frozenset({COMPLETE, REJECTED, ERRORED})),
    "server_request": _server_asks(),
    "client_submission": _always_complete(CLIENT, is_answered_by_update=True),
    "payment_request": _server_asks("payment_form"),
    "online_form_request": _server_asks("online_form"),
    "pdf_form_request": _server_asks("pdf_form"),
    # Has the new status of the Message that it answers (6.2).
    "request_update": MessageKind(
        creators=frozenset({SERVER}),
        initial=STATUSES,
        transitions=dict.fromkeys(STATUSES, _END),
    ),
}

CLIENT_TYPES: Final = frozenset(name for name, kind in KINDS.items() if CLIENT in kind.creators)


def may_become(message_type: str, old: str, new: str) -> bool:
    """Whether an update can set this status; repeating a status is only information (6.2).

    Messages in a final status accept no more updates, except those that are created complete.
    """
    kind = KINDS[message_type]
    if not kind.is_answered_by_update or old not in kind.transitions:
        return False
    if new == old:
        return bool(kind.transitions[old]) or kind.initial == frozenset({old})
    return new in kind.transitions[old]
