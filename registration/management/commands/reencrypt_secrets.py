"""Encrypts stored secrets with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.services.encryption import reencrypt_second_factors
from registration.services.credentials.reencrypt import reencrypt_credentials


class Command(BaseCommand):
    """`manage.py reencrypt_secrets`, after a new first key in FIELD_ENCRYPTION_KEYS."""

    help = (
        "Encrypt stored client secrets and second factors with the first key of "
        "FIELD_ENCRYPTION_KEYS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how many were reencrypted."""
        by = "command:reencrypt_secrets"
        factors, secrets = reencrypt_second_factors(by=by), reencrypt_credentials(by=by)
        self.stdout.write(
            f"{secrets} secrets and {factors} second factors now use the newest key; "
            "older keys: see the guide."
        )
