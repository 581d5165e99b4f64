"""Checks submitted registration fields (CDS-WG1-02 3.7, CDS-WG3-01 5.1)."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from portal.http.echoes import echo
from registration.errors import InvalidClientMetadata
from registration.fields.files import SubmittedFile, read_image, read_pdf
from registration.fields.purposes import read_submitted
from registration.fields.types import RegistrationField, ValueFormat
from registration.validation.client_metadata import (
    MAX_CONTACT,
    MAX_URL,
    check_text,
    is_web_url,
)

MAX_STRING = 10_000
MAX_ITEMS = 200

Value = str | bool | list[str] | list[dict[str, Any]] | SubmittedFile | None


def check_value(field: RegistrationField, value: object) -> Value:
    """Return the value to store for a submitted value.

    Raises InvalidClientMetadata with the submitted name of the field and the rule.
    """
    if field.format is None:
        raise ValueError(f"registration field {field.id} does not accept a value")
    if value is None:
        if field.format.allows_null:
            return None
        raise refused(field, "must not be null")
    return _CHECKS[field.format.base](field, value)


def refused(field: RegistrationField, rule: str) -> InvalidClientMetadata:
    """Return the error for one field."""
    return InvalidClientMetadata(f"{field.field_name} {rule}.", field=field.field_name)


def _text(field: RegistrationField, value: object, limit: int, *, is_item: bool = False) -> str:
    limit = min(field.max_length or limit, limit)
    text = check_text(value, field.field_name, limit=limit, is_item=is_item)
    if not text:
        raise refused(field, "must not be empty")
    return text


def _string(field: RegistrationField, value: object) -> str:
    return _text(field, value, MAX_STRING)


def _url(field: RegistrationField, value: object) -> str:
    text = _text(field, value, MAX_URL)
    if not is_web_url(text):
        raise refused(field, "must be an https URL with a host and without a user name")
    return text


def _email(field: RegistrationField, value: object) -> str:
    text = _text(field, value, MAX_CONTACT)
    try:
        validate_email(text)
    except ValidationError as error:
        raise refused(field, "must be an email address such as ops@example.com") from error
    return text


def _boolean(field: RegistrationField, value: object) -> bool:
    if not isinstance(value, bool):
        raise refused(field, "must be true or false")
    return value


def _image(field: RegistrationField, value: object) -> SubmittedFile:
    try:
        return read_image(value, max_size=field.max_size)
    except ValueError as error:
        raise refused(field, str(error)) from error


def _pdf(field: RegistrationField, value: object) -> SubmittedFile:
    try:
        return read_pdf(value, max_size=field.max_size)
    except ValueError as error:
        raise refused(field, str(error)) from error


def _purposes(field: RegistrationField, value: object) -> list[dict[str, Any]]:
    try:
        return read_submitted(value)
    except ValueError as error:
        raise refused(field, str(error)) from error


def _string_list(field: RegistrationField, value: object) -> list[str]:
    if not isinstance(value, list):
        raise refused(field, f"must be an array of 1 to {MAX_ITEMS} strings")
    if not 1 <= len(value) <= MAX_ITEMS:
        raise refused(field, f"must have 1 to {MAX_ITEMS} items, not {len(value)}: {echo(value)}")
    return [_text(field, item, MAX_STRING, is_item=True) for item in value]


def _choice(field: RegistrationField, value: object) -> str:
    ids = [choice.id for choice in field.choices]
    if not isinstance(value, str) or value not in ids:
        allowed = [*ids, *(["null"] if field.format and field.format.allows_null else [])]
        raise refused(field, f"must be one of: {', '.join(allowed)}; not {echo(value)}")
    return value


def _choice_list(field: RegistrationField, value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise refused(field, "must be an array of at least one choice")
    return list(dict.fromkeys(_choice(field, item) for item in value))


_CHECKS: Mapping[ValueFormat, Callable[[RegistrationField, object], Value]] = {
    ValueFormat.STRING: _string,
    ValueFormat.URL: _url,
    ValueFormat.EMAIL: _email,
    ValueFormat.BOOLEAN: _boolean,
    ValueFormat.IMAGE: _image,
    ValueFormat.PDF: _pdf,
    ValueFormat.PURPOSES: _purposes,
    ValueFormat.STRING_LIST: _string_list,
    ValueFormat.CHOICE: _choice,
    ValueFormat.CHOICE_LIST: _choice_list,
}
