"""What a registration field is (CDS-WG1-02 3.5), and its JSON in metadata and in rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registration.catalogue.offers import UNSET

MEGABYTE = 1_048_576


class FieldType(StrEnum):
    """The types of registration fields (CDS-WG1-02 3.6)."""

    REGISTRATION_FIELD = "registration_field"
    INTERNAL_REVIEW = "internal_review"
    PAYMENT_REQUIRED = "payment_required"
    EMAIL_VERIFICATION = "email_verification"
    SSO_VERIFICATION = "sso_verification"
    PDF_FORM = "pdf_form"
    ONLINE_FORM = "online_form"

    @property
    def is_flow(self) -> bool:
        """Whether something has to happen after the registration request."""
        return self is not FieldType.REGISTRATION_FIELD


_NULL = "_or_null"


class ValueFormat(StrEnum):
    """The form of a submitted value (CDS-WG1-02 3.7, CDS-WG3-01 5.1, decision 52)."""

    STRING = "string"
    STRING_OR_NULL = "string_or_null"
    URL = "url"
    URL_OR_NULL = "url_or_null"
    EMAIL = "email"
    EMAIL_OR_NULL = "email_or_null"
    BOOLEAN = "boolean"
    BOOLEAN_OR_NULL = "boolean_or_null"
    IMAGE = "image"
    IMAGE_OR_NULL = "image_or_null"
    PDF = "pdf"
    PDF_OR_NULL = "pdf_or_null"
    PURPOSES = "purposes"
    PURPOSES_OR_NULL = "purposes_or_null"
    STRING_LIST = "string_list"
    STRING_LIST_OR_NULL = "string_list_or_null"
    CHOICE = "choice"
    CHOICE_OR_NULL = "choice_or_null"
    CHOICE_LIST = "choice_list"
    CHOICE_LIST_OR_NULL = "choice_list_or_null"

    @property
    def allows_null(self) -> bool:
        """Whether null is a value."""
        return self.value.endswith(_NULL)

    @property
    def base(self) -> "ValueFormat":
        """The same format without null."""
        return ValueFormat(self.value.removesuffix(_NULL))

    @property
    def is_file(self) -> bool:
        """Whether values are Base64 of a file."""
        return self.base in {ValueFormat.IMAGE, ValueFormat.PDF}

    @property
    def has_length(self) -> bool:
        """Whether max_length applies (CDS-WG1-02 3.5)."""
        return self.base in {ValueFormat.STRING, ValueFormat.URL, ValueFormat.EMAIL}

    @property
    def has_choices(self) -> bool:
        """Whether choices apply."""
        return self.base in {ValueFormat.CHOICE, ValueFormat.CHOICE_LIST}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChoice:
    """One value that a choice field accepts."""

    id: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationField:
    """One registration field of this deployment.

    `name` is the short title that pages and Messages use. `default` applies when scopes name a
    `registration_field` as optional and a request omits it. `max_length` counts characters,
    `max_size` bytes before Base64, `amount` is in `currency`. `body` holds the paragraphs of an
    online or PDF form. `is_reviewed` means that staff review each submission; otherwise it is
    accepted at once.
    """

    id: str
    type: FieldType
    name: str
    description: str
    field_name: str = ""
    format: ValueFormat | None = None
    default: object = UNSET
    max_length: int | None = None
    max_size: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    choices: tuple[FieldChoice, ...] = ()
    body: tuple[str, ...] = ()
    is_reviewed: bool = False

    @property
    def is_flow(self) -> bool:
        """Whether something has to happen after the registration request."""
        return self.type.is_flow

    @property
    def takes_file(self) -> bool:
        """Whether a registration request contains a file for it."""
        return self.format is not None and self.format.is_file

    @property
    def waits_for_staff(self) -> bool:
        """Whether staff have to accept a submission. A payer's claim never counts as a payment."""
        return self.is_reviewed or self.type is FieldType.PAYMENT_REQUIRED


def describe(field: RegistrationField, documentation: str, *, is_optional: bool) -> dict[str, Any]:
    """Return the registration field object of the metadata (CDS-WG1-02 3.5).

    `is_optional` tells whether some scope lists the field as optional: only then does a default
    matter.
    """
    described: dict[str, Any] = {
        "id": field.id,
        "type": field.type.value,
        "description": field.description,
        "documentation": documentation,
    }
    if field.type is FieldType.REGISTRATION_FIELD and field.format is not None:
        described |= _describe_value(field, field.format, documentation)
        if is_optional and field.default is not UNSET:
            described["default"] = field.default
    if field.type is FieldType.PAYMENT_REQUIRED:
        described |= {"amount": field.amount, "currency": field.currency}
    return described


def _describe_value(
    field: RegistrationField, format_: ValueFormat, documentation: str
) -> dict[str, Any]:
    described: dict[str, Any] = {"field_name": field.field_name, "format": format_.value}
    if format_.has_length and field.max_length is not None:
        described["max_length"] = field.max_length
    if format_.is_file and field.max_size is not None:
        described["max_size"] = field.max_size
    if format_.has_choices:
        described["choices"] = [
            {**_choice_to_json(choice), "documentation": documentation} for choice in field.choices
        ]
    return described


def _choice_to_json(choice: FieldChoice) -> dict[str, str]:
    return {"id": choice.id, "name": choice.name, "description": choice.description}


_TEXTS = ("field_name", "currency")
_NUMBERS = ("max_length", "max_size")


def to_json(field: RegistrationField) -> dict[str, Any]:
    """Return the settings of a field without its id, as rows store them."""
    data: dict[str, Any] = {
        "type": field.type.value,
        "name": field.name,
        "description": field.description,
        "is_reviewed": field.is_reviewed,
        "body": list(field.body),
        "choices": [_choice_to_json(choice) for choice in field.choices],
    }
    data |= {name: text for name in _TEXTS if (text := getattr(field, name))}
    data |= {name: number for name in _NUMBERS if (number := getattr(field, name)) is not None}
    if field.format is not None:
        data["format"] = field.format.value
    if field.default is not UNSET:
        data["default"] = field.default
    if field.amount is not None:
        data["amount"] = str(field.amount)
    return data


def from_json(field_id: str, row: Mapping[str, Any]) -> RegistrationField:
    """Parse the output of `to_json`. Raises TypeError, KeyError or ValueError for anything else."""
    data = dict(row)
    data["type"] = FieldType(data["type"])
    if "format" in data:
        data["format"] = ValueFormat(data["format"])
    if "amount" in data:
        data["amount"] = Decimal(data["amount"])
    data["body"] = tuple(data.get("body", ()))
    data["choices"] = tuple(FieldChoice(**choice) for choice in data.get("choices", ()))
    return RegistrationField(id=field_id, **data)
