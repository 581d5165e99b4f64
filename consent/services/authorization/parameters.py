"""Reading the parameters of OAuth requests, whatever a client sends them as.

The specifications want form-encoded bodies; clients also send JSON, wrong Content-Types or none.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from consent.catalogue.details import InvalidAuthorizationDetails
from portal.errors import DomainError
from portal.values.jsontext import UNSTORABLE, is_storable

MAX_PARAMETERS = 100
MAX_LENGTH = 4_000
# Rich authorization requests with long lists of contract numbers are legitimate.
MAX_DETAILS_LENGTH = 200_000
# RFC 8707 lets `resource` repeat; we do not use it, so it is no reason to refuse a request.
_MAY_REPEAT = frozenset({"resource"})
_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\n\r]*")


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
        return list(_members(text))
    except (ValueError, IndexError, RecursionError):
        raise MalformedRequest("The request body is not valid JSON.") from None


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a JSON object holds, one after another, so that it can be given up on the way.

    Names that came twice show. A value that is no string stays the text that it is.
    """
    at, count = _after("{", text, 0), 0
    while text[at] != "}":
        _check_count(count := count + 1)
        if count > 1:
            at = _after(",", text, at)
        name, at = _DECODER.raw_decode(text, at)
        if not isinstance(name, str):
            raise ValueError(name)
        start = _after(":", text, _after("", text, at))
        value, end = _DECODER.raw_decode(text, start)
        if value is not None:
            yield name, value if isinstance(value, str) else text[start:end]
        at = _after("", text, end)
    if text[at + 1 :]:
        raise ValueError(at)


def _after(mark: str, text: str, at: int) -> int:
    """Return where the next word begins behind a mark that must stand at this place."""
    if not text.startswith(mark, at):
        raise ValueError(at)
    found = _BLANK.match(text, at + len(mark))
    return found.end() if found else at


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
