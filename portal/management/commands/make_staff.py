"""Let somebody work here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.models import User
from portal.sign_in.staff import make_staff


class Command(BaseCommand):
    """`manage.py make_staff ADDRESS [--admin]`."""

    help = (
        "Make somebody who has signed up and confirmed the address a member of staff, with --admin "
        "an administrator. Without it, an administrator becomes staff."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the person and the role."""
        parser.add_argument("email", help="the address that the person signs in with")
        parser.add_argument("--admin", action="store_true", help="may open /admin/ too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Give the role."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("Nobody signs in with this address; the person signs up first.")
        try:
            made = make_staff(user=user, is_administrator=options["admin"], by="command:make_staff")
        except DomainError as error:
            raise CommandError(error.message) from error
        role = "an administrator" if made.is_superuser else "staff"
        self.stdout.write(f"{made.email} is {role} now, from the next sign-in on.")
