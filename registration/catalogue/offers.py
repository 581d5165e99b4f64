"""What a deployment offers under one scope id, and its scope description (CDS-WG1-02 3.4)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from enum import Enum
from typing import Any, Final, Protocol

from portal.values.durations import Direction
from registration.catalogue.formats import FieldFormat, Limits, check_value
from registration.catalogue.types import (
    AuthorizationDetailsField,
    ScopeKind,
    ScopeType,
    fields,
    scope_types,
)


class Unset(Enum):
    """Marks "not set" where null is a value."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice of a field (CDS-WG1-02 3.10, CDS-WG3-01 5.2).

    `usagesegment_format` is a Value Format object, used only in choices of
    include_usage_segment_value_types. `documentation` replaces the docs page of this server.
    """

    id: str
    name: str
    description: str
    usagesegment_format: Mapping[str, object] | None = None
    documentation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOffer:
    """The settings of one offered field; unset ones come from the field's declaration."""

    id: str
    format: FieldFormat | None = None
    default: object = UNSET
    maximum: object = UNSET
    minimum: object = UNSET
    choices: tuple[Choice, ...] = ()
    is_required: bool | None = None
    name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeOffer:
    """What a deployment offers under one scope id.

    `id` is what clients send, `type` is one of the registered scope types. Empty `name`,
    `description` and `documentation` fall back to the scope type and to the docs page. `coverages`
    holds coverage entry ids; `fields` holds the offered fields in the order they are published.
    """

    id: str
    type: str
    name: str = ""
    description: str = ""
    documentation: str = ""
    coverages: tuple[str, ...] = ()
    fields: tuple[FieldOffer, ...] = ()
    registration_requirements: tuple[str, ...] = ()
    registration_optional: tuple[str, ...] = ()
    grant_admin_scope: str | None = None
    auth_methods: tuple[str, ...] = ("client_secret_basic",)

    @property
    def scope_type(self) -> ScopeType:
        """The registered scope type. Raises KeyError when it is not registered."""
        return scope_types()[self.type]

    def with_field(self, entry: FieldOffer) -> "ScopeOffer":
        """Return the offer with one field replaced, such as the purposes of one Client (7.4.4)."""
        return replace(
            self,
            fields=tuple(entry if old.id == entry.id else old for old in self.fields),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedField:
    """A field as one scope id offers it: the declaration with every setting filled in."""

    declared: AuthorizationDetailsField
    format: FieldFormat
    default: object
    maximum: object
    minimum: object
    choices: tuple[Choice, ...]
    is_required: bool
    name: str
    description: str
    special_values: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.declared.id

    @property
    def choice_ids(self) -> tuple[str, ...]:
        return tuple(choice.id for choice in self.choices)

    def check(self, value: object, *, now: datetime, zone: tzinfo) -> object:
        """Return a submitted value in the form that is kept. Raises FormatError."""
        return check_value(self.format, value, self.limits(now=now, zone=zone))

    def limits(self, *, now: datetime | None = None, zone: tzinfo = UTC) -> Limits:
        """Return the limits that `formats.check_value` compares submitted values with."""
        return Limits(
            maximum=self.maximum,
            minimum=self.minimum,
            choices=self.choice_ids,
            special_values=self.special_values,
            direction=self.declared.direction or Direction.ADD,
            now=now or datetime.now(tz=UTC),
            zone=zone,
        )


class ScopeUrls(Protocol):
    """Builds the URLs that scope descriptions link to."""

    def documentation(self, scope_id: str, anchor: str = "") -> str:
        """Return the absolute URL of a scope's docs page, or of one anchor on it."""


def anchor(field_id: str, choice_id: str | None = None) -> str:
    """Return the HTML id of a field or choice on the docs page of its scope."""
    parts = (field_id,) if choice_id is None else (field_id, choice_id)
    return "--".join(re.sub(r"[^A-Za-z0-9_-]", "-", part) for part in parts)


def offered_fields(offer: ScopeOffer) -> dict[str, OfferedField]:
    """Return the fields of an offer by id, with defaults and limits filled in.

    Fields that the standard fixes for a scope type (CDS-WG1-02 3.3) need no setting. Raises
    KeyError for a scope type or field that is not registered.
    """
    scope_type = offer.scope_type
    settings = offer.fields
    if not settings and scope_type.kind in {ScopeKind.ADMIN, ScopeKind.SERVER_GRANTED}:
        settings = tuple(FieldOffer(id=field_id) for field_id in scope_type.fields_required)
    known = fields()
    return {entry.id: _offered(entry, known[entry.id], scope_type) for entry in settings}


def _offered(
    entry: FieldOffer, declared: AuthorizationDetailsField, scope_type: ScopeType
) -> OfferedField:
    default = entry.default
    is_implied = entry.id in scope_type.implied
    if is_implied and not entry.choices:
        # Overrides the settings of staff: a scope type's own access cannot be off by default.
        default = True
    elif default is UNSET and is_implied:
        # The value types of a query scope are implied "true", meaning every choice.
        default = tuple(choice.id for choice in entry.choices)
    elif default is UNSET:
        default = scope_type.field_defaults.get(entry.id, declared.default)
    is_consent = scope_type.kind is ScopeKind.CUSTOMER_CONSENT
    return OfferedField(
        declared=declared,
        format=entry.format or declared.formats[0],
        default=tuple(default) if isinstance(default, list) else default,
        maximum=declared.maximum if entry.maximum is UNSET else entry.maximum,
        minimum=declared.minimum if entry.minimum is UNSET else entry.minimum,
        choices=entry.choices,
        is_required=declared.is_required if entry.is_required is None else entry.is_required,
        name=entry.name or declared.name,
        description=entry.description or declared.description,
        special_values=tuple(declared.special_values) if is_consent else (),
    )


def describe(offer: ScopeOffer, urls: ScopeUrls) -> dict[str, Any]:
    """Return the scope description of an offer (CDS-WG1-02 3.4)."""
    scope_type = offer.scope_type
    has_types = bool(scope_type.fields_required or offer.fields)
    description: dict[str, Any] = {
        "id": offer.id,
        "type": offer.type,
        "name": offer.name or scope_type.title,
        "description": offer.description or scope_type.description,
        "documentation": offer.documentation or urls.documentation(offer.id),
        "registration_requirements": list(offer.registration_requirements),
        "registration_optional": list(offer.registration_optional),
        "response_types_supported": list(scope_type.response_types),
        "grant_types_supported": list(scope_type.grant_types),
        "token_endpoint_auth_methods_supported": list(offer.auth_methods),
        "code_challenge_methods_supported": list(scope_type.code_challenge_methods),
        "coverages_supported": list(offer.coverages),
        "grant_admin_scope": offer.grant_admin_scope,
        # The type of an entry is the scope id; entries have no ids of their own.
        "authorization_details_types_supported": [offer.id] if has_types else [],
        "authorization_details_fields_supported": [
            _describe_field(offer, entry, urls) for entry in offered_fields(offer).values()
        ],
    }
    return description | dict(scope_type.fixed)


def _describe_field(offer: ScopeOffer, entry: OfferedField, urls: ScopeUrls) -> dict[str, Any]:
    """Return an authorization details field object (CDS-WG1-02 3.8)."""
    described: dict[str, Any] = {
        "id": entry.id,
        "name": entry.name,
        "description": entry.description,
        "documentation": urls.documentation(offer.id, anchor(entry.id)),
        "for_types": [offer.id],
        "format": entry.format.value,
        "is_required": entry.is_required,
    }
    if not entry.is_required:
        default = entry.default
        described["default"] = list(default) if isinstance(default, tuple) else default
    if entry.format.has_bounds:
        described |= {"maximum": entry.maximum, "minimum": entry.minimum}
    if entry.format.has_choices:
        described["choices"] = [
            _describe_choice(offer, entry.id, choice, urls) for choice in entry.choices
        ]
    return described


def _describe_choice(
    offer: ScopeOffer, field_id: str, choice: Choice, urls: ScopeUrls
) -> dict[str, Any]:
    """Return a choice object (CDS-WG1-02 3.10)."""
    described: dict[str, Any] = {
        "id": choice.id,
        "name": choice.name,
        "description": choice.description,
        "documentation": choice.documentation
        or urls.documentation(offer.id, anchor(field_id, choice.id)),
    }
    if choice.usagesegment_format is not None:
        described["usagesegment_format"] = dict(choice.usagesegment_format)
    return described


def fields_to_json(entries: Iterable[FieldOffer]) -> list[dict[str, Any]]:
    """Return field settings as JSON without unset ones, the form that rows store."""
    return [_field_to_json(entry) for entry in entries]


def _field_to_json(entry: FieldOffer) -> dict[str, Any]:
    data: dict[str, Any] = {"id": entry.id}
    if entry.format is not None:
        data["format"] = entry.format.value
    for key in ("default", "maximum", "minimum"):
        value = getattr(entry, key)
        if value is not UNSET:
            data[key] = list(value) if isinstance(value, tuple) else value
    if entry.choices:
        data["choices"] = [_choice_to_json(choice) for choice in entry.choices]
    if entry.is_required is not None:
        data["is_required"] = entry.is_required
    return data | {key: text for key in ("name", "description") if (text := getattr(entry, key))}


def _choice_to_json(choice: Choice) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": choice.id,
        "name": choice.name,
        "description": choice.description,
    }
    if choice.usagesegment_format is not None:
        data["usagesegment_format"] = dict(choice.usagesegment_format)
    if choice.documentation:
        data["documentation"] = choice.documentation
    return data


def fields_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[FieldOffer, ...]:
    """Parse the output of `fields_to_json`. Raises TypeError or ValueError for anything else."""
    return tuple(_field_from_json(row) for row in rows)


def _field_from_json(row: Mapping[str, Any]) -> FieldOffer:
    data = dict(row)
    if "format" in data:
        data["format"] = FieldFormat(data["format"])
    if isinstance(data.get("default"), list):
        data["default"] = tuple(data["default"])
    data["choices"] = tuple(Choice(**choice) for choice in data.get("choices", ()))
    return FieldOffer(**data)
