"""Give a person a staff role."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from portal.models import User
from portal.sign_in.staff import make_staff


class Command(BaseCommand):
    """`manage.py make_staff ADDRESS [--admin] --by EMAIL`.

    The first member of staff is made without `--by`: there is nobody to name yet.
    """

    help = (
        "Give a staff role to a person who has signed up and confirmed their address; with --admin "
        "an administrator. Without it, an administrator becomes staff."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the person and the role."""
        parser.add_argument("email", help="the address that the person signs in with")
        parser.add_argument("--admin", action="store_true", help="may open /admin/ too")
        add_by_argument(parser, required=False)

    def handle(self, *args: Any, **options: Any) -> None:
        """Give the role."""
        by = _by(options)
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("Nobody signs in with this address; the person signs up first.")
        try:
            made = make_staff(user=user, is_administrator=options["admin"], by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        role = "an administrator" if made.is_superuser else "staff"
        self.stdout.write(f"{made.email} is {role} now, from the next sign-in on.")


def _by(options: dict[str, Any]) -> User | str:
    # A person who can run this on a server without staff is the one setting it up.
    if options["by"] or User.objects.filter(is_staff=True, is_active=True).exists():
        return actor(options)
    return "command:make_staff"
