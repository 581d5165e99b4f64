"""Staff end all tokens, in an emergency."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from consent.services.tokens import end_all_tokens
from portal.management.by import actor, add_by_argument


class Command(BaseCommand):
    """`manage.py end_all_tokens --reason TEXT --by EMAIL`."""

    help = (
        "End every token and open code of every Client at once. Secrets and Grants stay: admin "
        "Clients get new tokens at once, customers are asked again for all others."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the reason."""
        parser.add_argument("--reason", required=True, help="what the audit trail keeps")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """End them."""
        by = actor(options)
        count = end_all_tokens(reason=options["reason"], by=by)
        self.stdout.write(f"All tokens of {count} Clients have ended.")
