"""Show staff one Message with all that a decision needs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import jsontext
from portal.times import format_datetime
from registration.models import Message
from registration.services.message_handlers import handler_of
from registration.services.messages_attachments import chunks_of


class Command(BaseCommand):
    """`manage.py show_request MESSAGE_ID [--save-files FOLDER]`."""

    help = "Show a Message, what it asks for, its replies and its files."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the Message, and where its files go."""
        parser.add_argument("message_id")
        parser.add_argument("--save-files", type=Path, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it; save its files when asked."""
        message = Message.objects.for_wire().filter(message_id=options["message_id"]).first()
        if message is None:
            raise CommandError("There is no such Message; see manage.py list_requests.")
        self._print(message)
        for reply in message.replies.order_by("created", "pk"):
            self.stdout.write(
                f"reply: {reply.message_id}  {format_datetime(reply.created)}  {reply.type}  "
                f"{reply.status}  {reply.name}"
            )
        for attachment in message.attachments.all():
            self.stdout.write(
                f"file: {attachment.filename}  {attachment.content_type}  {attachment.size} bytes"
            )
        if options["save_files"]:
            self._save(message, options["save_files"])

    def _print(self, message: Message) -> None:
        facts = {
            "message": message.message_id,
            "type": message.type,
            "status": message.status,
            "registration": f"{message.registration.registration_id} {message.registration.name}",
            "from": message.creator or "the utility",
            "created": format_datetime(message.created),
            "answers": message.previous.message_id if message.previous else "",
            "about": message.related_uri,
            "subject": message.name,
            "text": message.description,
            "updates": _json(message.updates_requested),
            "grants": _json(message.grants_requested),
            "options": handler_of(message.type, message.related_type).option_help,
        }
        for name, value in facts.items():
            if value:
                self.stdout.write(f"{name}: {value}")

    def _save(self, message: Message, folder: Path) -> None:
        """Names start with our id: two files of one name do not meet, none leaves the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for attachment in message.attachments.all():
            path = folder / f"{attachment.attachment_id}-{attachment.filename}"
            with path.open("xb") as file:
                for piece in chunks_of(attachment):
                    file.write(piece)
            self.stdout.write(f"saved: {path}")


def _json(value: list[Any]) -> str:
    return jsontext.dumps(value).decode() if value else ""
