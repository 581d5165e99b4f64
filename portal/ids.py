"""Random identifiers for everything that leaves the process."""

import secrets

_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"


def random_id(prefix: str = "", *, length: int = 26) -> str:
    """Return `prefix` and `length` random characters without look-alikes (5 bits each)."""
    return prefix + "".join(_ALPHABET[byte % 32] for byte in secrets.token_bytes(length))


def confirmation_number() -> str:
    """Return a number that a person can read aloud, for example `7KQ4-M2PX-9TBN` (60 bits)."""
    raw = random_id(length=12).upper()
    return "-".join(raw[i : i + 4] for i in range(0, 12, 4))
