"""Share uploaded files with a party."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consent.services.grants.change_by_utility import grant_files
from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from portal.values.times import parse_datetime
from registration.models import Client
from registration.models.files import ServerProvidedFile


class Command(BaseCommand):
    """`manage.py grant_file CLIENT_ID SCOPE FILE_ID... --by EMAIL`."""

    help = "Create the Grant by which a party reads files that were uploaded for it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the Client, the scope for files and the files."""
        parser.add_argument("client_id", help="the party's Client with the scope")
        parser.add_argument("scope", help="for example cds_server_provided_files_1")
        parser.add_argument("file_ids", nargs="+", metavar="file_id", help="from upload_file")
        parser.add_argument("--expires", type=parse_datetime, help="for example 2030-01-31T00:00Z")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the Grant; print its id."""
        by = actor(options)
        client = Client.objects.select_related("registration")
        found = client.filter(client_id=options["client_id"]).first()
        if found is None:
            raise CommandError(f"there is no Client {options['client_id']}")
        files = list(ServerProvidedFile.objects.filter(file_id__in=options["file_ids"]))
        missing = set(options["file_ids"]) - {file.file_id for file in files}
        if missing:
            raise CommandError(f"there is no file {', '.join(sorted(missing))}")
        expires: datetime | None = options["expires"]
        try:
            grant = grant_files(
                client=found,
                files=files,
                scope_id=options["scope"],
                expires=expires,
                by=by,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(grant.grant_id)
