"""Telling a party about its own tokens (RFC 7662)."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from consent.models import AccessToken, RefreshToken
from consent.services import tokens
from registration.models import Client

INACTIVE: dict[str, Any] = {"active": False}


def introspect(*, raw: str, client: Client) -> dict[str, Any]:
    """Return what a token is good for; of other parties' tokens nothing, as if there were none."""
    token = tokens.find_access_token(raw, asked_by=client) or tokens.find_refresh_token(raw)
    if token is None or token.application.registration_id != client.registration_id:
        return INACTIVE
    if not tokens.is_alive(token, now=timezone.now()):
        return INACTIVE
    return _access(token) if isinstance(token, AccessToken) else _refresh(token)


def _common(token: AccessToken | RefreshToken, scope_ids: list[str]) -> dict[str, Any]:
    return {
        "active": True,
        "scope": " ".join(scope_ids),
        "client_id": token.application.client_id,
        "iat": int(token.created.timestamp()),
        "iss": settings.BASE_URL,
    }


def _access(token: AccessToken) -> dict[str, Any]:
    grant = token.admin_grant or token.cds_grant
    scope_ids = [scope for scope in token.scope.split() if scope in grant.open_scope_ids]
    details = [entry for entry in token.authorization_details if entry["type"] in scope_ids]
    return {
        **_common(token, scope_ids),
        "token_type": "Bearer",
        "exp": int(token.expires.timestamp()),
        "cds_grant_ids": [grant.grant_id],
        **({"authorization_details": details} if details else {}),
    }


def _refresh(token: RefreshToken) -> dict[str, Any]:
    grant = token.cds_grant
    scope_ids = [scope for scope in token.scope.split() if scope in grant.open_scope_ids]
    details = [entry for entry in grant.authorization_details if entry["type"] in scope_ids]
    return {
        **_common(token, scope_ids),
        "cds_grant_ids": [grant.grant_id],
        "authorization_details": details,
        **({"exp": int(grant.expires.timestamp())} if grant.expires else {}),
    }
