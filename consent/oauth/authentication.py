"""Bearer tokens on the APIs (RFC 6750)."""

from dataclasses import dataclass

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from consent.models import AccessToken, Grant
from consent.services import tokens
from registration.models import Client, Registration


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls an API: a Client with a token that opens `grant`.

    `client` obtained the token. For tokens of Grant Admin Clients `grant` belongs to another Client
    of the same registration. `scopes` are the scope ids that the token opens now.
    """

    client: Client
    registration: Registration
    scopes: frozenset[str]
    grant: Grant
    token: AccessToken

    @property
    def is_authenticated(self) -> bool:
        """Always true: without a living token there is no principal."""
        return True

    @property
    def pk(self) -> str:
        """By whom requests are counted."""
        return self.client.client_id


class BearerAuthentication(BaseAuthentication):
    """Takes tokens from the Authorization header and nowhere else (RFC 9700 4.3.2).

    One query loads the token with all that its life depends on. A dead token is 401, whatever
    killed it.
    """

    def authenticate(self, request: Request) -> tuple[Principal, AccessToken] | None:
        """Return the principal and the token, None without a bearer token."""
        scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = tokens.find_access_token(raw.strip())
        if token is None or not tokens.is_alive(token, now=timezone.now()):
            raise AuthenticationFailed("The access token is unknown, expired or revoked.")
        principal = Principal(
            client=token.application,
            registration=token.application.registration,
            scopes=tokens.open_scopes(token),
            grant=token.cds_grant,
            token=token,
        )
        return principal, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge; without it the framework would answer 403."""
        return 'Bearer realm="api"'
