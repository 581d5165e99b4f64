"""The request at hand, for logs and audit rows, without passing it through every service."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What of a request is worth keeping: its id and the address it came from."""

    request_id: str = ""
    address: str | None = None


# Shared on purpose: the value is immutable.
current: ContextVar[RequestContext] = ContextVar("current", default=RequestContext())  # noqa: B039
