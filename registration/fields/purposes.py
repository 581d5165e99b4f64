"""Reads Purpose objects that a Client wrote (CDS-WG3-01 5.1, 8.3)."""

from collections.abc import Mapping
from typing import Any

from registration.errors import InvalidClientMetadata
from registration.validation.client_metadata import MAX_URL, check_text, is_web_url

MAX_PURPOSES = 50
MAX_NAME = 200
MAX_CONTENT = 5_000


def read_submitted(value: object) -> list[dict[str, Any]]:
    """Return the purposes of a registration request, before ids are assigned.

    Raises ValueError with the rule that is violated (CDS-WG3-01 5.1).
    """
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PURPOSES:
        raise ValueError(f"must be an array of 1 to {MAX_PURPOSES} purposes")
    return [_read_new(item) for item in value]


def _read_new(item: object) -> dict[str, Any]:
    words = read_words(item)
    if not isinstance(item, Mapping) or item.get("id") != "":
        raise ValueError('must have an empty "id" in each purpose: the server assigns it')
    if item.get("scopes_supported") != []:
        raise ValueError(
            'must have an empty array "scopes_supported" in each purpose: the server fills it'
        )
    return words


def read_words(item: object) -> dict[str, Any]:
    """Return the texts of one purpose: name, content, related_uri and related_name.

    Raises ValueError with the rule that is violated (CDS-WG3-01 8.3).
    """
    if not isinstance(item, Mapping):
        raise ValueError("must contain only objects")
    content = _text(item, "content", MAX_CONTENT, is_multiline=True)
    uri = item.get("related_uri")
    if uri is not None and not (isinstance(uri, str) and len(uri) <= MAX_URL and is_web_url(uri)):
        raise ValueError('must have an https URL or null as "related_uri" in each purpose')
    if uri is None and item.get("related_name") is None:
        link_name = None
    else:
        link_name = _text(item, "related_name", MAX_NAME)
    return {
        "name": _text(item, "name", MAX_NAME),
        "content": content,
        "related_uri": uri,
        "related_name": link_name,
    }


def _text(item: Mapping[str, Any], name: str, limit: int, *, is_multiline: bool = False) -> str:
    try:
        text = check_text(item.get(name), name, limit=limit, is_multiline=is_multiline)
    except InvalidClientMetadata as error:
        raise ValueError(f"violates a rule in a purpose: {error.message.rstrip('.')}") from error
    if not text.strip():
        raise ValueError(f'must not have a blank "{name}" in a purpose')
    return text
