"""Expires a secret that has leaked."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import Credential
from registration.services.credentials.lifecycle import expire_leaked_credential


class Command(BaseCommand):
    """`manage.py expire_credential CREDENTIAL_ID --reason TEXT --by EMAIL` (CDS-WG1-02 7.6)."""

    help = (
        "Expire one secret immediately, along with every token it obtained. The reason is shown "
        "to its owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the Credential and the reason."""
        parser.add_argument("credential_id")
        parser.add_argument("--reason", required=True, help="shown to the third party")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Expire it, and print the result."""
        by = actor(options)
        credential = Credential.objects.filter(credential_id=options["credential_id"]).first()
        if credential is None:
            raise CommandError("There is no such Credential.")
        try:
            expire_leaked_credential(credential=credential, reason=options["reason"], by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{credential.credential_id} has expired, along with its tokens.")
        if not credential.client.credentials.usable(timezone.now()).exists():
            self.stdout.write(
                f"The Client {credential.client.client_id} has no secret left; see "
                "manage.py replace_credential."
            )
