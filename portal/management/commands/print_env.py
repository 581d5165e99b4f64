"""Print every environment variable that the settings read."""

import shlex
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.env import VARIABLES, Variable


class Command(BaseCommand):
    """Writes `.env.example` (default) or a Markdown table for the operator guide."""

    help = "Print the environment variables: an example file, or --markdown."

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer the table form."""
        parser.add_argument("--markdown", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them in order of name."""
        rows = sorted(VARIABLES.values(), key=lambda variable: variable.name)
        if options["markdown"]:
            self.stdout.write("| variable | kind | default | meaning |\n| --- | --- | --- | --- |")
            for row in rows:
                default = "compulsory" if row.default is None else f"`{row.default}`"
                self.stdout.write(f"| `{row.name}` | {row.kind} | {default} | {row.help} |")
            return
        self.stdout.write(
            "# Copy this out of the checkout and fill it in. Shells and systemd read it;\n"
            "# values with spaces or signs stand in single quotes.\n"
            "# Each NAME may also come from a file: NAME_FILE=/run/secrets/name"
        )
        for row in rows:
            self.stdout.write(f"\n# {row.help} ({row.kind}){_compulsory(row)}")
            self.stdout.write(f"{'' if row.default is None else '# '}{row.name}={_example(row)}")


def _compulsory(variable: Variable) -> str:
    return "; compulsory" if variable.default is None else ""


def _example(variable: Variable) -> str:
    return shlex.quote(variable.default) if variable.default else ""
