"""Authorization requests: from parameters to a validated, one-time row (CDS-WG3-01 9.1.1).

Until client_id, redirect_uri and response_type are proven, nothing may be sent to the client's
address: `UnprovenRequest` is for a page. Everything after is `RefusedRequest`, for the client.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from consent.catalogue.details import (
    InvalidAuthorizationDetails,
    InvalidScope,
    RequestedAccess,
    parse_request,
    to_wire,
)
from consent.models import AuthorizationRequest
from consent.models.request import compact
from consent.services.authorization.answer import error_url
from consent.services.authorization.fill_grant import granted_already, is_waiting_for
from consent.services.authorization.parameters import Parameters, parse_details
from portal.errors import DomainError
from portal.http.context import current
from portal.http.ratelimits import Claim, TooManyRequests, take
from portal.values.jsontext import dumps
from portal.values.times import utility_zone
from registration.models import Client
from registration.services.catalogue import offers

REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
PUSHED_LIFETIME = timedelta(minutes=5)
UNSEEN_LIFETIME = timedelta(hours=1)
# How many bytes of one request are stored: of a browser, or of a client that shows its secret.
MAX_BROUGHT = 65_536
MAX_PUSHED = 300_000
# How many bytes of requests are stored for one address or production Client, and for all
# addresses together. An hour later those that nobody read are gone.
STORED_BY_ONE = "20000000/hour"
STORED_BY_STRANGERS = "1000000000/hour"
# What a row takes besides.
ROW = 1_000
# The default of the one response type that there is (OAuth 2.0 Multiple Response Types 2.1).
RESPONSE_MODE = "query"
_CHALLENGE = re.compile(r"^[A-Za-z0-9_-]{43}$")
# These decide where an answer goes, so two values prove nothing.
_PROVING = ("client_id", "redirect_uri", "response_type", "request_uri")


class UnprovenRequest(DomainError):
    """Where to send an answer is not known: a page tells the person (CDS-WG3-01 9.3.2)."""

    code = "invalid_request"


class RefusedRequest(DomainError):
    """The client's address is proven and gets the error; `url` is the complete redirect."""

    def __init__(self, cause: DomainError, target: "Target") -> None:
        super().__init__(cause.message, field=cause.field)
        self.cause = cause
        self.url = error_url(
            target.redirect_uri, error=cause.code, description=described(cause), state=target.state
        )


