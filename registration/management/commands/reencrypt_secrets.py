"""Encrypt stored secrets with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand

from registration.services.encryption import reencrypt_credentials


class Command(BaseCommand):
    """`manage.py reencrypt_secrets`, after a new first key in FIELD_ENCRYPTION_KEYS."""

    help = "Encrypt stored client secrets with the first key of FIELD_ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Report how many were moved."""
        count = reencrypt_credentials(by="command:reencrypt_secrets")
        self.stdout.write(f"{count} secrets now use the newest key; older keys: see the guide.")
