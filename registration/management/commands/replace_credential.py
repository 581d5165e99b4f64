"""Staff make a secret for a Client that has none left."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import Client
from registration.services.credentials.lifecycle import replace_credential


class Command(BaseCommand):
    """`manage.py replace_credential CLIENT_ID --reason TEXT --by EMAIL` (CDS-WG1-02 7)."""

    help = (
        "Make a secret for a Client that has none left, and print it once: hand it over to people "
        "whom you know. Its owner reads the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the Client and the reason."""
        parser.add_argument("client_id")
        parser.add_argument("--reason", required=True, help="what the third party reads")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and print it."""
        by = actor(options)
        client = Client.objects.filter(client_id=options["client_id"]).first()
        if client is None:
            raise CommandError("There is no such Client.")
        try:
            credential, secret = replace_credential(client=client, reason=options["reason"], by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{credential.credential_id} is the secret of {client.client_id} now:")
        self.stdout.write(secret)
