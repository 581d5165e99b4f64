"""Uploads a file for a third party."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import Registration
from registration.services.files.upload import upload_file


class Command(BaseCommand):
    """`manage.py upload_file REGISTRATION_ID FILE --by EMAIL`."""

    help = "Store a file for a third party. Nobody can read it until grant_file shares it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the third party and the file."""
        parser.add_argument("registration_id")
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", default="", help="file name shown to the third party")
        parser.add_argument("--mime-type", default="", help="derived from the name by default")
        parser.add_argument("--description", default="", help="one sentence about the file")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the file; print its id."""
        by = actor(options)
        registration = Registration.objects.filter(
            registration_id=options["registration_id"]
        ).first()
        if registration is None:
            raise CommandError(f"there is no registration {options['registration_id']}")
        path: Path = options["file"]
        try:
            with path.open("rb") as content:
                file = upload_file(
                    registration=registration,
                    name=options["name"] or path.name,
                    content=content,
                    mime_type=options["mime_type"],
                    description=options["description"],
                    by=by,
                )
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(file.file_id)
