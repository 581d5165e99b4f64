"""Secrets at rest: Fernet encryption with key rotation, and keyed digests."""

import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt with the newest key."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """Decrypt with whichever key fits; raises cryptography.fernet.InvalidToken."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(ciphertext.encode()).decode()


def digest(value: str, *, purpose: str) -> str:
    """Return the keyed SHA-256 hex digest by which a high-entropy secret is looked up.

    `purpose` separates domains: the digest of a token never equals that of a client secret.
    """
    key = settings.TOKEN_DIGEST_KEY.encode()
    return hmac.new(key, _octets(f"{purpose}:{value}"), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(_octets(left), _octets(right))


def _octets(text: str) -> bytes:
    """JSON can carry lone surrogates, which UTF-8 cannot: they must neither match nor crash."""
    return text.encode("utf-8", "surrogatepass")


def new_secret() -> str:
    """Return 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def reencrypt(ciphertext: str) -> str:
    """Return the same secret under the newest key; raises cryptography.fernet.InvalidToken."""
    fernet = _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))
    return fernet.rotate(ciphertext.encode()).decode()
