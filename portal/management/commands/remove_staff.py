"""Remove a person's staff role."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from portal.models import User
from portal.sign_in.staff import remove_staff


class Command(BaseCommand):
    """`manage.py remove_staff ADDRESS --by EMAIL`."""

    help = "End a person's role of staff or administrator and all sessions. They can still sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the person."""
        parser.add_argument("email", help="the address that the person signs in with")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove the role."""
        by = actor(options)
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("Nobody signs in with this address.")
        try:
            remove_staff(user=user, by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{user.email} is no longer staff and is signed out.")
