"""Checks of what a provider states about a person (OpenID Connect Core 1.0)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allauth.socialaccount.models import SocialAccount
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from portal.sign_in.openid.problems import Problem, SignInProblem

# Only the provider can make these signatures; with a shared secret, or none, others could.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY = 60
_MAX_SUBJECT: int = SocialAccount._meta.get_field("uid").max_length or 0
_MAIL = ("email", "email_verified")
_PROTOCOL = ("iss", "aud", "sub", "exp", "iat", "nonce", "azp", "auth_time")


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say; `asked_at` (seconds) requires a sign-in since then."""

    issuer: str
    client_id: str
    nonce: str
    asked_at: int = 0


def verified_claims(token: str, keys: Any, expected: Expected) -> dict[str, Any]:
    """Return the claims of an ID token after all checks of section 3.1.3.7.

    Raises SignInProblem.
    """
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )
    try:
        claims = jwt.decode(
            token, KeySet.import_key_set(_usable(keys)), algorithms=ALGORITHMS
        ).claims
        rules.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SignInProblem(Problem.REFUSED, f"ID token: {type(error).__name__}") from error
    _check_parties(claims, expected)
    if expected.asked_at and not _signed_in_since(claims, expected.asked_at):
        raise SignInProblem(Problem.NOT_ASKED_AGAIN, "auth_time")
    return claims


def _usable(keys: Any) -> Any:
    """Leave out keys of types that our algorithms do not use (RFC 7517 5)."""
    curves: dict[str, set[Any]] = {"RSA": {None}, "EC": {"P-256", "P-384", "P-521"}}
    listed = keys.get("keys") if isinstance(keys, dict) else None
    return {
        "keys": [
            key
            for key in (listed if isinstance(listed, list) else [])
            if isinstance(key, dict)
            and key.get("crv") in curves.get(str(key.get("kty")), set())
            and key.get("use", "sig") == "sig"
        ]
    }


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    audience, party = claims["aud"], claims.get("azp")
    several = isinstance(audience, list) and len(audience) > 1
    if (several and party is None) or party not in (None, expected.client_id):
        raise SignInProblem(Problem.REFUSED, "ID token: azp")
    subject: str = claims["sub"]
    plain = subject.isascii() and subject.isprintable()
    if not plain or not 0 < len(subject) <= _MAX_SUBJECT:
        raise SignInProblem(Problem.REFUSED, "ID token: sub")


def _signed_in_since(claims: Mapping[str, Any], asked_at: int) -> bool:
    """Whether `auth_time` is that of this sign-in (2: required if max_age was requested)."""
    told = claims.get("auth_time")
    if isinstance(told, bool) or not isinstance(told, int | float):
        return False
    return bool(asked_at - LEEWAY <= told <= time.time() + LEEWAY)


def merged_claims(id_token: Mapping[str, Any], userinfo: Any) -> dict[str, Any]:
    """Return the combined claims of ID token and userinfo. Raises SignInProblem.

    The userinfo answer must be about the same person (5.3.2). An address and whether it is
    verified come from the same source.
    """
    if userinfo is None:
        return dict(id_token)
    if not isinstance(userinfo, dict) or userinfo.get("sub") != id_token["sub"]:
        raise SignInProblem(Problem.REFUSED, "userinfo: sub")
    known = {
        name: value
        for name, value in id_token.items()
        if not ("email" in userinfo and name in _MAIL)
    }
    proven = {name: id_token[name] for name in _PROTOCOL if name in id_token}
    return {**known, **userinfo, **proven}


def is_mail_verified(claims: Mapping[str, Any]) -> bool:
    """Whether the provider has verified the address; some providers write the boolean as text."""
    said = claims.get("email_verified")
    return said is True or said == "true"
