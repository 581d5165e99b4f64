"""Answers to the client through the customer's browser (RFC 6749 4.1.2, RFC 9207)."""

import secrets
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from consent.models import AuthorizationCode, AuthorizationRequest, Grant
from consent.models.token import CODE_PURPOSE
from portal.crypto import decrypt, digest, encrypt
from portal.errors import DomainError
from portal.models import User


class WaitsForAnother(DomainError):
    """The authorization request, or its answer, belongs to another person."""

    code = "not_found"
    status = 404


def answer_url(redirect_uri: str, **answer: str) -> str:
    """Return the redirect URI with the answer and `iss` added; its own query stays.

    An `iss` inside the registered URI goes: two of them would make the issuer ambiguous.
    """
    parts = urlsplit(redirect_uri)
    query = parts.query
    if "iss" in dict(parse_qsl(query, keep_blank_values=True)):
        kept = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if k != "iss"]
        query = urlencode(kept)
    added = urlencode({**answer, "iss": settings.BASE_URL})
    return urlunsplit(parts._replace(query=f"{query}&{added}" if query else added))


def error_url(redirect_uri: str, *, error: str, description: str, state: str | None) -> str:
    """Return the redirect of a refused request (RFC 6749 4.1.2.1)."""
    answer = {"error": error, "error_description": plain_ascii(description)}
    return answer_url(redirect_uri, **answer, **({"state": state} if state else {}))


def plain_ascii(text: str) -> str:
    """Return what error_description may hold (RFC 6749 4.1.2.1), at most 500 characters."""
    text = text.replace('"', "'").replace("\\", "/")
    return "".join(char if 0x20 <= ord(char) < 0x7F else "?" for char in text)[:500]


def _lock(request: AuthorizationRequest) -> AuthorizationRequest:
    return AuthorizationRequest.objects.select_for_update().get(pk=request.pk)


def first_answer(row: AuthorizationRequest, user: User | None) -> str:
    """Return the answer that a locked request has got already. Raises WaitsForAnother."""
    require_person(row, user)
    return decrypt(row.answer_ciphertext)


def require_person(row: AuthorizationRequest, user: User | None) -> None:
    """Raise WaitsForAnother unless this person, None for a stranger, may answer a locked request.

    An approval holds the customer's code: no one else gets it, not even with the form's
    address. Anyone not known to be another person can decline.
    """
    is_approved = row.outcome == AuthorizationRequest.Outcome.APPROVED
    if user is None:
        is_allowed = not is_approved
    else:
        is_allowed = row.user_id == user.pk or (row.user_id is None and not is_approved)
    if not is_allowed:
        raise WaitsForAnother("the authorization request is waiting for another person")


@transaction.atomic
def answer_with_code(*, request: AuthorizationRequest, grant: Grant, user: User) -> str:
    """Answer the request with a code for `grant`; return the URL for the customer's browser.

    A request is answered once: a repeated call returns the first answer. Raises WaitsForAnother.
    """
    row = _lock(request)
    if row.outcome != AuthorizationRequest.Outcome.OPEN:
        return first_answer(row, user)
    code = secrets.token_urlsafe(32)
    params = row.params
    lifetime = settings.OAUTH2_PROVIDER["AUTHORIZATION_CODE_EXPIRE_SECONDS"]
    AuthorizationCode.objects.create(
        code=digest(code, purpose=CODE_PURPOSE),
        application_id=row.client_id,
        user=user,
        cds_grant=grant,
        request=row,
        scope=grant.scope,
        redirect_uri=params["redirect_uri"],
        code_challenge=params.get("code_challenge") or "",
        code_challenge_method=params.get("code_challenge_method") or "",
        expires=timezone.now() + timedelta(seconds=lifetime),
    )
    state = {"state": params["state"]} if params.get("state") else {}
    url = answer_url(params["redirect_uri"], code=code, **state)
    _close(row, AuthorizationRequest.Outcome.APPROVED, url, grant=grant, user=user)
    _copy_answer(row, request)
    return url


@transaction.atomic
def answer_with_error(
    *, request: AuthorizationRequest, user: User | None, error: str, description: str
) -> str:
    """Answer the request with an error; return the URL for the customer's browser.

    `user` is the signed-in person in whose browser it ends, None for a stranger. A request is
    answered once: a repeated call returns the first answer. Raises WaitsForAnother.
    """
    row = _lock(request)
    if row.outcome != AuthorizationRequest.Outcome.OPEN:
        return first_answer(row, user)
    state = row.params.get("state")
    url = error_url(row.params["redirect_uri"], error=error, description=description, state=state)
    declined = error == "access_denied"
    outcome = AuthorizationRequest.Outcome
    _close(row, outcome.DECLINED if declined else outcome.FAILED, url)
    _copy_answer(row, request)
    return url


def _close(
    row: AuthorizationRequest,
    outcome: AuthorizationRequest.Outcome,
    url: str,
    *,
    grant: Grant | None = None,
    user: User | None = None,
) -> None:
    row.outcome, row.answered, row.grant = outcome, timezone.now(), grant
    row.user = user or row.user
    row.modified = row.answered
    row.answer_ciphertext = encrypt(url)
    row.save(
        update_fields=["outcome", "answered", "grant", "user", "modified", "answer_ciphertext"]
    )


def _copy_answer(row: AuthorizationRequest, caller_copy: AuthorizationRequest) -> None:
    """Keep the caller's instance in step, so that saving it later cannot reopen the request."""
    for name in ("outcome", "answered", "grant", "user", "modified", "answer_ciphertext"):
        setattr(caller_copy, name, getattr(row, name))
