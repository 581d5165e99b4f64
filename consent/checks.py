"""System checks of consent; ids are stable, each hint says what to change."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

_GATES = (
    "IMPLICIT_GRANT",
    "PASSWORD_GRANT",
    "PKCE_METHOD",
    "ACCESS_TOKEN_TRANSPORT",
    "AUTHZ_RESPONSE_ISS",
    "TOKEN_STORAGE",
    "REFRESH_TOKEN",
    "REDIRECT_URI_MATCHING",
    "REDIRECT_URI_SCHEME",
    "PKCE_REQUIRED",
)
_CLASSES = {
    "OAUTH2_VALIDATOR_CLASS": "consent.oauth.validator.CdsValidator",
    "OAUTH2_SERVER_CLASS": "consent.oauth.server.CdsServer",
    "OAUTH2_BACKEND_CLASS": "consent.oauth.backend.CdsBackend",
    "SCOPES_BACKEND_CLASS": "consent.oauth.scopes.OfferedScopes",
}
LONGEST_CODE_SECONDS = 600


def check_gates(**kwargs: Any) -> list[CheckMessage]:
    """consent.E001: the OAuth library runs with every RFC 9700 gate that we rely on."""
    names = [f"COMPLIANT_BCP_RFC9700_{gate}" for gate in _GATES]
    return [
        Error(
            f"OAUTH2_PROVIDER['{name}'] is not True.",
            hint="Tokens, codes and redirects are only safe with the strict behaviour.",
            id="consent.E001",
        )
        for name in names
        if settings.OAUTH2_PROVIDER.get(name) is not True
    ]


def check_classes(**kwargs: Any) -> list[CheckMessage]:
    """consent.E002: tokens are issued by our classes; the library's know no Grants."""
    return [
        Error(
            f"OAUTH2_PROVIDER['{name}'] must be {path}.",
            hint="Restore the value of portal/settings.py.",
            id="consent.E002",
        )
        for name, path in _CLASSES.items()
        if settings.OAUTH2_PROVIDER.get(name) != path
    ]


def check_codes(**kwargs: Any) -> list[CheckMessage]:
    """consent.E003: authorization codes die soon (RFC 6749 4.1.2)."""
    seconds = settings.OAUTH2_PROVIDER.get("AUTHORIZATION_CODE_EXPIRE_SECONDS", 0)
    if 0 < seconds <= LONGEST_CODE_SECONDS:
        return []
    return [
        Error(
            "AUTHORIZATION_CODE_EXPIRE_SECONDS must be between 1 and 600.",
            hint="Clients redeem a code at once; 60 seconds are plenty.",
            id="consent.E003",
        )
    ]


def register() -> None:
    """Add all checks."""
    for check in (check_gates, check_classes, check_codes):
        checks.register(check, checks.Tags.security)
