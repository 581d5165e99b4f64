"""Files of Messages: checked, stored under random names, read in chunks (CDS-WG1-02 6.7)."""

import base64
import binascii
import codecs
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from portal.ids import random_id
from registration.errors import InvalidRequest
from registration.models import Message
from registration.models.message import MessageAttachment
from registration.services.messages.stream_body import (
    CHUNK,
    AttachmentsTooLarge,
    DecodedFile,
    MessageBody,
)
from registration.services.storage.room import max_bytes
from registration.services.storage.stored_files import no_orphans, note_stored
from registration.validation.characters import hides

MAX_FILES: Final = 20
MAX_FILENAME: Final = 200
UNKNOWN: Final = "application/octet-stream"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
XLSX: Final = f"{_OFFICE}.spreadsheetml.sheet"
DOCX: Final = f"{_OFFICE}.wordprocessingml.document"

_SIGNATURES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
# All text formats look alike, so the sender's type decides among them.
_TEXT_TYPES: Final = frozenset(
    {"text/plain", "text/csv", "application/json", "text/json", "application/xml", "text/xml"}
)
_ZIP_TYPES: Final = frozenset({"application/zip", "application/x-zip-compressed"})
_MIME: Final = re.compile(r"[a-zA-Z0-9!#$&^_.+-]{1,60}/[a-zA-Z0-9!#$&^_.+-]{1,80}")
_ALLOWED: Final = "pdf, png, jpeg, csv, txt, json, xml, zip, xlsx, docx"


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A checked file that is ready to be stored; `content` is positioned at its start."""

    filename: str
    declared_type: str
    content_type: str
    content: IO[bytes]
    size: int


def read_attachments(body: MessageBody) -> list[ReceivedFile]:
    """Return the files of a request body. Raises InvalidRequest and AttachmentsTooLarge."""
    items = body.payload.get("attachments")
    if items is None:
        items = []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _wrong("must be an array of objects")
    if len(items) > MAX_FILES:
        raise _wrong(f"can contain at most {MAX_FILES} files")
    # A mark anywhere else replaced an ordinary text, which must not be that long.
    marks = [item["data"] for item in items if isinstance(item.get("data"), str)]
    if len(body.files.keys() & set(marks)) < len(body.files):
        raise InvalidRequest("A text of the request body is too long.")
    files = [_read_attachment(item, body.files) for item in items]
    if sum(file.size for file in files) > max_bytes():
        raise AttachmentsTooLarge
    return files


def received_file(*, filename: str, declared_type: str, content: IO[bytes]) -> ReceivedFile:
    """Check one file. Raises InvalidRequest for types that this server does not accept."""
    content.seek(0, io.SEEK_END)
    size = content.tell()
    if size > max_bytes():
        raise AttachmentsTooLarge
    content_type = _content_type(content, declared_type.lower(), filename)
    content.seek(0)
    return ReceivedFile(filename, declared_type, content_type, content, size)


@no_orphans()
@transaction.atomic
def store_attachments(*, message: Message, files: Sequence[ReceivedFile]) -> None:
    """Store the files of a new Message."""
    for file in files:
        name = default_storage.save(f"messages/{random_id(length=52)}", _file(file))
        note_stored(name)
        MessageAttachment.objects.create(
            message=message,
            filename=file.filename,
            declared_type=file.declared_type,
            content_type=file.content_type,
            size=file.size,
            sha256=_sha256(file.content),
            stored_as=name,
        )


def chunks_of(attachment: MessageAttachment) -> Iterator[bytes]:
    """Yield the content in chunks whose lengths, except for the last, are multiples of 3."""
    with default_storage.open(attachment.stored_as, "rb") as file:
        while piece := file.read(CHUNK * 3):
            yield piece


def _read_attachment(item: Mapping[str, Any], files: Mapping[str, DecodedFile]) -> ReceivedFile:
    filename = _filename(item.get("filename"))
    declared = item.get("mime_type")
    if not isinstance(declared, str) or not _MIME.fullmatch(declared):
        raise _wrong(f"mime_type must be a type such as application/pdf, or {UNKNOWN}")
    data = item.get("data")
    if not isinstance(data, str):
        raise _wrong("data must be a Base64 string")
    content = _content(files[data]) if data in files else _decode(data)
    return received_file(filename=filename, declared_type=declared, content=content)


def _content(file: DecodedFile) -> IO[bytes]:
    if file.error:
        raise _wrong(f"data {file.error}")
    return file.content


def _decode(text: str) -> IO[bytes]:
    try:
        return io.BytesIO(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        raise _wrong("data is not Base64 (RFC 4648 4)") from None


def _filename(value: object) -> str:
    """A name, not a path, and nothing that would be displayed as another name."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_FILENAME:
        raise _wrong(f"filename must be a string of at most {MAX_FILENAME} characters")
    if hides(value) or any(char in "/\\" for char in value):
        raise _wrong("filename must be a plain name without slashes or control characters")
    return value.strip()


def _content_type(content: IO[bytes], declared: str, filename: str) -> str:
    """Return the type detected from the content; the sender's type can only be more specific."""
    content.seek(0)
    start = content.read(16)
    for signature, found in _SIGNATURES:
        if start.startswith(signature):
            return _agreed(found, declared, {found}, filename)
    if start.startswith(_ZIP):
        found = _zip_type(content)
        return _agreed(found, declared, {found} if found != "application/zip" else _ZIP_TYPES, "")
    if start and _is_text(content):
        # "image/svg+xml" and "text/html" are text too, but are not accepted.
        return _agreed(
            declared if declared in _TEXT_TYPES else "text/plain", declared, _TEXT_TYPES, filename
        )
    raise _wrong(f'"{filename}" does not have a type that this server accepts: {_ALLOWED}')


def _agreed(found: str, declared: str, accepted: frozenset[str] | set[str], filename: str) -> str:
    if declared != UNKNOWN and declared not in accepted:
        raise _wrong(f'mime_type {declared} does not match the content of "{filename}": {found}')
    return found


def _zip_type(content: IO[bytes]) -> str:
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise _wrong("data is a damaged zip file") from None
    if "[Content_Types].xml" in names:
        if any(name.startswith("xl/") for name in names):
            return XLSX
        if any(name.startswith("word/") for name in names):
            return DOCX
    return "application/zip"


def _is_text(content: IO[bytes]) -> bool:
    content.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := content.read(CHUNK):
            if "\x00" in decoder.decode(piece):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _file(file: ReceivedFile) -> "File[bytes]":
    file.content.seek(0)
    return File(file.content, name="content")


def _sha256(content: IO[bytes]) -> str:
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def _wrong(rule: str) -> InvalidRequest:
    return InvalidRequest(f"attachments: {rule}.", field="attachments")
