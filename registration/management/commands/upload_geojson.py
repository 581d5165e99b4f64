"""Replaces the map of a coverage entry."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration import urls_of
from registration.services.metadata.coverage import upload_geojson


class Command(BaseCommand):
    """`manage.py upload_geojson ENTRY_ID FILE --by EMAIL`."""

    help = "Replace the area of a coverage entry with a GeoJSON file in WGS 84 (RFC 7946)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the entry and the file."""
        parser.add_argument("entry_id")
        parser.add_argument("file", type=Path)
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and store the file; print the URL of its picture."""
        by = actor(options)
        entry_id: str = options["entry_id"]
        try:
            raw = options["file"].read_bytes()
            upload_geojson(entry_id=entry_id, raw=raw, by=by)
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(urls_of.absolute("coverage-map", entry_id))
