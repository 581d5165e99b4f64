"""What the OAuth library asks us while it issues tokens.

Only the token endpoint runs through it: authorization requests are validated in
`consent.services.authorization.request`, revocation and introspection in `consent.services.tokens`.
`request.owner` (a TokenOwner) is set by the check that proves who the token is for.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from consent.models import AuthorizationCode, Grant, RefreshToken
from consent.models.token import CODE_PURPOSE
from consent.oauth.callers import identify
from consent.oauth.errors import GrantRefused, Refused
from consent.services import tokens
from consent.services.authorization import request as requests
from consent.services.tokens import TokenOwner
from portal.crypto import digest
from portal.errors import DomainError
from portal.http.context import current
from registration.models import Client


class CdsValidator(OAuth2Validator):
    """Clients, codes, refresh tokens and what is stored of them."""

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Always ours: `authenticate_client` knows public clients too."""
        return True

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Identify the caller; raises Refused."""
        try:
            caller = identify(
                authorization=request.headers.get("Authorization", ""),
                params=dict(request.decoded_body or []),
                address=current.get().network,
            )
        except DomainError as error:
            raise Refused(error) from error
        request.client, request.credential = caller.client, caller.credential
        request.client_id = caller.client.client_id
        return True

    def validate_grant_type(
        self,
        client_id: str,
        grant_type: str,
        client: Client,
        request: Request,
        *args: Any,
        **kw: Any,
    ) -> bool:
        """Only what the Client registered."""
        return grant_type in client.grant_types

    def seconds_to_live(self, request: Request) -> int:
        """Return the lifetime of an access token."""
        return tokens.seconds_to_live(request.owner.grant)

    # --- authorization_code -----------------------------------------------------------------------

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Lock the code and check it; a second use ends what the first issued (RFC 6749 4.1.2)."""
        rows = AuthorizationCode.objects.select_related("cds_grant__client", "request", "user")
        row = (
            rows.select_for_update(of=("self",))
            .filter(code=digest(code, purpose=CODE_PURPOSE), application=client)
            .first()
        )
        if row is None:
            raise GrantRefused("The code is unknown, or belongs to another client.")
        if row.redeemed is not None:
            by = f"client:{client.client_id}"
            tokens.kill_family(family=row.token_family, client=client, reason="code reuse", by=by)
            raise GrantRefused("The code was used before; the tokens it issued are revoked.")
        now = timezone.now()
        if row.expires <= now:
            raise GrantRefused("The code has expired.")
        self._check_grant(row.cds_grant, row, client)
        self._check_redirect_uri(row, request)
        if not row.code_challenge and getattr(request, "code_verifier", None):
            raise GrantRefused("The authorization request had no code_challenge.")
        row.redeemed = now
        request.code_row = row
        request.user = row.user
        request.scopes = [s for s in row.scope.split() if s in row.cds_grant.open_scope_ids]
        request.owner = TokenOwner(
            client=client,
            credential=request.credential,
            grant=row.cds_grant,
            user=row.user,
            family=row.token_family,
            is_new=True,
        )
        return True

    def _check_grant(
        self, grant: Grant, row: AuthorizationCode | RefreshToken, client: Client
    ) -> None:
        if not grant.gives_access(timezone.now()):
            raise GrantRefused(f"The Grant is {grant.status}.")
        limits = (grant.tokens_not_before, client.tokens_not_before)
        if any(limit is not None and row.created <= limit for limit in limits):
            raise GrantRefused("The client or the Grant was disabled since.")

    def _check_redirect_uri(self, row: AuthorizationCode, request: Request) -> None:
        """The same URI as in the authorization request, required if it was sent there (4.1.3)."""
        was_given = row.request is not None and row.request.params.get("redirect_uri_given")
        if request.redirect_uri is None and not was_given:
            return
        if request.redirect_uri != row.redirect_uri:
            raise GrantRefused("redirect_uri is not that of the authorization request.")

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        """Return the URI of the authorization request; `validate_code` has compared it."""
        return str(request.code_row.redirect_uri)

    def confirm_redirect_uri(
        self,
        client_id: str,
        code: str,
        redirect_uri: str,
        client: Client,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        """Nothing left to compare after `validate_code`."""
        return True

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Ask the Client that authenticated."""
        return requests.pkce_required(request.client)

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        """Return the challenge of the current code."""
        return request.code_row.code_challenge or None

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        """Return the method of the current code; only S256 is ever stored."""
        return request.code_row.code_challenge_method or None

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Mark the code as used. The row stays, so that a second use is recognised."""
        request.code_row.save(update_fields=["redeemed", "updated"])

    # --- refresh_token ----------------------------------------------------------------------------

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Lock the token and check it; reuse after rotation ends the family (RFC 9700 4.14.2)."""
        row = tokens.find_refresh_token(refresh_token, lock=True)
        if row is None or row.application_id != client.pk:
            raise GrantRefused("The refresh token is unknown, or belongs to another client.")
        if row.revoked is not None:
            by = f"client:{client.client_id}"
            tokens.kill_family(
                family=row.token_family, client=client, reason="refresh token reuse", by=by
            )
            raise GrantRefused("The refresh token was revoked or used before.")
        self._check_grant(row.cds_grant, row, client)
        if not tokens.is_alive(row, now=timezone.now()):
            raise GrantRefused("The credential that obtained the refresh token was revoked.")
        request.refresh_token_instance = row
        request.user = row.user
        request.owner = TokenOwner(
            client=client,
            credential=request.credential,
            grant=row.cds_grant,
            user=row.user,
            family=row.token_family,
        )
        return True

    def get_original_scopes(
        self, refresh_token: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        """Return what the refresh token may give, as far as the Grant still gives it."""
        row = request.refresh_token_instance
        return " ".join(s for s in row.scope.split() if s in row.cds_grant.open_scope_ids)

    def rotate_refresh_token(self, request: Request) -> bool:
        """Public clients always rotate; for the others one lost answer must not end a consent."""
        return request.client.is_public or settings.ROTATE_CONFIDENTIAL_REFRESH_TOKENS

    # --- storing ----------------------------------------------------------------------------------

    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *a: Any, **kw: Any
    ) -> None:
        """Store the tokens of an answer, inside the server's transaction."""
        owner: TokenOwner = request.owner
        tokens.store_access_token(
            owner=owner,
            raw=token["access_token"],
            scope_ids=request.scopes,
            expires=timezone.now() + timedelta(seconds=token["expires_in"]),
        )
        raw = token.get("refresh_token")
        used: RefreshToken | None = getattr(request, "refresh_token_instance", None)
        if raw is None or (used is not None and not self.rotate_refresh_token(request)):
            return
        # A rotated token keeps the whole scope, however little this access token has (RFC 6749 6).
        scope = used.scope if used is not None else " ".join(request.scopes)
        if used is not None:
            used.revoked = timezone.now()
            used.save(update_fields=["revoked", "updated"])
        tokens.store_refresh_token(owner=owner, raw=raw, scope=scope)
