"""Which redirect URIs a Client can register and use (RFC 6749 3.1.2, RFC 8252 7, RFC 9700 2.1)."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from portal.http.hosts import is_ours
from registration.errors import InvalidRedirectUri
from registration.validation.client_metadata import LOOPBACK_HOSTS, MAX_URL, split_url

MAX_REDIRECT_URIS = 50
FIELD = "redirect_uris"

# RFC 8252 7.1: a private scheme is a reversed domain name, so it contains a dot.
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
# Servers disagree about encoded slashes; whatever any of them could treat as a slash counts.
_SLASHES = re.compile(r"/|%2f|%5c")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})


def read_redirect_uris(
    value: object, *, default: str, is_public: bool, is_sandbox: bool
) -> list[str]:
    """Check a submitted list; an empty one means only the default (CDS-WG1-02 4.2, 5.5).

    `default` is the Client's own receipt redirect, always allowed. Raises InvalidRedirectUri naming
    the value and the rule.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidRedirectUri("redirect_uris must be an array of strings.", field=FIELD)
    if not value:
        return [default]
    if len(value) > MAX_REDIRECT_URIS:
        raise InvalidRedirectUri(
            f"redirect_uris can have at most {MAX_REDIRECT_URIS} values.", field=FIELD
        )
    uris = list(dict.fromkeys(value))
    for uri in uris:
        if uri != default:
            _check(uri, is_public=is_public, is_sandbox=is_sandbox)
    return uris


def _check(uri: str, *, is_public: bool, is_sandbox: bool) -> None:
    parts = split_url(uri) if len(uri) <= MAX_URL else None
    if parts is None:
        raise _refused(
            uri,
            f"must be a URI of at most {MAX_URL} printable ASCII characters; percent-encode others",
        )
    if "#" in uri:
        raise _refused(uri, "must not have a fragment")
    if "*" in uri:
        raise _refused(uri, "must not have a wildcard")
    if any(part in {".", ".."} for part in _SLASHES.split(parts.path.lower().replace("%2e", "."))):
        raise _refused(uri, "must not have the path segments . or ..")
    if parts.scheme in {"https", "http"}:
        _check_web(uri, parts, loopback_allowed=is_public or is_sandbox)
    elif not (is_public and _PRIVATE_SCHEME.fullmatch(parts.scheme)):
        allowed = "https" if not is_public else "https or a private scheme such as com.example.app:"
        raise _refused(uri, f"must start with {allowed}")


def _check_web(uri: str, parts: SplitResult, *, loopback_allowed: bool) -> None:
    if not parts.hostname or parts.hostname.endswith(".") or "@" in parts.netloc:
        raise _refused(uri, "must have a host without a dot at the end, and no user name")
    if _is_this_server(parts):
        raise _refused(uri, "must not point to this server")
    if parts.scheme == "https":
        return
    if parts.hostname not in LOOPBACK_HOSTS:
        raise _refused(uri, "must start with https")
    if not loopback_allowed:
        raise _refused(
            uri, "can use http on a loopback host only in the sandbox or as a public client"
        )


def _is_this_server(parts: SplitResult) -> bool:
    """Every port of this server's host names counts, except on a developer's machine."""
    if parts.hostname in LOOPBACK_HOSTS:
        return _server_of(parts) == _server_of(urlsplit(settings.BASE_URL))
    return is_ours(parts.hostname or "")


def _server_of(parts: SplitResult) -> tuple[str | None, int | None]:
    """Return host and port; http and https of one host count as one server."""
    port = parts.port if parts.port != _DEFAULT_PORTS[parts.scheme] else None
    return parts.hostname, port


def _refused(uri: str, rule: str) -> InvalidRedirectUri:
    # The value may contain half a surrogate pair, which a response cannot be encoded with.
    shown = uri[:200].encode("ascii", "backslashreplace").decode()
    return InvalidRedirectUri(f'redirect_uris: "{shown}" {rule}.', field=FIELD)


def is_registered(uri: str, registered: Sequence[str]) -> bool:
    """Tell whether a requested redirect URI is a registered one (RFC 9700 2.1: exact match).

    Only the port of a loopback address can differ, because apps cannot choose it (RFC 8252 7.3).
    """
    if uri in registered:
        return True
    wanted = _without_port(uri)
    return wanted is not None and any(wanted == _without_port(other) for other in registered)


def _without_port(uri: str) -> tuple[str, ...] | None:
    parts = split_url(uri)
    if parts is None or parts.scheme != "http" or "@" in parts.netloc:
        return None
    host = parts.hostname or ""
    if host not in _LOOPBACK_ADDRESSES:
        return None
    return (host, parts.path, parts.query, parts.fragment)