class _Refusal(DomainError):
    """One-off codes of RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6 and CDS-WG1-02 8.3."""

    def __init__(self, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Where answers go; proven."""

    client: Client
    redirect_uri: str
    given: bool
    state: str | None


def described(error: DomainError) -> str:
    """Return an error's sentence with the field that it is about."""
    field = error.field
    return f"{field}: {error.message}" if field and field not in error.message else error.message


def open_request(*, query: Parameters, client: Client | None = None) -> AuthorizationRequest:
    """Validate the parameters of an authorization request and store it.

    `client` is the caller of the PAR endpoint, None for a browser. Raises UnprovenRequest,
    RefusedRequest, and TooManyRequests when no more may be stored for this caller.
    """
    target = _prove(query, client)
    try:
        return _store(query, target, caller=client)
    except TooManyRequests:
        raise
    except DomainError as error:
        raise RefusedRequest(error, target) from error


def _prove(query: Parameters, caller: Client | None) -> Target:
    for name in _PROVING:
        if name in query.repeated:
            raise UnprovenRequest(f"{name} was sent more than once.", field=name)
    client = caller or find_client(query.get("client_id"))
    if caller is not None and query.values.get("client_id", caller.client_id) != caller.client_id:
        raise UnprovenRequest("client_id is not the authenticated client.", field="client_id")
    redirect_uri = query.get("redirect_uri")
    if redirect_uri is None:
        used = client.cds_default_redirect_uri
    elif client.redirect_uri_allowed(redirect_uri):
        used = redirect_uri
    else:
        raise UnprovenRequest(
            "redirect_uri is not registered for this client.", field="redirect_uri"
        )
    if not used:
        raise UnprovenRequest("redirect_uri is missing.", field="redirect_uri")
    if query.get("response_type") != "code" or "code" not in client.response_types:
        raise UnprovenRequest(
            "response_type must be one that the client registered: code.", field="response_type"
        )
    state = None if "state" in query.repeated else query.get("state")
    return Target(client, used, redirect_uri is not None, state)


def find_client(client_id: str | None) -> Client:
    """Return an enabled client. Raises UnprovenRequest: a disabled one gets no visitors from us."""
    rows = Client.objects.enabled().select_related("registration")
    client = rows.filter(client_id=client_id).first() if client_id else None
    if client is None:
        raise UnprovenRequest("client_id is not known here.", field="client_id")
    found: Client = client
    return found


@transaction.atomic
def _store(query: Parameters, target: Target, *, caller: Client | None) -> AuthorizationRequest:
    query.refuse_repeated()
    for name in ("request", "request_uri"):
        if query.get(name):
            raise _Refusal(f"{name}_not_supported", f"{name} cannot be used here.", field=name)
    if query.get("response_mode") not in {None, RESPONSE_MODE}:
        raise _Refusal("invalid_request", f"must be {RESPONSE_MODE}.", field="response_mode")
    challenge = _challenge(query, target.client)
    accesses = requested_accesses(query, target.client)
    grant_id = query.get("cds_grant_id")
    if grant_id is not None:
        _check_grant(grant_id, target.client, accesses)
    prompts = (query.get("prompt") or "").split()
    if "none" in prompts:
        raise _Refusal("interaction_required", "A customer always sees the form.", field="prompt")
    now = timezone.now()
    request = AuthorizationRequest(
        client=target.client,
        pushed=caller is not None,
        params={
            "redirect_uri": target.redirect_uri,
            "redirect_uri_given": target.given,
            "state": target.state,
            "prompt": "login" if "login" in prompts else None,
            "ui_locales": query.get("ui_locales"),
            "cds_grant_id": grant_id,
            "code_challenge": challenge,
            "code_challenge_method": "S256" if challenge else None,
        },
        access=compact(to_wire(access) for access in accesses),
        expires=now + (PUSHED_LIFETIME if caller else _unseen_lifetime()),
        opened=None if caller else now,
        created=now,
        modified=now,
    )
    _check_size(request, caller)
    request.save(force_insert=True)
    return request


def _unseen_lifetime() -> timedelta:
    """Return how long a request waits for its first reader; each view gives it longer."""
    return min(UNSEEN_LIFETIME, timedelta(seconds=settings.AUTHORIZATION_REQUEST_SECONDS))


def _check_size(request: AuthorizationRequest, caller: Client | None) -> None:
    """Bound what is stored for callers: in one request, by the hour, and for all together.

    Only a production Client that proved its secret counts as known. Raises
    InvalidAuthorizationDetails and TooManyRequests.
    """
    access = len(dumps(request.access))
    has_secret = caller is not None and not caller.is_public
    limit = MAX_PUSHED if has_secret else MAX_BROUGHT
    if access > limit:
        raise InvalidAuthorizationDetails(
            f"takes at most {limit} bytes, with the defaults of each type; this is {access}. "
            "A client with a secret may push more than a browser brings (RFC 9126).",
            field="authorization_details",
        )
    size = access + len(dumps(request.params)) + ROW
    if has_secret and request.client.environment == "production":
        take(Claim(STORED_BY_ONE, f"requests:{request.client.client_id}", size))
    else:
        one = Claim(STORED_BY_ONE, f"requests:{current.get().network}", size)
        take(one, Claim(STORED_BY_STRANGERS, "requests", size))


def _challenge(query: Parameters, client: Client) -> str | None:
    """Return the PKCE challenge (RFC 7636); S256 only, required of public clients (decision 51)."""
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method")
    if challenge is None:
        if method is not None:
            raise _Refusal("invalid_request", "code_challenge is missing.", field="code_challenge")
        if pkce_required(client):
            raise _Refusal(
                "invalid_request", "This client must use PKCE with S256.", field="code_challenge"
            )
        return None
    if method != "S256":
        raise _Refusal("invalid_request", "must be S256.", field="code_challenge_method")
    if not _CHALLENGE.fullmatch(challenge):
        raise _Refusal(
            "invalid_request", "must be 43 characters of base64url.", field="code_challenge"
        )
    return challenge


def pkce_required(client: Client) -> bool:
    """Whether the client must send a PKCE challenge."""
    return client.is_public or client.pkce_required


def requested_accesses(query: Parameters, client: Client) -> tuple[RequestedAccess, ...]:
    """Return what is asked, the Client's defaults standing in for what is absent (9.1.1).

    Raises InvalidScope and InvalidAuthorizationDetails.
    """
    details: list[dict[str, Any]] | None = parse_details(query.get("authorization_details"))
    if details is None:
        details = client.default_authorization_details or None
    scope = query.get("scope")
    scope_ids = list(dict.fromkeys((client.default_scope if scope is None else scope).split()))
    accesses = parse_request(scope_ids, details, offers.consent_offers(client), zone=utility_zone())
    if not accesses:
        raise InvalidScope("The request asks for nothing.", field="scope")
    return accesses


def _check_grant(grant_id: str, client: Client, accesses: tuple[RequestedAccess, ...]) -> None:
    """The Grant waits for this client's customer, and for no less than is asked (WG1-02 8.3).

    A part of it may be asked for (decision 58).
    """
    grant = client.grants.filter(grant_id=grant_id).first()
    asked = {access.scope_id for access in accesses}
    if grant is None or not is_waiting_for(grant, asked):
        raise _Refusal(
            "cds_grant_id_invalid_value",
            "cds_grant_id names no Grant of this client that waits for this authorization.",
        )
    keys = [entry["jwk"] for _, entry in granted_already(grant, asked) if "jwk" in entry]
    keys += [access.values["jwk"] for access in accesses if "jwk" in access.values]
    if any(key != keys[0] for key in keys):
        raise _Refusal(
            "cds_grant_id_invalid_value",
            "jwk is not that of what the Grant gives already, and a Grant has one key.",
        )


@transaction.atomic
def redeem_pushed(*, query: Parameters) -> AuthorizationRequest:
    """Return the pushed request that a browser brings; it works once (RFC 9126 4).

    Everything but client_id and request_uri is ignored. Raises UnprovenRequest when the request is
    not this client's, RefusedRequest when it was used or is too old.
    """
    for name in ("client_id", "request_uri"):
        if name in query.repeated:
            raise UnprovenRequest(f"{name} was sent more than once.", field=name)
    client = find_client(query.get("client_id"))
    request_id = (query.get("request_uri") or "").removeprefix(REQUEST_URI)
    rows = AuthorizationRequest.objects.select_for_update().filter(client=client, pushed=True)
    row = rows.filter(request_id=request_id).first()
    if row is None:
        raise UnprovenRequest("request_uri is not known here.", field="request_uri")
    now = timezone.now()
    if row.opened is not None or row.expires <= now:
        target = Target(client, row.params["redirect_uri"], True, row.params["state"])
        problem = "was used before" if row.opened is not None else "is too old"
        raise RefusedRequest(
            _Refusal("invalid_request_uri", f"{problem}.", field="request_uri"), target
        )
    row.opened = row.modified = now
    row.expires = now + _unseen_lifetime()
    row.save(update_fields=["opened", "modified", "expires"])
    found: AuthorizationRequest = row
    return found
