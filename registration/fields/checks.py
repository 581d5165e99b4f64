"""Finds registration fields that the standard forbids, and explains them to staff."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from registration.catalogue.offers import UNSET
from registration.errors import InvalidClientMetadata
from registration.fields.types import FieldType, RegistrationField, ValueFormat
from registration.fields.values import check_value

PREFIX = "cds_"
MAX_AMOUNT = 10**10
_FIELD_NAME = re.compile(r"cds_[a-z0-9_]{1,90}")
_CURRENCY = re.compile(r"[A-Z]{3}")

# Registration requests and Client objects use these names for something else (CDS-WG1-02 5.1).
RESERVED_NAMES = frozenset(
    {
        "cds_created",
        "cds_modified",
        "cds_client_uri",
        "cds_status",
        "cds_status_options",
        "cds_server_metadata",
        "cds_default_scope",
        "cds_default_redirect_uri",
        "cds_default_authorization_details",
    }
)


def check_fields(fields: Mapping[str, RegistrationField]) -> list[str]:
    """Return the problems of a set of fields, one sentence each; empty when there are none."""
    problems = [problem for field in fields.values() for problem in check_field(field)]
    return problems + [
        f"two fields are submitted as {name}" for name in _repeated(_names(fields.values()))
    ]


def check_field(field: RegistrationField) -> list[str]:
    """Return the problems of one field (CDS-WG1-02 3.5, 3.6)."""
    checks = [*_check_texts(field)]
    if field.type is FieldType.REGISTRATION_FIELD:
        checks += _check_submitted(field)
    elif field.field_name or field.format or field.default is not UNSET:
        checks.append("only fields of the type registration_field are submitted in the request")
    if field.type is FieldType.PAYMENT_REQUIRED:
        checks += _check_payment(field)
    if field.type in {FieldType.ONLINE_FORM, FieldType.PDF_FORM} and not field.body:
        checks.append("a form needs a body")
    return [f"{field.id}: {problem}" for problem in checks]


def optional_without_default(
    scopes: Iterable[tuple[str, Sequence[str]]], fields: Mapping[str, RegistrationField]
) -> list[str]:
    """Return the problems of the fields that each scope names as optional (CDS-WG1-02 3.6)."""
    return [
        f"{scope_id}: the optional registration field {name} needs a default"
        for scope_id, names in scopes
        for name in names
        if name in fields
        and fields[name].type is FieldType.REGISTRATION_FIELD
        and fields[name].default is UNSET
    ]


def _names(fields: Iterable[RegistrationField]) -> list[str]:
    return [field.field_name for field in fields if field.field_name]


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _check_texts(field: RegistrationField) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", field.id):
        yield "the id can only contain letters, digits, - and _"
    if not field.description.strip() or not field.name.strip():
        yield "a name and a description are needed"


def _check_submitted(field: RegistrationField) -> Iterator[str]:
    """CDS-WG1-02 3.5, decision 21: the prefix is required, whatever the examples show."""
    if not _FIELD_NAME.fullmatch(field.field_name):
        yield (
            f"field_name must start with {PREFIX} and continue with lowercase letters, digits and _"
        )
    if field.field_name in RESERVED_NAMES:
        yield f"{field.field_name} has another meaning in Client objects"
    if field.format is None:
        yield "a format is needed"
        return
    yield from _check_limits(field, field.format)
    if field.default is not UNSET and not field.format.is_file:
        try:
            check_value(field, field.default)
        except InvalidClientMetadata as error:
            yield f"the default does not match the format: {error.message}"
    if field.format.is_file and field.default not in (UNSET, None):
        yield "the default of a file can only be null"


def _check_limits(field: RegistrationField, format_: ValueFormat) -> Iterator[str]:
    if field.max_length is not None and not format_.has_length:
        yield "max_length is only for strings, URLs and email addresses"
    if field.max_size is not None and not format_.is_file:
        yield "max_size is only for images and PDF files"
    for name in ("max_length", "max_size"):
        limit = getattr(field, name)
        if limit is not None and limit < 1:
            yield f"{name} must be at least 1"
    ids = [choice.id for choice in field.choices]
    if ids and not format_.has_choices:
        yield "choices are only for choice formats"
    if format_.has_choices and not ids and not format_.allows_null:
        yield "at least one choice is needed because the format does not accept null"
    if len(set(ids)) != len(ids):
        yield "the same choice is listed twice"
    for choice in field.choices:
        if not choice.name.strip() or not choice.description.strip():
            yield f"choice {choice.id} needs a name and a description"
    if format_.base is ValueFormat.PURPOSES and field.default not in (UNSET, None):
        yield "the default of purposes can only be null"


def _check_payment(field: RegistrationField) -> Iterator[str]:
    if field.amount is None or not 0 < field.amount < MAX_AMOUNT:
        yield f"a payment needs an amount above zero and below {MAX_AMOUNT}"
    if not _CURRENCY.fullmatch(field.currency):
        yield "a payment needs a currency code of three capital letters (ISO 4217)"
