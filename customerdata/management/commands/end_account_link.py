"""End a person's link to an account (for staff)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customerdata.models import AccountHolder, AccountVersion
from customerdata.services.links.link import plain_number
from customerdata.services.links.unlink import end_link
from portal.errors import DomainError
from portal.management.by import actor, add_by_argument


class Command(BaseCommand):
    """`manage.py end_account_link ADDRESS ACCOUNT_NUMBER --reason TEXT [--mistake] --by EMAIL`."""

    help = (
        "End a person's link to an account: companies will not receive any new data from it. With "
        "--mistake they no longer see any of its data, as if there had been no link."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the person, the account, the reason and who does it."""
        parser.add_argument("email", help="the email address that the person signs in with")
        parser.add_argument("account_number")
        parser.add_argument("--reason", required=True, help="the reason that the customer is shown")
        parser.add_argument("--mistake", action="store_true", help="the link was made by mistake")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """End the link."""
        by = actor(options)
        numbers = AccountVersion.objects.current().filter(
            account_number=plain_number(options["account_number"])
        )
        holder = (
            AccountHolder.objects.current()
            .filter(user__email__iexact=options["email"], account__in=numbers.values("account"))
            .first()
        )
        if holder is None:
            raise CommandError("This person has no link to an account with this number.")
        try:
            end_link(
                holder=holder,
                reason=options["reason"],
                mistaken=options["mistake"],
                by=by,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write("The link has ended; the customer is notified by email.")
