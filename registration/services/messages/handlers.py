"""What happens when staff decide a Message, registered by type of Message.

Handlers are registered from `AppConfig.ready()`: services of Clients handle their field changes,
onboarding handles production requests, and consent handles grant requests and the field changes of
Grants.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from portal.models import User
from portal.registries import Registry
from registration.models import Message

Actor: TypeAlias = User | str
Options: TypeAlias = Mapping[str, Any]


# Marks facts of a Case that cannot change while its Message waits, so the version omits them.
STAYS: Final[Mapping[str, bool]] = MappingProxyType({"stays": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One entry of `updates_requested` (CDS-WG1-02 6.5): a question, or old and new value."""

    field: str
    name: str = ""
    description: str = ""
    uri: str = ""
    previous_value: Any = None
    new_value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What distinguishes one stored file from another; `size` in bytes."""

    file_id: str
    field: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What staff decide; handlers add the facts of their type in a subclass.

    Facts can change while the Message waits, unless they are marked with STAYS, so an approval
    names the version that was seen. `submissions` are the ids of the Messages that answered the
    request.
    """

    updates: tuple[Update, ...] = field(default=(), metadata=STAYS)
    files: tuple[FileFacts, ...] = ()
    submissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Text and link of the request_update that completes a request (decision 29)."""

    description: str = ""
    related_type: str = ""
    related_uri: str = ""


def _check_nothing(request: Message) -> None:
    """Accept every request."""


def _nothing_more(request: Message) -> Case:
    """The Message itself contains everything that the decision is about."""
    return Case()


def _nothing_to_do(request: Message, reason: str, by: Actor) -> None:
    """Do nothing: a rejection alone has no effects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHandler:
    """The effects of one type of request; all run inside the transaction of the decision.

    `approve` gets the locked Message, the options of the decision (explained for staff in
    `option_help`) and the actor. `check` validates a request of a Client before it is stored. They
    raise DomainErrors, which undo everything. `case` collects what staff have to see before they
    decide.
    """

    approve: Callable[[Message, Options, Actor], Outcome]
    reject: Callable[[Message, str, Actor], None] = _nothing_to_do
    check: Callable[[Message], None] = _check_nothing
    case: Callable[[Message], Case] = _nothing_more
    option_help: str = ""


def _just_complete(request: Message, options: Options, by: Actor) -> Outcome:
    return Outcome()


_DEFAULT = RequestHandler(approve=_just_complete)

request_handlers: Registry[RequestHandler] = Registry("handlers of requests")

SubmissionListener: TypeAlias = Callable[[Message, Message], None]
"""Called with the locked request and the client_submission that answers it (6.9)."""

submission_listeners: Registry[SubmissionListener] = Registry("listeners to submissions")


def handler_of(message_type: str, related_type: str = "") -> RequestHandler:
    """Return the handler of a type; types without effects are only completed or rejected.

    A handler registered as "TYPE:RELATED_TYPE" takes precedence: field changes concern Clients or
    Grants.
    """
    return (
        request_handlers.get(f"{message_type}:{related_type}")
        or request_handlers.get(message_type)
        or _DEFAULT
    )
