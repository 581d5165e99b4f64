"""Tokens: storing them, deciding whether they live, and killing them.

This module is the only way to reach tokens. Values are never stored, only their SHA-256.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from oauth2_provider.models import set_token_value

from consent.models import AccessToken, AuthorizationCode, Grant, RefreshToken
from portal import audit
from portal.db.prepared import Prepared, PreparedInsert
from portal.models import User
from registration.models import Client, Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOwner:
    """Who a token is for, and what for.

    `grant` is what the token opens. `admin_grant` is the Grant of the Grant Admin Client that
    asked. `family` ties together what goes back to one authorization code. `is_new` says that what
    the token is asked with has just created or changed the Grant.
    """

    client: Client
    credential: Credential | None
    grant: Grant
    admin_grant: Grant | None = None
    user: User | None = None
    family: uuid.UUID | None = None
    is_new: bool = False

    def details(self, scope_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the entries that a token with these scopes carries (CDS-WG3-01 7)."""
        grant = self.admin_grant or self.grant
        return [entry for entry in grant.authorization_details if entry["type"] in scope_ids]

    def published(self, scope_ids: Sequence[str]) -> dict[str, Any]:
        """Return what the answer with a token says of what it opens (decisions 18, 19).

        By the draft of CDS-WG1-02 8.4 only news are told of Grants (decision 60).
        """
        details = self.details(scope_ids)
        grant = self.admin_grant or self.grant
        tells_grant = self.is_new or not settings.CDS_DRAFTS
        return {
            **({"authorization_details": details} if details else {}),
            **({"cds_grant_ids": [grant.grant_id]} if tells_grant else {}),
        }


def checksum(raw: str) -> str:
    """Return the digest by which tokens are looked up."""
    return hashlib.sha256(raw.encode()).hexdigest()


def seconds_to_live(grant: Grant) -> int:
    """Return the lifetime of a new access token; none outlives its Grant."""
    seconds: int = settings.OAUTH2_PROVIDER["ACCESS_TOKEN_EXPIRE_SECONDS"]
    if grant.expires is None:
        return seconds
    left = (grant.expires - timezone.now()) // timedelta(seconds=1)
    return max(0, min(seconds, left))


_new_access_token = PreparedInsert(AccessToken)


def store_access_token(
    *, owner: TokenOwner, raw: str, scope_ids: Sequence[str], expires: datetime
) -> AccessToken:
    """Store a new access token."""
    token = AccessToken(
        user=owner.user,
        application=owner.client,
        credential=owner.credential,
        cds_grant=owner.grant,
        admin_grant=owner.admin_grant,
        token_family=owner.family,
        scope=" ".join(scope_ids),
        authorization_details=owner.details(scope_ids),
        expires=expires,
    )
    set_token_value(token, raw)
    _new_access_token.save(token)
    return token


def store_refresh_token(*, owner: TokenOwner, raw: str, scope: str) -> RefreshToken:
    """Store a new refresh token; only Grants of customers have them."""
    token = RefreshToken(
        user=owner.user,
        application=owner.client,
        credential=owner.credential,
        cds_grant=owner.grant,
        token_family=owner.family,
        scope=scope,
    )
    set_token_value(token, raw)
    token.save()
    return token


def _by_checksum(text: str) -> QuerySet[AccessToken]:
    related = ("application__registration", "credential", "cds_grant", "admin_grant")
    rows: QuerySet[AccessToken] = AccessToken.objects.select_related(*related)
    return rows.filter(token_checksum=text)


# What `is_alive` and introspection read, which is little of a Grant.
_OF_TOKEN = ("application", "created", "expires", "scope", "authorization_details")
_OF_CREDENTIAL = ("expires", "tokens_not_before")
_OF_GRANT = (
    *("grant_id", "client", "status", "scope", "enabled_scope"),
    *("expires", "tokens_not_before"),
)
_ASKED_ABOUT = (
    *_OF_TOKEN,
    *(f"credential__{name}" for name in _OF_CREDENTIAL),
    *(f"{grant}__{name}" for grant in ("cds_grant", "admin_grant") for name in _OF_GRANT),
)


def _without_client(text: str) -> QuerySet[AccessToken]:
    related = ("credential", "cds_grant", "admin_grant")
    rows: QuerySet[AccessToken] = AccessToken.objects.select_related(*related).only(*_ASKED_ABOUT)
    return rows.filter(token_checksum=text)


_access_token = Prepared(_by_checksum)
_access_token_alone = Prepared(_without_client)


