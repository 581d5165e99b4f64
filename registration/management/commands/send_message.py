"""Sends a message from staff to one third party, or to all."""

import mimetypes
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from portal.models import User
from registration.models import Message, Registration
from registration.services.messages.attachments import (
    UNKNOWN,
    received_file,
    store_attachments,
)
from registration.services.messages.write import send_message, send_notification


class Command(BaseCommand):
    """`manage.py send_message REGISTRATION_ID --subject S --text T [--attach FILE] --by EMAIL`."""

    help = (
        "Send a private message to one third party, optionally with files, or a notification to "
        "`all`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the recipient and the content."""
        parser.add_argument("registration_id", help="id of a registration, or `all`")
        parser.add_argument("--subject", required=True)
        parser.add_argument("--text", required=True)
        parser.add_argument("--reply-to", default="", metavar="MESSAGE_ID")
        parser.add_argument("--attach", action="append", default=[], type=Path, metavar="FILE")
        add_by_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Send it."""
        by = actor(options)
        try:
            if options["registration_id"] == "all":
                self._notify(options, by)
            else:
                self._send(options, by)
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error

    def _notify(self, options: dict[str, Any], by: User) -> None:
        if options["attach"] or options["reply_to"]:
            raise CommandError("A notification to all cannot have files or --reply-to.")
        count = send_notification(name=options["subject"], description=options["text"], by=by)
        self.stdout.write(f"Sent to {count} registrations.")

    def _send(self, options: dict[str, Any], by: User) -> None:
        registration = Registration.objects.filter(
            registration_id=options["registration_id"]
        ).first()
        if registration is None:
            raise CommandError("There is no such registration.")
        previous = Message.objects.filter(message_id=options["reply_to"]).first()
        if options["reply_to"] and previous is None:
            raise CommandError("There is no Message with that id to reply to.")
        with ExitStack() as stack, transaction.atomic():
            files = [
                received_file(
                    filename=path.name,
                    declared_type=mimetypes.guess_type(path.name)[0] or UNKNOWN,
                    content=stack.enter_context(path.open("rb")),
                )
                for path in options["attach"]
            ]
            message = send_message(
                registration=registration,
                name=options["subject"],
                description=options["text"],
                previous=previous,
                by=by,
            )
            store_attachments(message=message, files=files)
        self.stdout.write(f"{message.message_id} sent, {len(files)} files.")
