"""The client credentials grant (RFC 6749 4.4): tokens of administrative Clients (CDS-WG1-02 3.3).

Without the OAuth library, whose handler of this grant type cannot say whose token it makes.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from consent.oauth.admin_access import open_admin_access
from consent.oauth.callers import Caller
from consent.services import tokens
from consent.services.authorization.parameters import Parameters, parse_details
from consent.services.tokens import TokenOwner
from portal.crypto import new_secret
from portal.errors import DomainError

GRANT_TYPE = "client_credentials"


class UnauthorizedClient(DomainError):
    """The Client may not use this grant type (RFC 6749 5.2)."""

    code = "unauthorized_client"


def issue(*, caller: Caller, parameters: Parameters) -> dict[str, Any]:
    """Store a token and return the answer; never a refresh token (RFC 6749 4.4.3).

    Raises UnauthorizedClient, InvalidScope and InvalidAuthorizationDetails. Stores one row, after a
    Grant that the next request would reuse: no transaction around them.
    """
    client = caller.client
    if caller.credential is None or GRANT_TYPE not in client.grant_types:
        raise UnauthorizedClient(f"This Client may not use {GRANT_TYPE}.", field="grant_type")
    details = parse_details(parameters.get("authorization_details"))
    asked = (parameters.get("scope") or "").split()
    if not asked and details is None:
        asked = client.default_scope.split() or client.scopes
    access = open_admin_access(client=client, scope_ids=asked, details=details)
    owner = TokenOwner(
        client=client,
        credential=caller.credential,
        grant=access.target or access.grant,
        admin_grant=access.grant if access.target else None,
        is_new=access.is_new,
    )
    scope_ids = access.grant.scope_ids
    seconds, raw = tokens.seconds_to_live(owner.grant), new_secret()
    expires = timezone.now() + timedelta(seconds=seconds)
    tokens.store_access_token(owner=owner, raw=raw, scope_ids=scope_ids, expires=expires)
    return {
        "access_token": raw,
        "expires_in": seconds,
        "token_type": "Bearer",
        "scope": " ".join(scope_ids),
        **owner.published(scope_ids),
    }
