"""Shows one Message with everything that a decision needs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registration.models import Message
from registration.models.field import RegistrationFile
from registration.services.messages.attachments import chunks_of
from registration.services.reviews.presenter import CaseView, present
from registration.validation.characters import visible


class Command(BaseCommand):
    """`manage.py show_request MESSAGE_ID [--save-files FOLDER]`.

    Third parties wrote most of this, so each line begins with a label, and no text can imitate
    another line.
    """

    help = (
        "Show a Message, what it asks for, its replies and files, and what approving it would "
        "accept or put into production, with the version that approve_request needs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the Message, and where its files are saved."""
        parser.add_argument("message_id")
        parser.add_argument("--save-files", type=Path, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it; save its files if requested."""
        message = Message.objects.for_wire().filter(message_id=options["message_id"]).first()
        if message is None:
            raise CommandError("There is no such Message; see manage.py list_requests.")
        view = present(message)
        for line in view.lines:
            if line.is_block:
                self._lines(line.name, line.text)
            else:
                self._line(line.name, line.text)
        if options["save_files"]:
            self._save(message, view, options["save_files"])
        if view.version:
            self._line("version", view.version)

    def _line(self, name: str, value: str) -> None:
        self.stdout.write(f"{name}: {visible(value)}")

    def _lines(self, name: str, text: str) -> None:
        """Indent text of several lines."""
        self.stdout.write(f"{name}:")
        for line in text.split("\n"):
            self.stdout.write(f"    {visible(line)}")

    def _save(self, message: Message, view: CaseView, folder: Path) -> None:
        """Start names with the server's id: no collisions, and no file outside the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for attachment in message.attachments.all():
            name = f"{attachment.attachment_id}-{attachment.filename}"
            self._save_one(folder / name, chunks_of(attachment))
        ids = [each.file_id for each in view.files]
        for stored in RegistrationFile.objects.filter(file_id__in=ids).order_by("pk"):
            name = f"{stored.file_id}.{stored.extension}"
            with stored.content.open("rb") as content:
                self._save_one(folder / name, content.chunks())

    def _save_one(self, path: Path, pieces: Iterable[bytes]) -> None:
        with path.open("xb") as file:
            for piece in pieces:
                file.write(piece)
        self._line("saved", str(path))
