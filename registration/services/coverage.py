"""Writes coverage entries (CDS-WG1-01 4.3)."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from registration.errors import InvalidRequest
from registration.geojson import GeoJsonError, rings_of
from registration.models import CoverageEntry


@transaction.atomic
def save_coverage_entry(
    *, entry_id: str, values: Mapping[str, Any], by: User | str
) -> CoverageEntry:
    """Create or change an entry; equal values change nothing, so `updated` stays true.

    `values` are columns of CoverageEntry. Raises InvalidRequest naming what is wrong.
    """
    entry = CoverageEntry.objects.select_for_update().filter(entry_id=entry_id).first()
    entry = entry or CoverageEntry(entry_id=entry_id)
    if entry.pk and all(getattr(entry, name) == value for name, value in values.items()):
        return entry
    for name, value in values.items():
        setattr(entry, name, value)
    entry.modified = timezone.now()
    if not entry.pk:
        entry.created = entry.modified
    try:
        if entry.geojson is not None:
            rings_of(entry.geojson)
        entry.full_clean()
    except (ValidationError, GeoJsonError) as error:
        raise InvalidRequest(f"coverage entry {entry_id}: {error}") from error
    entry.save()
    audit.record("coverage.saved", by=by, subject=f"coverage:{entry_id}")
    return entry
