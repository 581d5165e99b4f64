"""Moving the secrets of second factors to the newest encryption key."""

from collections.abc import Callable, Mapping
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from portal import audit
from portal.crypto import reencrypt
from portal.models import User

BATCH = 500
# Where allauth keeps what it hands to `SecondFactorAdapter.encrypt`.
_TEXTS, _LISTS = frozenset({"secret", "seed"}), frozenset({"migrated_codes"})


def with_secrets(data: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return the data of an Authenticator with each secret in it changed."""
    changed = dict(data)
    for name, value in data.items():
        if name in _TEXTS:
            changed[name] = change(value)
        elif name in _LISTS:
            changed[name] = [change(each) for each in value]
    return changed


def reencrypt_second_factors(*, by: User | str) -> int:
    """Encrypt the secrets of all second factors with the newest key; return how many factors.

    Works in batches with row locks, so it may run while people sign in, and may be repeated.
    Raises cryptography.fernet.InvalidToken when a needed key is missing.
    """
    done, last = 0, 0
    while True:
        with transaction.atomic():
            rows = list(
                Authenticator.objects.select_for_update(no_key=True)
                .filter(pk__gt=last)
                .order_by("pk")[:BATCH]
            )
            for row in rows:
                row.data = with_secrets(row.data, reencrypt)
            Authenticator.objects.bulk_update(rows, ["data"])
        if not rows:
            break
        done, last = done + len(rows), rows[-1].pk
    audit.record(
        "second_factors.reencrypted", by=by, subject="second_factors:all", details={"n": done}
    )
    return done
