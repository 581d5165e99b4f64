"""What an ID token must say (OpenID Connect Core 1.0, 3.1.3.7)."""

import base64
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from portal.sign_in.openid.id_token import (
    Expected,
    is_mail_verified,
    merged_claims,
    verified_claims,
)
from portal.sign_in.openid.problems import Problem, SignInProblem
from portal.sign_in.openid.provider import Provider

ISSUER = "https://id.example"
EXPECTED = Expected(issuer=ISSUER, client_id="portal", nonce="n-1")
KEY = RSAKey.generate_key(2048, {"kid": "k1"})
KEYS = KeySet([KEY]).as_dict(private=False)


def claims(**changes):
    """Return the claims of a good token, with changes; None takes one out."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": "portal", "sub": "s-1", "nonce": "n-1", "iat": now}
    told = good | {"exp": now + 300} | changes
    return {name: value for name, value in told.items() if value is not None}


def signed(told, key=KEY, alg="RS256", **header):
    """Return a token."""
    return jwt.encode({"alg": alg, "kid": key.kid or "k1", **header}, told, key, algorithms=[alg])


def test_a_good_token():
    """All claims come back."""
    assert verified_claims(signed(claims()), KEYS, EXPECTED)["sub"] == "s-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "somebody"},
        {"aud": None},
        {"aud": ["portal", "other"]},
        {"aud": ["portal", "other"], "azp": "other"},
        {"azp": "other"},
        {"nonce": "n-2"},
        {"nonce": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\x00b"},
    ],
)
def test_a_wrong_claim(changes):
    """Each refused alike."""
    with pytest.raises(SignInProblem) as raised:
        verified_claims(signed(claims(**changes)), KEYS, EXPECTED)
    assert raised.value.problem is Problem.REFUSED


def test_without_a_nonce_of_ours_nothing_is_right():
    """A state that holds none must not match a token that holds none, or an empty one."""
    empty = Expected(issuer=ISSUER, client_id="portal", nonce="")
    for told in (claims(nonce=None), claims(nonce="")):
        with pytest.raises(SignInProblem):
            verified_claims(signed(told), KEYS, empty)


def test_signatures_that_anybody_could_make():
    """No signature, our own secret, a key of somebody else."""
    stranger = RSAKey.generate_key(2048, {"kid": "k1"})
    secret = OctKey.import_key("secret-of-the-portal-secret-of-the-portal")
    unsigned = ".".join([*signed(claims()).split(".")[:2], ""])
    for token in (
        signed(claims(), stranger),
        signed(claims(), secret, "HS256"),
        unsigned,
        "no token",
        "",
    ):
        with pytest.raises(SignInProblem):
            verified_claims(token, KEYS, EXPECTED)


def test_an_unsecured_token():
    """`alg: none` (RFC 8725, 3.1)."""

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    token = f"{part({'alg': 'none'})}.{part(claims())}."
    with pytest.raises(SignInProblem):
        verified_claims(token, KEYS, EXPECTED)


def test_elliptic_keys_and_keys_without_a_name():
    """Providers choose; keys of kinds that we do not know are passed over (RFC 7517 5)."""
    key = ECKey.generate_key("P-256")
    keys = {"keys": [{"kty": "EC", "crv": "brainpoolP256r1"}, 7, key.as_dict(private=False)]}
    token = jwt.encode({"alg": "ES256"}, claims(), key, algorithms=["ES256"])
    assert verified_claims(token, keys, EXPECTED)["sub"] == "s-1"


@pytest.mark.parametrize("keys", [None, [], {}, {"keys": []}, {"keys": [{}]}, {"keys": "x"}, "x"])
def test_key_sets_that_are_none(keys):
    """Whatever the provider's address answers."""
    with pytest.raises(SignInProblem):
        verified_claims(signed(claims()), keys, EXPECTED)


@pytest.mark.parametrize(
    ("auth_time", "good"),
    [(0, True), (-30, True), (-120, False), (600, False), (None, False), ("now", False)],
)
def test_a_new_sign_in(auth_time, good):
    """`auth_time` is compulsory when max_age was asked for, and no earlier than the question."""
    now = int(time.time())
    expected = Expected(ISSUER, "portal", "n-1", asked_at=now)
    told = auth_time if not isinstance(auth_time, int) else now + auth_time
    token = signed(claims(auth_time=told))
    if good:
        assert verified_claims(token, KEYS, expected)
        return
    with pytest.raises(SignInProblem) as raised:
        verified_claims(token, KEYS, expected)
    assert raised.value.problem is Problem.NOT_ASKED_AGAIN


@pytest.mark.parametrize("userinfo", [{"sub": "s-2"}, {}, [], "x"])
def test_userinfo_of_somebody_else(userinfo):
    """5.3.2: the same subject, or nothing of it counts."""
    with pytest.raises(SignInProblem):
        merged_claims({"sub": "s-1"}, userinfo)


def test_an_address_is_not_verified_by_another_place():
    """ID token: verified address; userinfo: another one, of which nothing is said."""
    token = {"sub": "s-1", "nonce": "n", "email": "a@example.com", "email_verified": True}
    merged = merged_claims(token, {"sub": "s-1", "email": "b@example.com", "nonce": "x"})
    assert merged["email"] == "b@example.com"
    assert not is_mail_verified(merged)
    assert merged["nonce"] == "n"
    assert is_mail_verified(merged_claims(token, {"sub": "s-1", "name": "Ana"}))
    assert is_mail_verified(merged_claims(token, None))


def test_an_address_that_no_database_takes_is_not_kept():
    """PostgreSQL refuses the character, in JSON too."""
    provider = Provider.__new__(Provider)
    assert provider.extract_extra_data({"email": "ana\x00@example.com"}) == {}
    assert provider.extract_extra_data({"email": "ana@example.com"}) == {"email": "ana@example.com"}
