"""Public encryption keys of clients (CDS-WG3-01 7.4.6)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from registration.catalogue.jwk import JwkError, check_public_key


def public_key(curve=None, name="P-256", size=32):
    numbers = ec.generate_private_key(curve or ec.SECP256R1()).public_key().public_numbers()

    def encode(number):
        return base64.urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()

    return {
        "kty": "EC",
        "use": "enc",
        "crv": name,
        "x": encode(numbers.x),
        "y": encode(numbers.y),
    }


@pytest.mark.spec("WG3-01 7.4.6 g")
@pytest.mark.parametrize(
    "key",
    [
        public_key(),
        public_key(ec.SECP384R1(), "P-384", 48),
        public_key(ec.SECP521R1(), "P-521", 66),
        {**public_key(), "kid": "phone-1", "alg": "ECDH-ES"},
    ],
)
def test_it_takes_public_keys_on_the_supported_curves(key):
    """P-256 is a MUST; the two larger curves come with the same algorithm."""
    assert check_public_key(key) == key


@pytest.mark.spec("WG3-01 2 b", "WG3-01 7.4.6 f")
@pytest.mark.parametrize(
    "change",
    [
        {"use": "sig"},
        {"use": None},
        {"kty": "RSA"},
        {"crv": "P-192"},
        {"crv": ["P-256"]},
        {"x": "AAAA"},
        {"x": 5},
        {"x": "!" * 43},
        {"y": public_key()["y"]},
        {"alg": "RSA-OAEP"},
        {"kid": "a" * 201},
        {"kid": "nul\x00"},
        {"d": "secret"},
    ],
)
def test_it_refuses_keys_it_cannot_encrypt_to(change):
    """A key that fails later, at the first data request, would lock the customer's data away."""
    with pytest.raises(JwkError):
        check_public_key({**public_key(), **change})


@pytest.mark.spec("WG3-01 7.4.6 f")
@pytest.mark.parametrize(
    "more",
    [
        {"key_ops": [], "ext": True},
        {"x5t": "thumbprint", "x5c": ["certificate"]},
        {"com.example.device": {"d": "not of the key"}},
    ],
)
def test_it_ignores_members_it_does_not_know(more):
    """Browsers and key stores export more than RFC 7518 needs; none of it is kept."""
    key = public_key()
    assert check_public_key({**more, **key}) == key


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_key_is_named_as_such(member):
    """The client has leaked a secret to us and must hear it in plain words."""
    with pytest.raises(JwkError, match=f"{member}: this is a private key"):
        check_public_key({**public_key(), member: "secret"})
