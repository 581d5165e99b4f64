"""The token endpoint: codes and refresh tokens, made of the OAuth library's parts.

Client credentials do not come here (`consent.oauth.client_credentials`). Token modifiers are handed
over when a server builds its own handlers; handlers of others are never touched.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import grant_types, tokens
from oauthlib.oauth2.rfc6749.endpoints.token import TokenEndpoint

from portal.crypto import new_secret

Answer = tuple[dict[str, str], str, int]


def add_cds_fields(token: dict[str, Any], handler: Any, request: Request) -> dict[str, Any]:
    """Add what the token opens: `authorization_details` and `cds_grant_ids` (decisions 18, 19)."""
    token.update(request.owner.published(request.scopes))
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
        }
        super().__init__("authorization_code", self.bearer, handlers)
