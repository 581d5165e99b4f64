"""Encrypt the secrets of second factors, which lay in the database as text."""

from typing import Any

from cryptography.fernet import InvalidToken
from django.db import migrations

from portal.crypto import decrypt, encrypt
from portal.services.encryption import with_secrets

BATCH = 500


def seal(apps: Any, schema_editor: Any) -> None:
    """Encrypt what is not encrypted yet; running it again changes nothing."""
    factors = apps.get_model("mfa", "Authenticator").objects
    last = 0
    while rows := list(factors.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        for row in rows:
            row.data = with_secrets(row.data, _sealed)
        factors.bulk_update(rows, ["data"])


def _sealed(text: str) -> str:
    try:
        decrypt(text)
    except InvalidToken:
        return encrypt(text)
    return text


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0002_customer_terms"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunPython(seal, migrations.RunPython.noop)]
