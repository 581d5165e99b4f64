"""Give a confirmed user a staff role."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from portal.models import User
from portal.sign_in.staff import make_staff


class Command(BaseCommand):
    """`manage.py make_staff ADDRESS [--admin] --by EMAIL`.

    The first member of staff is created without `--by`, since there is nobody to name yet.
    """

    help = (
        "Give a person with a confirmed email address a staff role, or with --admin the role of "
        "administrator. Without it, an administrator becomes staff."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the person and the role."""
        parser.add_argument("email", help="the address that the person signs in with")
        parser.add_argument("--admin", action="store_true", help="also allow access to /admin/")
        add_by_argument(parser, required=False)

    def handle(self, *args: Any, **options: Any) -> None:
        """Give the role."""
        by = _by(options)
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("Nobody signs in with this address; the person must sign up first.")
        try:
            made = make_staff(user=user, is_administrator=options["admin"], by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        role = "an administrator" if made.is_superuser else "staff"
        self.stdout.write(f"{made.email} is now {role}, starting with the next sign-in.")


def _by(options: dict[str, Any]) -> User | str:
    # Anyone who can run this on a server without staff is setting it up.
    if options["by"] or User.objects.filter(is_staff=True, is_active=True).exists():
        return actor(options)
    return "command:make_staff"
