"""Parses the fields that describe a Client: names, contacts, links (RFC 7591 2, CDS-WG1-02 5.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from portal.branding import current_utility
from portal.http.echoes import counted, echo
from registration.errors import InvalidClientMetadata
from registration.validation.characters import hides
from registration.validation.names import mixes_alphabets, names, stacks_marks, vouches

MAX_NAME = 255
MAX_URL = 2000
MAX_CONTACT = 320
MAX_CONTACTS = 20
MAX_SCOPES = 200
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
URI_FIELDS = ("client_uri", "logo_uri", "tos_uri", "policy_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """The descriptive fields of a Client; empty means not provided."""

    client_name: str
    contacts: tuple[str, ...]
    client_uri: str
    logo_uri: str
    tos_uri: str
    policy_uri: str


def read_client_metadata(payload: Mapping[str, Any]) -> ClientMetadata:
    """Check the descriptive fields; null and absent mean not provided (RFC 7592 2.2).

    Raises InvalidClientMetadata naming the field.
    """
    return ClientMetadata(
        client_name=_read_name(payload),
        contacts=_read_contacts(payload),
        **{name: _read_link(payload, name) for name in URI_FIELDS},
    )


def require_object(payload: object) -> Mapping[str, Any]:
    """Return the request body when it is a JSON object. Raises InvalidClientMetadata."""
    if not isinstance(payload, dict):
        raise InvalidClientMetadata("The request body must be a JSON object.")
    return payload


def read_text(payload: Mapping[str, Any], name: str, *, limit: int) -> str:
    """Return a stripped string of at most `limit` characters, "" when absent or null."""
    value = payload.get(name)
    if value is None:
        return ""
    return check_text(value, name, limit=limit)


def read_strings(payload: Mapping[str, Any], name: str, *, limit: int, most: int) -> list[str]:
    """Return an array of non-empty strings without repetitions, [] when absent or null."""
    value = payload.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidClientMetadata(f"{name} must be an array of strings.", field=name)
    if len(value) > most:
        raise InvalidClientMetadata(
            f"{name} can have at most {counted(most, 'value')}, not {len(value)}.", field=name
        )
    items = [check_text(item, name, limit=limit, is_item=True) for item in value]
    if not all(items):
        raise InvalidClientMetadata(f"{name} must not contain empty strings.", field=name)
    return list(dict.fromkeys(items))


def read_scopes(payload: Mapping[str, Any], name: str) -> list[str] | None:
    """Return the ids of a space-separated scope string in order, None when absent or null."""
    value = payload.get(name)
    if value is None:
        return None
    text = check_text(value, name, limit=MAX_SCOPES * 101)
    scopes = list(dict.fromkeys(text.split()))
    if len(scopes) > MAX_SCOPES:
        raise InvalidClientMetadata(
            f"{name} can have at most {MAX_SCOPES} scopes, not {len(scopes)}.", field=name
        )
    return scopes


def split_url(text: str) -> SplitResult | None:
    """Return the parts of a URL of printable ASCII with a readable host and port, else None."""
    if not text.isascii() or any(char <= " " or char in '\x7f"<>\\^`{|}' for char in text):
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def check_text(
    value: object, name: str, *, limit: int, is_multiline: bool = False, is_item: bool = False
) -> str:
    """Return a stripped string of at most `limit` characters without deceptive ones.

    Raises InvalidClientMetadata naming the field for other types, control characters (line breaks
    and tabs are fine with `is_multiline`) and marks that change the reading direction. `is_item`
    means that the text is one item of a list in the field.
    """
    what = f"each item of {name}" if is_item else name
    if not isinstance(value, str):
        raise InvalidClientMetadata(f"{what} must be a string.", field=name)
    if hides(value, is_multiline=is_multiline):
        raise InvalidClientMetadata(
            f"{what} must not contain control or invisible characters.", field=name
        )
    if len(value) > limit:
        raise InvalidClientMetadata(
            f"{what} must have at most {counted(limit, 'character')}, not {len(value)}: "
            f"{echo(value)}.",
            field=name,
        )
    return value.strip()


def _read_name(payload: Mapping[str, Any]) -> str:
    """Customers rely on this name, so it must not imitate another one."""
    name = read_text(payload, "client_name", limit=MAX_NAME)
    rule = _broken_rule(name) if name else ""
    if rule:
        raise InvalidClientMetadata(f"client_name must {rule}.", field="client_name")
    return name


def _broken_rule(name: str) -> str:
    utility = current_utility()
    if not any(char.isalnum() for char in name):
        return "contain letters or digits"
    if any(mixes_alphabets(word) for word in name.split()):
        return "not mix alphabets within a word"
    if stacks_marks(name):
        return "not begin with an accent or stack accents"
    if vouches(name):
        return "not claim that anything is confirmed, or contain a check mark or lock"
    if names(name, utility.name) or names(name, utility.abbreviation):
        return f"not contain the name of {utility.name}, or a name that looks like it"
    return ""


def _read_contacts(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """RFC 7591 2: ways to reach the people responsible, typically email addresses."""
    return tuple(read_strings(payload, "contacts", limit=MAX_CONTACT, most=MAX_CONTACTS))


def _read_link(payload: Mapping[str, Any], name: str) -> str:
    """Links are shown to customers: https only; a demo can link to the developer's machine."""
    text = read_text(payload, name, limit=MAX_URL)
    if not text:
        return ""
    if is_web_url(text):
        return text
    raise InvalidClientMetadata(
        f"{name} must be an https URL with a host and without a user name.", field=name
    )


def is_web_url(text: str) -> bool:
    """Whether people can be sent to this URL: https with a host and no user name.

    A demo can also link to http on the developer's own machine.
    """
    parts = split_url(text)
    if parts is None or not parts.hostname or "@" in parts.netloc:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and settings.DEMO and parts.hostname in LOOPBACK_HOSTS
