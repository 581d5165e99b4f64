"""Reencrypts client secrets with the newest key."""

from portal import audit
from portal.crypto import reencrypt
from portal.models import User
from portal.services.encryption import change_rows
from registration.models import Credential


def reencrypt_credentials(*, by: User | str) -> int:
    """Encrypt every stored client secret with the newest key; return how many.

    The secrets themselves never change (CDS-WG1-02 7.6), and neither does `modified`. Safe to
    repeat. Raises cryptography.fernet.InvalidToken when a needed key is missing.
    """
    done = change_rows(
        Credential.objects.all(), "secret_ciphertext", lambda row: reencrypt(row.secret_ciphertext)
    )
    audit.record("credentials.reencrypted", by=by, subject="credentials:all", details={"n": done})
    return done
