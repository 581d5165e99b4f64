"""Moving stored secrets to the newest encryption key, so that an old key can be retired."""

from django.db import transaction

from portal import audit
from portal.crypto import reencrypt
from portal.models import User
from registration.models import Credential

BATCH = 500


def reencrypt_credentials(*, by: User | str) -> int:
    """Encrypt every stored client secret with the newest key; return how many.

    The secrets themselves never change (CDS-WG1-02 7.6), and neither does `modified`. Works in
    batches with row locks, so it may run while clients use the portal, and may be repeated.
    Raises cryptography.fernet.InvalidToken when a needed key is missing.
    """
    done, last = 0, 0
    while True:
        with transaction.atomic():
            rows = list(
                Credential.objects.select_for_update(no_key=True)
                .filter(pk__gt=last)
                .order_by("pk")[:BATCH]
            )
            for row in rows:
                row.secret_ciphertext = reencrypt(row.secret_ciphertext)
            Credential.objects.bulk_update(rows, ["secret_ciphertext"])
        if not rows:
            break
        done, last = done + len(rows), rows[-1].pk
    audit.record("credentials.reencrypted", by=by, subject="credentials:all", details={"n": done})
    return done
