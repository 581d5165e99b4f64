"""Updates the status of a request without deciding it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from registration.models import Message
from registration.models.message_states import ERRORED, OPEN, PENDING
from registration.services.messages.write import update_request


class Command(BaseCommand):
    """`manage.py update_request MESSAGE_ID STATUS --text TEXT --by EMAIL`."""

    help = (
        "Set another status of a request, or repeat its status to inform the third party. To "
        "decide it, use approve_request or reject_request."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the Message, its status and the text."""
        parser.add_argument("message_id")
        parser.add_argument("status", choices=[OPEN, PENDING, ERRORED])
        parser.add_argument("--text", required=True, help="shown to the third party")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the request_update."""
        by = actor(options)
        message = Message.objects.filter(message_id=options["message_id"]).first()
        if message is None:
            raise CommandError("There is no such Message; see manage.py list_requests.")
        try:
            update = update_request(
                message=message,
                status=options["status"],
                description=options["text"],
                by=by,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"{update.message_id} reports that {message.message_id} is {update.status}."
        )
