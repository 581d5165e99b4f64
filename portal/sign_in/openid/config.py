"""The OpenID Connect providers for sign-in, and what `OIDC_PROVIDERS` can contain.

Read by the settings, so nothing here requires Django's apps.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

REQUIRED = ("id", "name", "server_url", "client_id", "client_secret")
TEXTS = ("customer_claim", "accounts_claim")
FLAGS = ("match_email", "test_customers")
SCOPES = ("openid", "profile", "email")

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class NamedProvider:
    """A provider as it is shown on pages."""

    id: str
    name: str


def apps_of(entries: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the providers in allauth's format; entries with problems offer no sign-in."""
    return [_app(entry) for entry in entries if not problems_of(entry)]


def _app(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "provider_id": entry["id"],
        "name": entry["name"],
        "client_id": entry["client_id"],
        "secret": entry["client_secret"],
        "settings": {
            "server_url": entry["server_url"],
            "scope": [*SCOPES, *(each for each in entry.get("scopes", []) if each not in SCOPES)],
            "email_authentication": entry.get("match_email", False),
            "customer_claim": entry.get("customer_claim", ""),
            "accounts_claim": entry.get("accounts_claim", ""),
            "test_customers": entry.get("test_customers", False),
        },
    }


def problems_of(entry: Any) -> list[str]:
    """Return what is wrong with the format of an entry, as sentences without its values."""
    if not isinstance(entry, dict):
        return ["is not an object"]
    problems = [
        f"needs {name}, a string"
        for name in REQUIRED
        if not isinstance(entry.get(name), str) or not entry[name].strip()
    ]
    problems += [
        f"{name} must be a string" for name in TEXTS if not isinstance(entry.get(name, ""), str)
    ]
    problems += [
        f"{name} must be true or false"
        for name in FLAGS
        if not isinstance(entry.get(name, False), bool)
    ]
    scopes = entry.get("scopes", [])
    if not isinstance(scopes, list) or not all(isinstance(each, str) for each in scopes):
        problems.append("scopes must be a list of strings")
    known = {*REQUIRED, *TEXTS, *FLAGS, "scopes"}
    problems += [f"has the unknown key {name}" for name in sorted(set(entry) - known)]
    if not problems:
        problems += _limits(entry)
    return problems


def _limits(entry: Mapping[str, str]) -> list[str]:
    problems = []
    if not _ID.fullmatch(entry["id"]):
        problems.append("id can have lowercase letters, digits and hyphens, at most 40")
    if len(entry["name"]) > 40:
        problems.append("name can have at most 40 characters")
    if not is_issuer(entry["server_url"]):
        problems.append("server_url must be the provider's issuer: no query, no fragment, no user")
    return problems


def is_issuer(url: str) -> bool:
    """Whether a URL has the form of an issuer (OpenID Connect Discovery 1.0, 4.3)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme in {"https", "http"} and bool(host) and plain


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def may_be_spoken_to(url: str) -> bool:
    """Whether secrets can be sent to a URL: https, or this machine itself in the demo."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and settings.DEMO and is_loopback(parts.hostname or "")


def apps() -> list[dict[str, Any]]:
    """Return the configured providers in allauth's format."""
    configured: list[dict[str, Any]] = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    return configured


def named_providers() -> list[NamedProvider]:
    """Return the providers for sign-in, in the configured order."""
    return [NamedProvider(app["provider_id"], app["name"]) for app in apps()]
