"""Print every environment variable that the settings read."""

import shlex
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.env import VARIABLES, Variable


class Command(BaseCommand):
    """Writes `.env.example` (default) or a Markdown table for the operator guide."""

    help = "Print the environment variables: an example file, or --markdown."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option for the table."""
        parser.add_argument("--markdown", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, sorted by name."""
        rows = sorted(VARIABLES.values(), key=lambda variable: variable.name)
        if options["markdown"]:
            self.stdout.write("| variable | kind | default | meaning |\n| --- | --- | --- | --- |")
            for row in rows:
                default = "required" if row.default is None else f"`{row.default}`"
                self.stdout.write(f"| `{row.name}` | {row.kind} | {default} | {row.help} |")
            return
        self.stdout.write(
            "# Copy this file out of the checkout and fill it in. Shells and systemd can read it;\n"
            "# put values with spaces or special characters in single quotes.\n"
            "# Each NAME can also come from a file: NAME_FILE=/run/secrets/name"
        )
        for row in rows:
            self.stdout.write(f"\n# {row.help} ({row.kind}){_required(row)}")
            self.stdout.write(f"{'' if row.default is None else '# '}{row.name}={_example(row)}")


def _required(variable: Variable) -> str:
    return "; required" if variable.default is None else ""


def _example(variable: Variable) -> str:
    return shlex.quote(variable.default) if variable.default else ""
