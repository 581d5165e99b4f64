"""Staff let a Client work again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registration.models import Client
from registration.services.clients.update import enable_client


class Command(BaseCommand):
    """`manage.py enable_client CLIENT_ID`."""

    help = "Let a disabled Client work again; its owner has to create a new Credential."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the Client."""
        parser.add_argument("client_id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Enable it."""
        client = Client.objects.filter(client_id=options["client_id"]).first()
        if client is None:
            raise CommandError("There is no such Client.")
        enabled = enable_client(client=client, by="command:enable_client")
        self.stdout.write(f"{enabled.client_id} is {enabled.cds_status}.")
