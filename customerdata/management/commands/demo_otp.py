"""Print a second-factor code of a demo login."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from customerdata.demo.people import current_code


class Command(BaseCommand):
    """`manage.py demo_otp LOGIN`."""

    help = "Print the code that a demo login with a second factor needs to sign in now."
    # A code is valid for half a minute, and system checks do not matter for it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the login."""
        parser.add_argument("login", help="login, for example staff or staff@example.com")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print nothing but the code, so that scripts can read it."""
        if not settings.DEMO:
            raise CommandError("Codes are printed only with DEMO=1.")
        try:
            self.stdout.write(current_code(options["login"]))
        except LookupError as error:
            raise CommandError(str(error.args[0])) from error
