"""Stores the bills that customers received, as files (CDS-WG3-01 10.5.1 `file_uri`)."""

import hashlib
import re

from django.core.files.base import ContentFile
from django.db import transaction

from customerdata.kinds.state import InvalidStructure
from customerdata.models import BillFile, Customer
from customerdata.models.bill_statement import MIME_TYPE
from registration.services.storage.stored_files import no_orphans, note_stored

MAX_NAME = 255


@no_orphans()
@transaction.atomic
def store_bill_file(
    *, customer: Customer, name: str, content: bytes, mime_type: str = "application/pdf"
) -> BillFile:
    """Store a customer's bill; storing the same file again returns the same row.

    No token opens the file until a bill statement refers to it. Raises InvalidStructure for an
    invalid name or type, and for an empty file.
    """
    _check(name, content, mime_type)
    # One writer per customer, as for structure, so that two runs at once store one file.
    Customer.objects.select_for_update().get(pk=customer.pk)
    checksum = hashlib.sha256(content).hexdigest()
    file = BillFile(
        customer=customer, name=name, mime_type=mime_type, size=len(content), sha256=checksum
    )
    known = BillFile.objects.filter(
        customer=customer, name=name, mime_type=mime_type, sha256=checksum
    ).first()
    if known is not None:
        return known
    file.content.save(name, ContentFile(content), save=False)
    note_stored(file.content.name)
    file.save()
    return file


def _check(name: str, content: bytes, mime_type: str) -> None:
    if not name.strip(". ") or len(name) > MAX_NAME or re.search(r"[/\\\x00-\x1f]", name):
        raise InvalidStructure(f"{name[:100]!r} is not a valid file name.")
    if not re.fullmatch(MIME_TYPE, mime_type):
        raise InvalidStructure(f"{mime_type[:100]!r} is not a media type such as application/pdf.")
    if not content:
        raise InvalidStructure(f"The file {name} is empty.")
