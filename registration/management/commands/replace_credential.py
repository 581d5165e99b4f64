"""Creates a secret for a Client that has none left."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import Client
from registration.services.credentials.lifecycle import replace_credential


class Command(BaseCommand):
    """`manage.py replace_credential CLIENT_ID --reason TEXT --by EMAIL` (CDS-WG1-02 7)."""

    help = (
        "Create a secret for a Client that has none left, and print it once. Give it only to "
        "people you know. The reason is shown to the owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the Client and the reason."""
        parser.add_argument("client_id")
        parser.add_argument("--reason", required=True, help="shown to the third party")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Create it, and print it."""
        by = actor(options)
        client = Client.objects.filter(client_id=options["client_id"]).first()
        if client is None:
            raise CommandError("There is no such Client.")
        try:
            credential, secret = replace_credential(client=client, reason=options["reason"], by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{credential.credential_id} is now the secret of {client.client_id}:")
        self.stdout.write(secret)
