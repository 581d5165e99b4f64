"""Reset a person's second factor after they lost their phone and recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from portal.models import User
from portal.sign_in.notices import reset_second_factor


class Command(BaseCommand):
    """`manage.py reset_second_factor ADDRESS --reason TEXT --by EMAIL`."""

    help = (
        "Remove a person's second factor and end their sessions. First make sure that it is really "
        "them: until they set up new codes, their password alone signs them in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the person and the reason."""
        parser.add_argument("email", help="the address that the person signs in with")
        parser.add_argument("--reason", required=True, help="the reason, shown to the person")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset it."""
        by = actor(options)
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("Nobody signs in with this address.")
        try:
            reset_second_factor(user=user, reason=options["reason"], by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{user.email} has no second factor now and gets an email about it.")
