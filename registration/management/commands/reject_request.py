"""Rejects a pending request or submission."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import Message
from registration.services.reviews.decide import reject_request


class Command(BaseCommand):
    """`manage.py reject_request MESSAGE_ID --reason TEXT --by EMAIL`."""

    help = "Reject a request or submission; the reason is shown to the third party."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the Message and the reason."""
        parser.add_argument("message_id")
        parser.add_argument("--reason", required=True, help="shown to the third party")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Reject it."""
        by = actor(options)
        message = Message.objects.filter(message_id=options["message_id"]).first()
        if message is None:
            raise CommandError("There is no such Message; see manage.py list_requests.")
        try:
            update = reject_request(message=message, reason=options["reason"], by=by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{message.message_id} is {update.status}.")
