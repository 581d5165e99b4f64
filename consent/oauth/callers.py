"""Who calls an OAuth endpoint: a Client with one of its Credentials, or a public Client."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from django.utils import timezone

from consent.services.authorization.parameters import MalformedRequest
from portal.errors import DomainError
from portal.http.ratelimits import Claim, take
from registration.models import Client, Credential
from registration.services.credentials import lifecycle


class InvalidClient(DomainError):
    """Client authentication failed (RFC 6749 5.2)."""

    code = "invalid_client"
    status = 401


@dataclass(frozen=True, slots=True)
class Caller:
    """An identified client; `credential` is None for public ones."""

    client: Client
    credential: Credential | None


def identify(*, authorization: str, params: Mapping[str, str], address: str | None) -> Caller:
    """Return the caller; the only way to prove a secret is HTTP Basic (CDS-WG1-02 3.4).

    Raises InvalidClient, MalformedRequest, and TooManyRequests: for too many requests of a client,
    and after repeated failures from one address, with one client_id or with many, whether or not
    this secret is right.
    """
    if authorization:
        client_id, secret = _basic(authorization)
        if params.get("client_id", client_id) != client_id:
            raise MalformedRequest(
                "client_id differs from the Authorization header.", field="client_id"
            )
        if "client_secret" in params:
            raise MalformedRequest("Authenticate in one way only.", field="client_secret")
    else:
        client_id, secret = params.get("client_id", ""), ""
        if "client_secret" in params:
            raise InvalidClient("Send client_id and client_secret by HTTP Basic authentication.")
    caller = _with_secret(client_id, secret) if secret else _public(client_id)
    failed = int(caller is None)
    claims = [
        Claim("token_failures", f"{address}:{client_id}", failed),
        Claim("auth_failures", f"{address}", failed),
    ]
    if caller is None:
        take(*claims)
        raise InvalidClient("Unknown client, wrong or expired secret, or a disabled client.")
    # Anyone may name a public client: strangers must not use up what its own users have.
    who = client_id if caller.credential else f"{client_id}:{address}"
    take(*claims, Claim("token", who))
    return caller


def _basic(authorization: str) -> tuple[str, str]:
    """Return id and secret; both are form-encoded inside the header (RFC 6749 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("Only HTTP Basic client authentication is supported.")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise InvalidClient("The Authorization header is not valid Basic authentication.") from None
    client_id, colon, secret = text.partition(":")
    if not colon or "\x00" in text:
        raise InvalidClient("The Authorization header is not valid Basic authentication.")
    return unquote_plus(client_id), unquote_plus(secret)


def _with_secret(client_id: str, secret: str) -> Caller | None:
    if "\x00" in client_id + secret:
        return None
    credential = lifecycle.authenticate(client_id, secret, timezone.now())
    return Caller(credential.client, credential) if credential is not None else None


def _public(client_id: str) -> Caller | None:
    client = Client.objects.enabled().filter(client_id=client_id[:100]).first()
    if client is None or not client.is_public:
        return None
    return Caller(client, None)
