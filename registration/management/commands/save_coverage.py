"""Creates, changes or deletes a coverage entry."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import CoverageEntry
from registration.services.metadata.coverage import (
    COMMODITY_TYPES,
    INFRASTRUCTURE_TYPES,
    delete_coverage_entry,
    save_coverage_entry,
)
from registration.validation.geojson import GeoJsonError, parse_geojson

_TEXTS = {
    "entity_name": "name of the utility",
    "entity_abbreviation": "short name of the utility",
    "entity_number": "number that the regulator assigned to the utility",
    "country": "ISO 3166 code of the country with jurisdiction, for example US",
    "name": "name of the area or group",
    "description": "one sentence about the area or group",
}


class Command(BaseCommand):
    """`manage.py save_coverage ENTRY_ID [--name ... --geojson FILE] | --delete --by EMAIL`."""

    help = (
        "Create, change or delete a coverage entry (CDS-WG1-01 4.3). Options that are left out "
        "keep their values."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define one option per field."""
        parser.add_argument("entry_id", help="id of the entry: letters, digits, - and _")
        for name, words in _TEXTS.items():
            parser.add_argument(f"--{name.replace('_', '-')}", help=words)
        parser.add_argument("--type", choices=CoverageEntry.Type.values)
        parser.add_argument("--role", choices=CoverageEntry.Role.values)
        parser.add_argument("--infrastructure-types", nargs="*", choices=INFRASTRUCTURE_TYPES)
        parser.add_argument("--commodity-types", nargs="*", choices=COMMODITY_TYPES)
        parser.add_argument("--capabilities", nargs="*", help="for example oauth")
        parser.add_argument("--geojson", type=Path, help="GeoJSON file with the area in WGS 84")
        parser.add_argument("--delete", action="store_true", help="delete the entry")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the entry; errors name the rule that was violated."""
        by = actor(options)
        entry_id: str = options["entry_id"]
        try:
            if options["delete"]:
                delete_coverage_entry(entry_id=entry_id, by=by)
            else:
                save_coverage_entry(entry_id=entry_id, values=_values(options), by=by)
        except (DomainError, GeoJsonError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{entry_id} {'deleted' if options['delete'] else 'saved'}")


def _values(options: dict[str, Any]) -> dict[str, Any]:
    names = (*_TEXTS, "type", "role", "infrastructure_types", "commodity_types", "capabilities")
    values = {name: options[name] for name in names if options[name] is not None}
    if options["geojson"] is not None:
        values["geojson"] = parse_geojson(options["geojson"].read_bytes())
    return values
