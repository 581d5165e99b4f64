"""Random identifiers for everything that leaves the process."""

import secrets

_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"


def random_id(prefix: str = "", *, length: int = 26) -> str:
    """Return `prefix` and `length` random characters without look-alikes (5 bits each)."""
    return prefix + "".join(_ALPHABET[byte % 32] for byte in secrets.token_bytes(length))


def confirmation_number() -> str:
    """Return a number that is easy to read aloud, for example `7KQ4-M2PX-9TBN` (60 bits)."""
    return _in_fours(12)


def typed_code() -> str:
    """Return a code to type from an email, for example `7KQ4-M2PX` (40 bits)."""
    return _in_fours(8)


def _in_fours(length: int) -> str:
    raw = random_id(length=length).upper()
    return "-".join(raw[i : i + 4] for i in range(0, length, 4))