def find_access_token(raw: str, *, asked_by: Client | None = None) -> AccessToken | None:
    """Return the token with everything that its life depends on, in one query.

    Only a token of a Grant Admin Client costs another one, for the Client whose Grant it opens:
    every API call pays for the tables that the database has to join here. A Client that asks about
    its own token is loaded already.
    """
    if asked_by is None:
        token = _access_token.first(checksum(raw))
    else:
        token = _access_token_alone.first(checksum(raw))
        if token is not None and token.application_id == asked_by.pk:
            token.application = asked_by
    if token is not None and token.cds_grant.client_id == token.application_id:
        token.cds_grant.client = token.application
    return token


def find_refresh_token(raw: str, *, lock: bool = False) -> RefreshToken | None:
    """Return the refresh token with what its life depends on; the unrevoked row wins."""
    rows = RefreshToken.objects.select_related(
        "application__registration", "credential", "cds_grant__client", "user"
    )
    if lock:
        rows = rows.select_for_update(of=("self",))
    rows = rows.filter(token_checksum=checksum(raw))
    found: RefreshToken | None = rows.order_by(F("revoked").desc(nulls_first=True)).first()
    return found


def is_alive(token: AccessToken | RefreshToken, *, now: datetime) -> bool:
    """Tell whether a token still opens anything.

    Compares with `tokens_not_before` of the Client, the Credential and the Grants, so that
    disabling one of them ends all their tokens at once and re-enabling revives none.
    """
    grants = [token.cds_grant]
    if isinstance(token, AccessToken):
        if token.expires <= now:
            return False
        grants += [token.admin_grant] if token.admin_grant else []
    elif token.revoked is not None:
        return False
    clients = [token.application, token.cds_grant.client]
    limits = [holder.tokens_not_before for holder in (*clients, *grants)]
    if token.credential is not None:
        limits.append(token.credential.tokens_not_before)
        # A request that was under way when the secret ended yields nothing.
        ended = token.credential.expires
        if ended is not None and token.created >= ended:
            return False
    return (
        all(client.is_enabled for client in clients)
        and all(grant.gives_access(now) for grant in grants)
        and not any(limit is not None and token.created <= limit for limit in limits)
    )


def open_scopes(token: AccessToken) -> frozenset[str]:
    """Return the scope ids that a living token opens: its own, as far as the Grant gives them.

    A Grant Admin token opens all that the Grant gives (CDS-WG1-02 3.3.2).
    """
    given = frozenset(token.cds_grant.open_scope_ids)
    return given if token.admin_grant_id is not None else given & frozenset(token.scope.split())


@transaction.atomic
def end_all_tokens(*, reason: str, by: User | str) -> int:
    """End every token and open code in an emergency; return how many Clients had them.

    Their digests need no key, so no change of keys does it.
    """
    count: int = Client.objects.update(tokens_not_before=timezone.now())
    audit.record(
        "tokens.ended", by=by, subject="tokens:all", details={"clients": count, "reason": reason}
    )
    return count


def _kill(access: Q, refresh: Q) -> int:
    """End living tokens; return how many there were."""
    now = timezone.now()
    count: int = AccessToken.objects.filter(access, expires__gt=now).update(expires=now)
    count += RefreshToken.objects.filter(refresh, revoked__isnull=True).update(revoked=now)
    return count


@transaction.atomic
def kill_tokens_of_grant(*, grant: Grant) -> None:
    """End all tokens and unused codes of a Grant, those of Grant Admin Clients among them."""
    _kill(Q(cds_grant=grant) | Q(admin_grant=grant), Q(cds_grant=grant))
    now = timezone.now()
    AuthorizationCode.objects.filter(cds_grant=grant, expires__gt=now).update(expires=now)


@transaction.atomic
def kill_family(*, family: uuid.UUID, client: Client, reason: str, by: User | str) -> None:
    """End everything that goes back to one authorization code.

    A family that has ended is no event again: whoever has an old code can show it without end.
    """
    if not _kill(Q(token_family=family), Q(token_family=family)):
        return
    audit.record(
        "tokens.revoked",
        by=by,
        subject=f"client:{client.client_id}",
        registration=client.registration.registration_id,
        details={"reason": reason},
    )


@transaction.atomic
def revoke_token(*, client: Client, raw: str, by: User | str) -> None:
    """Revoke one of the client's own tokens; of others nothing happens and nothing is said.

    A refresh token takes the access tokens of its family with it (RFC 7009 2.1).
    """
    refresh = RefreshToken.objects.filter(token_checksum=checksum(raw), application=client).first()
    if refresh is not None and refresh.token_family is not None:
        kill_family(family=refresh.token_family, client=client, reason="revoked by client", by=by)
        return
    now = timezone.now()
    own = AccessToken.objects.filter(token_checksum=checksum(raw), application=client)
    own.filter(expires__gt=now).update(expires=now)
