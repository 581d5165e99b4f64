"""Public encryption keys that clients send (CDS-WG1-02 2, CDS-WG3-01 7.4.6)."""

import base64
import binascii
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

ALGORITHM = "ECDH-ES"
"""Key agreement algorithm of the JWE that responses are encrypted with."""

_CURVES: Mapping[str, tuple[ec.EllipticCurve, int]] = {
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
    "P-521": (ec.SECP521R1(), 66),
}
_MEMBERS = ("kty", "use", "crv", "x", "y", "kid", "alg")
# Of every key type (RFC 7518 6): a client that mixes types up must also be warned about a secret.
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MAX_KID = 200


class JwkError(ValueError):
    """The value is not a public key that this server can encrypt to."""


def check_public_key(value: object) -> dict[str, object]:
    """Return the known members of an elliptic-curve public key. Raises JwkError.

    Private members are rejected rather than dropped, so that a client that sends them finds out.
    Other members that are not needed, such as key_ops, are left out (RFC 7517 4).
    """
    if not isinstance(value, Mapping):
        raise JwkError("a JSON Web Key must be a JSON object")
    if private := sorted(_PRIVATE & value.keys()):
        raise JwkError(f"{', '.join(private)}: this is a private key; send its public half only")
    crv = value.get("crv")
    if value.get("kty") != "EC" or not isinstance(crv, str) or crv not in _CURVES:
        raise JwkError(f"supported keys: kty EC with crv {', '.join(_CURVES)}")
    if value.get("use") != "enc":
        raise JwkError("use must be enc")
    if value.get("alg", ALGORITHM) != ALGORITHM:
        raise JwkError(f"supported alg: {ALGORITHM}")
    kid = value.get("kid", "")
    if not isinstance(kid, str) or len(kid) > _MAX_KID or not (kid.isascii() and kid.isprintable()):
        raise JwkError(f"kid must be at most {_MAX_KID} printable ASCII characters")
    curve, size = _CURVES[crv]
    numbers = ec.EllipticCurvePublicNumbers(
        _coordinate(value.get("x"), size), _coordinate(value.get("y"), size), curve
    )
    try:
        numbers.public_key()
    except ValueError as error:
        raise JwkError("x and y are not a point on the curve") from error
    return {name: value[name] for name in _MEMBERS if name in value}


def _coordinate(value: object, size: int) -> int:
    if not isinstance(value, str):
        raise JwkError("x and y must be base64url strings")
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise JwkError("x and y must be base64url strings without padding") from error
    if len(raw) != size:
        raise JwkError(f"x and y must be {size} bytes each")
    return int.from_bytes(raw, "big")
