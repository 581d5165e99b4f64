"""Show staff one Message with all that a decision needs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.values import jsontext
from portal.values.times import format_datetime
from registration.models import Message
from registration.models.field import RegistrationFile
from registration.services.messages.attachments import chunks_of
from registration.services.messages.handlers import handler_of
from registration.services.reviews.seen_version import facts_of, version_of
from registration.validation.characters import visible


class Command(BaseCommand):
    """`manage.py show_request MESSAGE_ID [--save-files FOLDER]`.

    Third parties wrote most of this: each line begins with what it is, and none can pass for
    another.
    """

    help = (
        "Show a Message, what it asks for, its replies and files, and what its approval would "
        "accept or let into production, with the version to name then."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the Message, and where its files go."""
        parser.add_argument("message_id")
        parser.add_argument("--save-files", type=Path, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it; save its files when asked."""
        message = Message.objects.for_wire().filter(message_id=options["message_id"]).first()
        if message is None:
            raise CommandError("There is no such Message; see manage.py list_requests.")
        facts = facts_of(message)
        self._print(message)
        for reply in message.replies.order_by("created", "pk"):
            self._line(
                "reply",
                f"{reply.message_id}  {format_datetime(reply.created)}  {reply.type}  "
                f"{reply.status}  {reply.name}",
            )
        for attachment in message.attachments.all():
            self._line(
                "file",
                f"{attachment.filename}  {attachment.content_type}  {attachment.size} bytes",
            )
        for name, value in facts.items():
            self._lines(name, msgspec.json.format(jsontext.dumps(value), indent=2).decode())
        if options["save_files"]:
            self._save(message, facts, options["save_files"])
        if facts:
            self._line("version", version_of(facts))

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
            "updates": _json(message.updates_requested),
            "grants": _json(message.grants_requested),
            "options": handler_of(message.type, message.related_type).option_help,
        }
        for name, value in facts.items():
            if value:
                self._line(name, value)
        if message.description:
            self._lines("text", message.description)

    def _line(self, name: str, value: str) -> None:
        self.stdout.write(f"{name}: {visible(value)}")

    def _lines(self, name: str, text: str) -> None:
        """Text of several lines is set in."""
        self.stdout.write(f"{name}:")
        for line in text.split("\n"):
            self.stdout.write(f"    {visible(line)}")

    def _save(self, message: Message, facts: dict[str, Any], folder: Path) -> None:
        """Names start with our id: two files of one name do not meet, none leaves the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for attachment in message.attachments.all():
            name = f"{attachment.attachment_id}-{attachment.filename}"
            self._save_one(folder / name, chunks_of(attachment))
        ids = [each["file_id"] for each in facts.get("files", ())]
        for stored in RegistrationFile.objects.filter(file_id__in=ids).order_by("pk"):
            name = f"{stored.file_id}.{stored.extension}"
            with stored.content.open("rb") as content:
                self._save_one(folder / name, content.chunks())

    def _save_one(self, path: Path, pieces: Iterable[bytes]) -> None:
        with path.open("xb") as file:
            for piece in pieces:
                file.write(piece)
        self._line("saved", str(path))


def _json(value: list[Any]) -> str:
    return jsontext.dumps(value).decode() if value else ""
