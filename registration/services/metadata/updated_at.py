"""Keeps `updated` of metadata documents correct (CDS-WG1-01 3.2)."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.values import jsontext
from registration.models import PublishedDocument


def updated_at(*, name: str, document: Mapping[str, Any]) -> datetime:
    """Return when a document last changed; a change is detected at the first read after it.

    Reading costs one query; only a changed document writes.
    """
    digest = hashlib.sha256(jsontext.dumps(document)).hexdigest()
    row = PublishedDocument.objects.filter(name=name).first()
    if row is not None and row.digest == digest:
        return row.updated
    return _note_change(name=name, digest=digest)


@transaction.atomic
def _note_change(*, name: str, digest: str) -> datetime:
    now = timezone.now()
    row, is_new = PublishedDocument.objects.select_for_update().get_or_create(
        name=name, defaults={"digest": digest, "updated": now}
    )
    if not is_new and row.digest != digest:
        row.digest, row.updated = digest, now
        row.save(update_fields=["digest", "updated"])
    return row.updated
