"""Prints or replaces the scopes that this deployment offers."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.catalogue.admin import CLIENT_ADMIN
from registration.services.catalogue.offers import (
    current_offers,
    load_offers,
    offer_from_json,
    offer_to_json,
)


class Command(BaseCommand):
    """`manage.py offer_scopes [FILE --by EMAIL]`."""

    help = "Print the offered scopes as JSON, or replace all of them with those in a file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the optional file."""
        parser.add_argument(
            "file", nargs="?", type=Path, help="in the format that is printed without a file"
        )
        add_by_argument(parser, required=False)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or load; errors list every rule that is violated."""
        file: Path | None = options["file"]
        if file is None:
            rows = [offer_to_json(offer) for offer in current_offers().values()]
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
            return
        by = actor(options)
        try:
            rows = json.loads(file.read_bytes())
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise CommandError(f"{file} must contain a JSON array of scopes")
            offers = [offer_from_json(row) for row in rows if row.get("id") != CLIENT_ADMIN]
            load_offers(offers, by=by)
        except (DomainError, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(offers)} scopes offered, in addition to {CLIENT_ADMIN}")
