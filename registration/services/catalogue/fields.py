"""Registration fields of the deployment, and what registration requests say in them (3.5)."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from registration import urls_of
from registration.catalogue.offers import UNSET, ScopeOffer
from registration.errors import InvalidClientMetadata, OffersInvalid
from registration.fields.checks import check_fields, optional_without_default
from registration.fields.files import SubmittedFile
from registration.fields.standard import standard_fields
from registration.fields.types import RegistrationField, ValueFormat, describe, from_json, to_json
from registration.fields.values import Value, check_value
from registration.models import OfferedScope, Registration
from registration.models.field import OfferedRegistrationField, RegistrationFile
from registration.services.locks import lock_catalogue
from registration.services.storage.stored_files import no_orphans, note_stored

REQUIREMENTS_PATH = "/onboarding/"

Fields = Mapping[str, RegistrationField]


def current_fields() -> dict[str, RegistrationField]:
    """Return all registration fields by id: the standard ones, as changed and extended by staff."""
    rows = {
        row.field_id: from_json(row.field_id, row.settings)
        for row in OfferedRegistrationField.objects.all()
    }
    return standard_fields() | rows


@transaction.atomic
def set_field(*, field: RegistrationField, by: User | str) -> OfferedRegistrationField:
    """Add or change a registration field. Raises OffersInvalid with every rule that is violated."""
    lock_catalogue()
    problems = check_fields(current_fields() | {field.id: field})
    problems += optional_without_default(_optional_in(field.id), {field.id: field})
    if problems:
        raise OffersInvalid(" ".join(f"{problem}." for problem in problems))
    row, _ = OfferedRegistrationField.objects.update_or_create(
        field_id=field.id, defaults={"settings": to_json(field), "modified": timezone.now()}
    )
    audit.record("registration_field.set", by=by, subject=f"registration_field:{field.id}")
    return row


def _optional_in(field_id: str) -> list[tuple[str, Sequence[str]]]:
    """Return the offered scopes that name a field as optional, with all their optional fields."""
    rows = OfferedScope.objects.filter(settings__registration_optional__contains=[field_id])
    return [(row.scope_id, row.settings["registration_optional"]) for row in rows.order_by("pk")]


def documentation_url(field_id: str) -> str:
    """Return the URL of a field's documentation: steps, fees, the blank form (CDS-WG1-02 3.6)."""
    return f"{urls_of.portal_url(REQUIREMENTS_PATH)}#{field_id}"


def fields_of(offers: Iterable[ScopeOffer]) -> dict[str, RegistrationField]:
    """Return the fields that scope descriptions name, in the same order."""
    known = current_fields()
    named = [
        field_id
        for offer in offers
        for field_id in (*offer.registration_requirements, *offer.registration_optional)
    ]
    return {field_id: known[field_id] for field_id in dict.fromkeys(named) if field_id in known}


def described_fields(offers: Iterable[ScopeOffer]) -> dict[str, Any]:
    """Return `cds_registration_fields` of these scope descriptions (CDS-WG1-02 3.2)."""
    offers = list(offers)
    optional = {field_id for offer in offers for field_id in offer.registration_optional}
    return {
        field_id: describe(field, documentation_url(field_id), is_optional=field_id in optional)
        for field_id, field in fields_of(offers).items()
    }


def required_flows(offers: Iterable[ScopeOffer]) -> dict[str, list[str]]:
    """Return the ids of fields that require an action, each with the scopes that wait for it."""
    known, needed = current_fields(), dict[str, list[str]]()
    for offer in offers:
        for field_id in offer.registration_requirements:
            if field_id in known and known[field_id].is_flow:
                needed.setdefault(field_id, []).append(offer.id)
    return needed


def read_fields(payload: Mapping[str, Any], offers: Iterable[ScopeOffer]) -> dict[str, Value]:
    """Return the values of a registration request by field id, defaults of optional ones filled in.

    A field that is required by one scope and optional in another is required (CDS-WG1-02 3.4, 3.5).
    Fields that no requested scope names are unknown and ignored (RFC 7591 2). Raises
    InvalidClientMetadata naming the field and the rule, or the scope that needs it.
    """
    wanted = list(offers)
    values: dict[str, Value] = {}
    for field_id, field in fields_of(wanted).items():
        if field.is_flow:
            continue
        if field.field_name in payload:
            values[field_id] = check_value(field, payload[field.field_name])
            continue
        _check_not_required(field, wanted)
        if field.default is not UNSET:
            values[field_id] = check_value(field, field.default)
    return values


def _check_not_required(field: RegistrationField, offers: Iterable[ScopeOffer]) -> None:
    scopes = [offer.id for offer in offers if field.id in offer.registration_requirements]
    if scopes:
        raise InvalidClientMetadata(
            f"{field.field_name} is required for {', '.join(scopes)}: {field.description} See "
            f"{documentation_url(field.id)}",
            field=field.field_name,
        )


def submitted_purposes(values: Mapping[str, Value]) -> list[dict[str, Any]]:
    """Return the purposes among submitted values (CDS-WG3-01 5.1)."""
    known = current_fields()
    return [
        item
        for field_id, value in values.items()
        if isinstance(value, list) and _is_purposes(known[field_id])
        for item in value
        if isinstance(item, dict)
    ]


def _is_purposes(field: RegistrationField) -> bool:
    return field.format is not None and field.format.base is ValueFormat.PURPOSES


def store_fields(*, registration: Registration, values: Mapping[str, Value]) -> None:
    """Store submitted values with a new registration, and files as files."""
    registration.fields = {
        field_id: (
            _file_reference(store_file(registration=registration, field_id=field_id, file=value))
            if isinstance(value, SubmittedFile)
            else value
        )
        for field_id, value in values.items()
    }
    registration.save(update_fields=["fields"])


def _file_reference(stored: RegistrationFile) -> dict[str, Any]:
    return {"file_id": stored.file_id, "mime_type": stored.mime_type, "size": stored.size}


@no_orphans()
def store_file(
    *, registration: Registration, field_id: str, file: SubmittedFile
) -> RegistrationFile:
    """Store a checked file of a registration."""
    stored = RegistrationFile(
        registration=registration,
        field_id=field_id,
        mime_type=file.mime_type,
        size=len(file.content),
        sha256=hashlib.sha256(file.content).hexdigest(),
    )
    stored.content.save("upload", ContentFile(file.content), save=False)
    note_stored(stored.content.name)
    stored.save(force_insert=True)
    return stored
