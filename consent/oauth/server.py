"""The token endpoint: the three grant types that exist, made of the OAuth library's parts.

The library calls token modifiers with (token, handler, request), except for client credentials,
where it passes the token alone and so cannot say whose it is: that grant type is ours. Modifiers
are handed over when a server builds its own handlers; handlers of others are never touched.
"""

import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import grant_types, tokens
from oauthlib.oauth2.rfc6749.endpoints.token import TokenEndpoint
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from portal.crypto import new_secret

Answer = tuple[dict[str, str], str, int]


def add_cds_fields(token: dict[str, Any], handler: Any, request: Request) -> dict[str, Any]:
    """Add what the token opens: `authorization_details` and `cds_grant_ids` (decisions 18, 19)."""
    details = request.owner.details(request.scopes)
    if details:
        token["authorization_details"] = details
    token["cds_grant_ids"] = request.owner.grant_ids
    return token


def _new_token(request: Request) -> str:
    """Return 256 random bits; the library's own generator has fewer."""
    return new_secret()


class _InOneTransaction:
    """Answers in one transaction, so that of two uses of one code the second sees the first.

    Refusals are return values: what they write, such as the end of a stolen family, is kept.
    """

    def create_token_response(self, request: Request, token_handler: Any) -> Answer:
        """Return headers, JSON and status."""
        with transaction.atomic():
            answer: Answer = super().create_token_response(  # type: ignore[misc]
                request, token_handler
            )
        return answer


class CdsAuthorizationCodeGrant(_InOneTransaction, grant_types.AuthorizationCodeGrant):
    """Codes, each good for one use."""


class CdsRefreshTokenGrant(_InOneTransaction, grant_types.RefreshTokenGrant):
    """Refresh tokens, of which rotation makes one of two simultaneous uses the first."""


class CdsClientCredentialsGrant(grant_types.ClientCredentialsGrant):
    """Client credentials with modifiers that learn the request.

    Stores one row, after a Grant that the next request would reuse: no transaction around them.
    """

    def create_token_response(self, request: Request, token_handler: Any) -> Answer:
        """Return headers, JSON and status; no refresh token (RFC 6749 4.4.3)."""
        headers: dict[str, str] = self._get_default_headers()
        try:
            self.validate_token_request(request)
        except OAuth2Error as error:
            return {**headers, **error.headers}, error.json, error.status_code
        token = token_handler.create_token(request, refresh_token=False)
        token = add_cds_fields(token, token_handler, request)
        self.request_validator.save_token(token, request)
        return headers, json.dumps(token), 200


class CdsServer(TokenEndpoint):
    """Issues tokens; nothing else of the library's server is reachable."""

    def __init__(
        self,
        request_validator: Any,
        token_expires_in: int | Callable[[Request], int] | None = None,
        token_generator: Any = None,
        refresh_token_generator: Any = None,
        **kwargs: Any,
    ) -> None:
        self.request_validator = request_validator
        self.bearer = tokens.BearerToken(
            request_validator,
            token_generator or _new_token,
            request_validator.seconds_to_live,
            refresh_token_generator,
        )
        code = CdsAuthorizationCodeGrant(request_validator)
        refresh = CdsRefreshTokenGrant(request_validator)
        for handler in (code, refresh):
            handler.register_token_modifier(add_cds_fields)
        handlers = {
            "authorization_code": code,
            "refresh_token": refresh,
            "client_credentials": CdsClientCredentialsGrant(request_validator),
        }
        super().__init__("authorization_code", self.bearer, handlers)
