"""Creates, changes and deletes coverage entries and their maps (CDS-WG1-01 4.3)."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.errors import NotFound
from portal.models import User
from registration.errors import InvalidRequest
from registration.models import CoverageEntry, OfferedScope
from registration.services.locks import lock_catalogue
from registration.validation.geojson import GeoJsonError, check_area, parse_geojson

INFRASTRUCTURE_TYPES = (
    "distribution_utility",
    "metering_provider",
    "supplier",
    "generator",
    "market_operator",
    "distribution_service_operator",
    "transmission_service_operator",
    "service_provider",
)
COMMODITY_TYPES = (
    "electricity",
    "natural_gas",
    "fuel_oil",
    "water",
    "wastewater",
    "trash",
    "distributed_energy",
)
EDITABLE = (
    "entity_name",
    "entity_abbreviation",
    "entity_number",
    "country",
    "name",
    "description",
    "type",
    "role",
    "infrastructure_types",
    "commodity_types",
    "capabilities",
    "geojson",
)
_LISTS = {"infrastructure_types": INFRASTRUCTURE_TYPES, "commodity_types": COMMODITY_TYPES}


@transaction.atomic
def save_coverage_entry(
    *, entry_id: str, values: Mapping[str, Any], by: User | str
) -> CoverageEntry:
    """Create or change an entry; equal values have no effect, so `updated` stays correct.

    `values` are columns of CoverageEntry named in EDITABLE. Raises InvalidRequest with the problem.
    """
    _check_names(entry_id, values)
    lock_catalogue()
    entry = CoverageEntry.objects.filter(entry_id=entry_id).first()
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
            check_area(entry.geojson)
        entry.full_clean()
    except (ValidationError, GeoJsonError) as error:
        raise InvalidRequest(f"coverage entry {entry_id}: {error}") from error
    entry.save()
    audit.record(
        "coverage.saved",
        by=by,
        subject=f"coverage:{entry_id}",
        details={"changed": sorted(values)},
    )
    return entry


def upload_geojson(*, entry_id: str, raw: bytes, by: User | str) -> CoverageEntry:
    """Replace the map of an entry with a GeoJSON file.

    Raises NotFound, and InvalidRequest if the file has no area in WGS 84 or is too large.
    """
    if not CoverageEntry.objects.filter(entry_id=entry_id).exists():
        raise NotFound(f"There is no coverage entry {entry_id}.")
    try:
        document = parse_geojson(raw)
    except GeoJsonError as error:
        raise InvalidRequest(f"coverage entry {entry_id}: {error}", field="geojson") from error
    return save_coverage_entry(entry_id=entry_id, values={"geojson": document}, by=by)


@transaction.atomic
def delete_coverage_entry(*, entry_id: str, by: User | str) -> None:
    """Delete an entry.

    Raises NotFound, and InvalidRequest as long as an offered scope names it (CDS-WG1-02 3.4).
    """
    lock_catalogue()
    entry = CoverageEntry.objects.filter(entry_id=entry_id).first()
    if entry is None:
        raise NotFound(f"There is no coverage entry {entry_id}.")
    scopes = OfferedScope.objects.filter(settings__coverages__contains=[entry_id])
    named = sorted(scopes.values_list("scope_id", flat=True))
    if named:
        raise InvalidRequest(
            f"coverage entry {entry_id} cannot be deleted: these scopes name it: {', '.join(named)}"
        )
    entry.delete()
    audit.record("coverage.deleted", by=by, subject=f"coverage:{entry_id}")


def _check_names(entry_id: str, values: Mapping[str, Any]) -> None:
    unknown = sorted(values.keys() - set(EDITABLE))
    if unknown:
        raise InvalidRequest(f"coverage entry {entry_id}: unknown {', '.join(unknown)}")
    for name, known in _LISTS.items():
        foreign = sorted(set(values.get(name, ())) - set(known))
        if foreign:
            raise InvalidRequest(
                f"coverage entry {entry_id}: {name} cannot contain {', '.join(foreign)}; the "
                f"standard defines {', '.join(known)}",
                field=name,
            )
