"""Disables a Client."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import Client
from registration.services.clients.update import disable_client


class Command(BaseCommand):
    """`manage.py disable_client CLIENT_ID --reason TEXT --by EMAIL`."""

    help = (
        "Disable a Client immediately: its secrets expire and its tokens are revoked. The reason "
        "is shown to its owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the Client and the reason."""
        parser.add_argument("client_id")
        parser.add_argument("--reason", required=True, help="shown to the third party")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Disable it."""
        by = actor(options)
        client = Client.objects.filter(client_id=options["client_id"]).first()
        if client is None:
            raise CommandError("There is no such Client.")
        try:
            disable_client(client=client, reason=options["reason"], by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{client.client_id} is disabled.")
