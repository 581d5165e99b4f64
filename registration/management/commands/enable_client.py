"""Enables a disabled Client."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.management.by import actor, add_by_argument
from registration.models import Client
from registration.services.clients.update import enable_client


class Command(BaseCommand):
    """`manage.py enable_client CLIENT_ID --by EMAIL`."""

    help = "Enable a disabled Client; its owner has to create a new Credential."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the Client."""
        parser.add_argument("client_id")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Enable it."""
        by = actor(options)
        client = Client.objects.filter(client_id=options["client_id"]).first()
        if client is None:
            raise CommandError("There is no such Client.")
        enabled = enable_client(client=client, by=by)
        self.stdout.write(f"{enabled.client_id} is {enabled.cds_status}.")
