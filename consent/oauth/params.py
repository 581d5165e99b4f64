"""Reading the parameters of OAuth requests, whatever a client sends them as.

The specifications want form-encoded bodies; clients also send JSON, wrong Content-Types or none.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from consent.catalogue.details import InvalidAuthorizationDetails
from portal.errors import DomainError
from portal.jsontext import UNSTORABLE, is_storable

MAX_PARAMETERS = 100
MAX_LENGTH = 4_000
# Rich authorization requests with long lists of contract numbers are legitimate.
MAX_DETAILS_LENGTH = 200_000
# RFC 8707 lets `resource` repeat; we do not use it, so it is no reason to refuse a request.
_MAY_REPEAT = frozenset({"resource"})


class MalformedRequest(DomainError):
    """The parameters of a request cannot be read (RFC 6749 3.1 and 5.2)."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters with a value; `repeated` names those that came more than once.

    A parameter without a value counts as absent (RFC 6749 3.1).
    """

    values: Mapping[str, str]
    repeated: frozenset[str] = frozenset()

    def get(self, name: str) -> str | None:
        """Return a value, None when absent."""
        return self.values.get(name)

    def refuse_repeated(self) -> None:
        """Raise MalformedRequest when any parameter came twice."""
        if self.repeated:
            name = min(self.repeated)
            raise MalformedRequest(f"The parameter {name} was sent more than once.", field=name)


def collect(pairs: Sequence[tuple[str, str]]) -> Parameters:
    """Return the parameters of name and value pairs; raises MalformedRequest."""
    _check_count(len(pairs))
    values: dict[str, str] = {}
    repeated: set[str] = set()
    for name, value in pairs:
        if not value.strip():
            continue
        _check_value(name, value)
        if name in values and name not in _MAY_REPEAT:
            repeated.add(name)
        values.setdefault(name, value)
    return Parameters(values, frozenset(repeated))


def _check_count(count: int) -> None:
    """Names are counted before any value is converted: that is what costs time."""
    if count > MAX_PARAMETERS:
        raise MalformedRequest(f"A request has at most {MAX_PARAMETERS} parameters.")


def _check_value(name: str, value: str) -> None:
    limit = MAX_DETAILS_LENGTH if name == "authorization_details" else MAX_LENGTH
    if len(value) > limit:
        raise MalformedRequest(f"{name[:100]} is longer than {limit} characters.")
    if UNSTORABLE.search(value) or UNSTORABLE.search(name):
        raise MalformedRequest("A parameter contains a character that no value has.")


def query_parameters(request: HttpRequest) -> Parameters:
    """Return the parameters of the URL; raises MalformedRequest."""
    # WSGI hands bytes over as Latin-1 (PEP 3333).
    query = request.META.get("QUERY_STRING", "").encode("latin-1")
    return collect(_form_pairs(query.decode("utf-8", "replace")))


def body_parameters(request: HttpRequest) -> Parameters:
    """Return the parameters of the body, read by what it looks like; raises MalformedRequest."""
    return collect(_body_pairs(request))


def _body_pairs(request: HttpRequest) -> list[tuple[str, str]]:
    try:
        body = request.body
    except RequestDataTooBig:
        raise MalformedRequest("The request body is larger than this server accepts.") from None
    if (request.content_type or "").startswith("multipart/"):
        boundary = (request.content_params or {}).get("boundary", "")
        # One stands before each part, and one behind the last.
        _check_count(body.count(f"--{boundary}".encode("latin-1", "replace")) - 1)
        return [(name, value) for name, all_ in request.POST.lists() for value in all_]
    try:
        text = body.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise MalformedRequest("The request body is not UTF-8 text.") from None
    return _json_pairs(text) if text.startswith("{") else _form_pairs(text)


def _form_pairs(text: str) -> list[tuple[str, str]]:
    _check_count(text.count("&") + 1)
    return parse_qsl(text, keep_blank_values=True)


def _json_pairs(text: str) -> list[tuple[str, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
        _check_count(len(pairs))
        return [(name, _as_text(value)) for name, value in pairs if value is not None]
    except (ValueError, RecursionError):
        raise MalformedRequest("The request body is not valid JSON.") from None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object that still shows which names came twice."""


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {name: _plain(item) for name, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_plain(value))


def parse_details(text: str | None) -> list[dict[str, Any]] | None:
    """Return the entries of an `authorization_details` parameter (RFC 9396 2), None when absent.

    Raises InvalidAuthorizationDetails when it is no JSON array.
    """
    if text is None:
        return None
    try:
        details = json.loads(text)
        readable = is_storable(details)
    except (ValueError, RecursionError):
        readable = False
    if not readable:
        raise InvalidAuthorizationDetails("is not readable JSON", field="authorization_details")
    if not isinstance(details, list):
        raise InvalidAuthorizationDetails("must be a JSON array", field="authorization_details")
    return details
