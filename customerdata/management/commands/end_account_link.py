"""Staff end a person's link to an account."""

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
        "End the link of a person to an account: companies get nothing newer of it. With --mistake "
        "they see nothing of it any more, as if there had been no link."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the person and the account."""
        parser.add_argument("email", help="the address that the person signs in with")
        parser.add_argument("account_number")
        parser.add_argument("--reason", required=True, help="what the customer reads")
        parser.add_argument("--mistake", action="store_true", help="the link was never right")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """End it."""
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
        self.stdout.write("The link has ended; the customer gets a mail.")
