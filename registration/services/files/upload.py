"""Uploads of files that the utility provides to a third party (CDS-WG1-02 9)."""

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from typing import BinaryIO

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from registration import urls_of
from registration.catalogue.admin import SERVER_PROVIDED_FILES
from registration.catalogue.metadata_parts import MetadataContext
from registration.errors import InvalidRequest
from registration.models import Registration
from registration.models.files import MIME_TYPE, ServerProvidedFile
from registration.services.storage.stored_files import no_orphans, note_stored
from registration.validation.characters import hides

CHUNK = 1 << 20
UNKNOWN_TYPE = "application/octet-stream"
MAX_NAME = 255


def files_metadata(context: MetadataContext) -> Mapping[str, object]:
    """Return the URL of the files API if a scope for files is offered (CDS-WG1-02 3.2)."""
    if any(offer.type == SERVER_PROVIDED_FILES for offer in context.offers.values()):
        return {"cds_server_provided_files_api": urls_of.absolute("server-provided-files")}
    return {}


@no_orphans()
def upload_file(
    *,
    registration: Registration,
    name: str,
    content: BinaryIO,
    mime_type: str = "",
    description: str = "",
    by: User | str,
) -> ServerProvidedFile:
    """Store a file for one party; nobody can read it until a Grant lists it (3.3.3).

    `content` is seekable and is read in chunks. Without `mime_type`, the type is derived from the
    extension of the name. Raises InvalidRequest naming the field.
    """
    size, checksum = _measure(content)
    file = ServerProvidedFile(
        registration=registration,
        name=_checked_name(name),
        description=description,
        mime_type=_checked_type(mime_type, name),
        size=size,
        sha256=checksum,
    )
    now = timezone.now()
    file.created = file.modified = now
    file.content.save(file.name, File(content), save=False)
    note_stored(file.content.name)
    _store(file, by=by)
    return file


@transaction.atomic
def _store(file: ServerProvidedFile, *, by: User | str) -> None:
    file.save()
    audit.record(
        "file.uploaded",
        by=by,
        subject=f"file:{file.file_id}",
        registration=file.registration.registration_id,
        details={"size": file.size, "mime_type": file.mime_type, "sha256": file.sha256},
    )


def _measure(content: BinaryIO) -> tuple[int, str]:
    """Return the size and the SHA-256 of a stream, and rewind it."""
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    while piece := content.read(CHUNK):
        digest.update(piece)
        size += len(piece)
    content.seek(0)
    return size, digest.hexdigest()


def _checked_name(name: str) -> str:
    """The name is sent in a header and names a file on the reader's disk."""
    bad = hides(name) or any(char in "/\\" for char in name)
    if not name.strip(". ") or len(name) > MAX_NAME or bad:
        raise InvalidRequest(
            f"name must be a file name of at most {MAX_NAME} characters without a path.",
            field="name",
        )
    return name


def _checked_type(mime_type: str, name: str) -> str:
    chosen = mime_type.strip().lower() or mimetypes.guess_type(name)[0] or UNKNOWN_TYPE
    if not re.match(MIME_TYPE, chosen):
        raise InvalidRequest(
            f'mime_type "{chosen[:100]}" is not a type such as application/pdf.', field="mime_type"
        )
    return chosen
