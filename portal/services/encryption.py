"""Moving stored secrets to the newest encryption key, so that an old key can be retired."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Model, QuerySet

from portal import audit
from portal.crypto import reencrypt
from portal.models import User

M = TypeVar("M", bound=Model)

BATCH = 500
# Where allauth stores the result of `SecondFactorAdapter.encrypt`.
_TEXTS, _LISTS = frozenset({"secret", "seed"}), frozenset({"migrated_codes"})


def with_secrets(data: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return the data of an Authenticator with `change` applied to each secret in it."""
    changed = dict(data)
    for name, value in data.items():
        if name in _TEXTS:
            changed[name] = change(value)
        elif name in _LISTS:
            changed[name] = [change(each) for each in value]
    return changed


def change_rows(rows: QuerySet[M], field: str, change: Callable[[M], Any]) -> int:
    """Set a field of every row to the result of `change` for the row; return how many.

    Works in batches with row locks, so it can run while people and programs use the portal.
    """
    done, last = 0, 0
    while True:
        with transaction.atomic():
            locked = rows.select_for_update(no_key=True).filter(pk__gt=last).order_by("pk")
            batch = list(locked[:BATCH])
            for row in batch:
                setattr(row, field, change(row))
            rows.bulk_update(batch, [field])
        if not batch:
            return done
        done, last = done + len(batch), batch[-1].pk


def reencrypt_second_factors(*, by: User | str) -> int:
    """Encrypt the secrets of all second factors with the newest key; return how many factors.

    Can be repeated. Raises cryptography.fernet.InvalidToken if a key that is needed is missing.
    """
    done = change_rows(
        Authenticator.objects.all(), "data", lambda row: with_secrets(row.data, reencrypt)
    )
    audit.record(
        "second_factors.reencrypted", by=by, subject="second_factors:all", details={"n": done}
    )
    return done
