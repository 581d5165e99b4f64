"""What one granted authorization details entry opens: objects, optional fields and windows.

Grants keep entries as JSON. This is the one place that reads them back, so that a change of
offers never changes what an old Grant gives (CDS-WG3-01 7). For that a Grant also keeps its
`resolution`: by scope id, the scope type and the Value Formats of the choices that it holds. Scopes
get another id, a choice of value types goes or means another Value Format. It is never on the wire;
`authorization_details` say the same in the standard's words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from portal.values.durations import INFINITE
from portal.values.times import parse_date, parse_datetime
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import FieldCategory, ScopeType, fields, scope_types

VALUE_TYPES = "include_usage_segment_value_types"

Resolution = dict[str, dict[str, Any]]
"""The stored form: `{scope id: {"type": scope type, "value_formats": {choice id: format}}}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAccess:
    """What an entry opens.

    `includes` holds the include fields that count as true, implied ones among them. Datetimes are
    aware and in UTC, dates are local days; None means no bound. `value_types` holds choice ids;
    None stands for usage without values, and `all_value_types` for every value there is.
    """

    scope_id: str
    scope_type: str
    includes: frozenset[str]
    value_types: tuple[str, ...] | None = None
    all_value_types: bool = False
    sync_until: datetime | None = None
    segment_start: datetime | None = None
    segment_end: datetime | None = None
    statement_date_start: date | None = None
    statement_date_end: date | None = None
    start_date: date | None = None
    end_date: date | None = None
    expires: datetime | None = None
    jwk: Mapping[str, Any] | None = None
    preselections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def objects(self) -> frozenset[str]:
        """The standard's object names that this entry gives access to."""
        return objects_turned_on(self.includes)

    @property
    def new_data_until(self) -> datetime | None:
        """When the last new data of this entry comes, None where no end is set.

        Everything comes until `sync_until` (CDS-WG3-01 7.3.1), usage until the end of its window
        when that is earlier. Bills have windows too, but their accounts continue.
        """
        if self.objects != {"UsageSegment"}:
            return self.sync_until if self.objects else None
        return earliest(self.segment_end, self.sync_until)


def effective_includes(values: Mapping[str, Any], scope_type: ScopeType) -> frozenset[str]:
    """Return the include fields that count as true: asked, implied, or following from both.

    Implied values win over what the entry says (CDS-WG3-01 6.1.4), and service contracts together
    with meters bring the service points between them (7.2.2, 7.2.4).
    """
    declared = fields()
    included = set(scope_type.implied) | {
        field_id
        for field_id, value in values.items()
        if value is True
        and field_id in declared
        and declared[field_id].category is FieldCategory.INCLUDE
    }
    for field_id in tuple(included):
        if field_id in declared:
            included |= {then for with_, then in declared[field_id].implies if with_ in included}
    return frozenset(included)


def objects_turned_on(includes: Iterable[str]) -> frozenset[str]:
    """Return the object names that a set of include fields turns on."""
    declared = fields()
    return frozenset(name for field_id in includes for name in declared[field_id].turns_on.objects)


def read_entry(entry: Mapping[str, Any], scope_type: ScopeType) -> EntryAccess:
    """Read an entry with absolute durations, as Grants keep it.

    Raises TimeFormatError when a duration is not absolute, KeyError when `type` is missing.
    """
    declared = fields()
    value_types = entry.get(VALUE_TYPES)
    return EntryAccess(
        scope_id=entry["type"],
        scope_type=scope_type.type,
        includes=effective_includes(entry, scope_type),
        # An empty list asks for no value type, as null does (CDS-WG3-01 7.2.8.1).
        value_types=tuple(value_types) if value_types else None,
        all_value_types=VALUE_TYPES in scope_type.implied and VALUE_TYPES not in entry,
        sync_until=_moment(entry, "sync_until"),
        segment_start=_moment(entry, "segment_start"),
        segment_end=_moment(entry, "segment_end"),
        statement_date_start=_day(entry, "statement_date_start"),
        statement_date_end=_day(entry, "statement_date_end"),
        start_date=_day(entry, "start_date"),
        end_date=_day(entry, "end_date"),
        expires=_moment(entry, "expires"),
        jwk=entry.get("jwk"),
        preselections={
            field_id: tuple(value)
            for field_id, value in entry.items()
            if value is not None
            and field_id in declared
            and declared[field_id].category is FieldCategory.PRESELECTION
        },
    )


def first_end(
    entries: Iterable[Mapping[str, Any]], *, already: datetime | None = None
) -> datetime | None:
    """Return when a Grant with these entries ends: with the first that ends (CDS-WG3-01 7.3.8).

    `already` is an end that it has and keeps, however late its entries end. None means never.
    """
    return earliest(already, *(_moment(entry, "expires") for entry in entries))


def earliest(*ends: datetime | None) -> datetime | None:
    """Return the first of several ends; None stands for one that never comes."""
    return min((end for end in ends if end is not None), default=None)


def _moment(entry: Mapping[str, Any], field_id: str) -> datetime | None:
    text = entry.get(field_id, INFINITE)
    return None if text == INFINITE else parse_datetime(text, zone=UTC)


def _day(entry: Mapping[str, Any], field_id: str) -> date | None:
    text = entry.get(field_id, INFINITE)
    return None if text == INFINITE else parse_date(text)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one scope id of a Grant stands for; `value_formats` by choice id (7.2.8.1)."""

    scope_type: ScopeType
    value_formats: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def resolution_of(
    scope: str,
    entries: Iterable[Mapping[str, Any]],
    offers: Mapping[str, ScopeOffer],
    known: Mapping[str, Mapping[str, Any]] | None = None,
) -> Resolution:
    """Return what a Grant of `scope` with these entries keeps.

    What was granted before (`known`) wins over today's offers.
    """
    known = known or {}
    entries = list(entries)
    resolution: Resolution = {}
    for scope_id in dict.fromkeys((*scope.split(), *(entry["type"] for entry in entries))):
        offer, earlier = offers.get(scope_id), known.get(scope_id)
        if earlier is None and offer is None:
            continue
        formats = _offered_formats(offer) | (earlier["value_formats"] if earlier else {})
        wanted = [
            choice
            for entry in entries
            if entry["type"] == scope_id
            for choice in entry.get(VALUE_TYPES) or ()
        ]
        resolution[scope_id] = {
            "type": earlier["type"] if earlier else offer.type if offer else scope_id,
            "value_formats": {name: formats[name] for name in wanted if name in formats},
        }
    return resolution


def meaning_of(resolution: Mapping[str, Mapping[str, Any]], scope_id: str) -> Meaning | None:
    """Return what a scope id stands for, None if that can no longer be determined.

    Without a stored answer an id that equals a scope type stands for that type.
    """
    stored = resolution.get(scope_id, {"type": scope_id, "value_formats": {}})
    scope_type = scope_types().get(stored["type"])
    return None if scope_type is None else Meaning(scope_type, stored["value_formats"])


def _offered_formats(offer: ScopeOffer | None) -> dict[str, Any]:
    if offer is None:
        return {}
    return {
        choice.id: dict(choice.usagesegment_format)
        for entry in offer.fields
        if entry.id == VALUE_TYPES
        for choice in entry.choices
        if choice.usagesegment_format is not None
    }
