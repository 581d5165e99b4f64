"""Errors with a stable code, an HTTP status and a message for the reader."""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """A rule was broken. Subclasses are next to the service that raises them.

    `message` names what was received, what is allowed and the field it is about.
    `extra` is added to the JSON body (for example `error_uri`).
    """

    code: str = "invalid_request"
    status: int = 400

    def __init__(
        self, message: str, *, field: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.extra = dict(extra or {})

    def as_dict(self) -> dict[str, Any]:
        """Return the body that APIs answer: the shape of RFC 6749 5.2 and RFC 7591 3.2.2."""
        body: dict[str, Any] = {"error": self.code, "error_description": self.message}
        if self.field:
            body["field"] = self.field
        return body | self.extra


class FrameworkError(DomainError):
    """An error of the web framework, in the shape of our own errors."""

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class NotFound(DomainError):
    """The object does not exist, or belongs to another party; both look the same on purpose."""

    code = "not_found"
    status = 404
