"""Authorization details: from a request to checked values, to absolute values, to the wire.

Pure functions: the caller hands in the offers that the client may use, so a scope id outside them
is unknown. Values are JSON (lists as tuples); durations are strings in the form we write.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import cache
from types import MappingProxyType
from typing import Any

from portal.errors import DomainError
from portal.values.durations import Direction, absolute_date, absolute_datetime
from registration.catalogue.formats import FieldFormat, FormatError
from registration.catalogue.offers import OfferedField, ScopeOffer, offered_fields
from registration.catalogue.types import (
    AuthorizationDetailsField,
    FieldCategory,
    ScopeKind,
    ScopeType,
    fields,
)

Fields = Mapping[str, OfferedField]

MAX_ENTRIES = 100
"""More entries than this are refused unread: one request never needs them."""


class InvalidScope(DomainError):
    """A scope of the request is not offered to the client (RFC 6749 4.1.2.1)."""

    code = "invalid_scope"


class InvalidAuthorizationDetails(DomainError):
    """An authorization details entry breaks a rule (RFC 9396 5)."""

    code = "invalid_authorization_details"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedAccess:
    """What one scope id, or one authorization details entry, asks for.

    `values` holds every field that the scope offers, defaults filled in. `selection_type` is None
    where no customer selects anything.
    """

    scope_id: str
    scope_type: str
    values: Mapping[str, Any]
    selection_type: str | None = None

    def with_values(self, values: Mapping[str, Any]) -> "RequestedAccess":
        """Return the same access with some values replaced, such as resolved durations."""
        return replace(self, values=MappingProxyType({**self.values, **values}))


def parse_request(
    scope_ids: Sequence[str],
    authorization_details: Sequence[Mapping[str, Any]] | None,
    offers: Mapping[str, ScopeOffer],
    *,
    now: datetime | None = None,
    zone: tzinfo = UTC,
) -> tuple[RequestedAccess, ...]:
    """Return what a request asks for, one access per entry and per scope id without entries.

    Entries are judged together as well: one request makes one Grant, with one key, end and form.
    Raises InvalidScope and InvalidAuthorizationDetails. CDS-WG1-02 3.8, CDS-WG3-01 6 and 7.
    """
    moment = now or datetime.now(tz=UTC)
    accesses = parse_accesses(scope_ids, authorization_details, offers, now=moment, zone=zone)
    _check_one_key(accesses)
    _check_one_end(accesses, moment, zone)
    _check_merges(accesses)
    return accesses


def parse_accesses(
    scope_ids: Sequence[str],
    authorization_details: Sequence[Mapping[str, Any]] | None,
    offers: Mapping[str, ScopeOffer],
    *,
    now: datetime,
    zone: tzinfo,
) -> tuple[RequestedAccess, ...]:
    """Return the accesses, each judged on its own.

    Scope ids come first in their order; entries of other offered scopes follow, as they add to
    the `scope` parameter (CDS-WG1-02 8.1). Raises InvalidScope and InvalidAuthorizationDetails.
    """
    for scope_id in scope_ids:
        if scope_id not in offers:
            raise InvalidScope(
                f"unknown scope {scope_id[:100]}; available: {', '.join(offers)}",
                field="scope",
            )
    # The fields of a scope are put together once, however many entries it has.
    fields_of = cache(lambda scope_id: offered_fields(offers[scope_id]))
    entries = _entries_by_scope(scope_ids, authorization_details, offers, fields_of)
    return tuple(
        _parse_entry(entry, offers[scope_id], fields_of(scope_id), now, zone)
        for scope_id, scope_entries in entries.items()
        for entry in scope_entries or [{}]
    )


def _entries_by_scope(
    scope_ids: Sequence[str],
    details: Sequence[Mapping[str, Any]] | None,
    offers: Mapping[str, ScopeOffer],
    fields_of: Callable[[str], Fields],
) -> dict[str, list[Mapping[str, Any]]]:
    entries: dict[str, list[Mapping[str, Any]]] = {scope_id: [] for scope_id in scope_ids}
    if details is None:
        return entries
    if not isinstance(details, list | tuple) or len(details) > MAX_ENTRIES:
        raise InvalidAuthorizationDetails(
            f"must be an array of at most {MAX_ENTRIES} objects",
            field="authorization_details",
        )
    for entry in details:
        scope_id = entry.get("type") if isinstance(entry, Mapping) else None
        if not isinstance(scope_id, str):
            raise InvalidAuthorizationDetails(
                "each entry must be an object with a type",
                field="authorization_details",
            )
        if scope_id not in offers:
            raise InvalidAuthorizationDetails(
                f"unknown type {scope_id[:100]}; available: {', '.join(offers)}",
                field="type",
            )
        if not fields_of(scope_id):
            raise InvalidAuthorizationDetails(f"{scope_id} takes no details", field="type")
        entries.setdefault(scope_id, []).append(entry)
        # One token opens one Grant or file, although CDS-WG1-02 9 speaks of several entries.
        if offers[scope_id].scope_type.kind is ScopeKind.ADMIN and len(entries[scope_id]) > 1:
            raise InvalidAuthorizationDetails(
                f"{scope_id} takes exactly one entry", field="authorization_details"
            )
    return entries


def _parse_entry(
    entry: Mapping[str, Any], offer: ScopeOffer, offered: Fields, now: datetime, zone: tzinfo
) -> RequestedAccess:
    unknown = [name for name in entry if name != "type" and name not in offered]
    if unknown:
        name = str(unknown[0])[:100]
        raise InvalidAuthorizationDetails(
            f"{offer.id} has no field {name}; available: {', '.join(offered)}",
            field=name,
        )
    scope_type = offer.scope_type
    values: dict[str, Any] = {
        field.id: _value(entry, field, scope_type, now=now, zone=zone) for field in offered.values()
    }
    _check_rejections(values, scope_type)
    return RequestedAccess(
        scope_id=offer.id,
        scope_type=offer.type,
        values=MappingProxyType(values),
        selection_type=values.get("authorization_form_selection_type"),
    )


def _value(
    entry: Mapping[str, Any],
    field: OfferedField,
    scope_type: ScopeType,
    *,
    now: datetime,
    zone: tzinfo,
) -> object:
    if field.id not in entry:
        if field.is_required:
            raise InvalidAuthorizationDetails(f"{field.id} is required", field=field.id)
        return field.default
    value = entry[field.id]
    try:
        checked = field.check(value, now=now, zone=zone)
    except FormatError as error:
        raise InvalidAuthorizationDetails(f"{field.id} {error}", field=field.id) from error
    if scope_type.kind is ScopeKind.DIRECT_ACCESS and isinstance(checked, tuple):
        _refuse_special_values(field, checked)
    if field.id in scope_type.implied and field.format is FieldFormat.BOOLEAN:
        # What a scope gives on its own cannot be switched off (CDS-WG3-01 6.1.4 and others).
        return True
    return checked


def _refuse_special_values(field: OfferedField, items: tuple[str, ...]) -> None:
    """Special values speak of a form, which direct access does not have (7.1.1)."""
    for item in items:
        if item in field.declared.special_values:
            raise InvalidAuthorizationDetails(
                f"{field.id} takes {item} only where a customer is asked",
                field=field.id,
            )


def _check_rejections(values: Mapping[str, object], scope_type: ScopeType) -> None:
    for rejection in scope_type.rejections:
        value = values.get(rejection.field)
        # An empty list names no more than null does, so it cannot be a way round the rule.
        if value == rejection.value or (rejection.value is None and value == ()):
            word = str(rejection.value).lower() if rejection.value is not None else "null"
            raise InvalidAuthorizationDetails(
                f"{rejection.field} must not be {word} in {scope_type.type}",
                field=rejection.field,
            )


def _check_one_key(accesses: Sequence[RequestedAccess]) -> None:
    """All customer data scopes of a request share one key (CDS-WG3-01 7.4.6)."""
    keys = [access.values["jwk"] for access in accesses if "jwk" in access.values]
    if any(key != keys[0] for key in keys):
        raise InvalidAuthorizationDetails(
            "jwk must be the same in every entry of the request", field="jwk"
        )


def _check_one_end(accesses: Sequence[RequestedAccess], now: datetime, zone: tzinfo) -> None:
    """One request makes one Grant, whose `expires` is the value of the field (CDS-WG3-01 7.3.8).

    Several entries of one scope are no exception: unlike windows, the end is not theirs.
    """
    expires = fields().get("expires")
    ends = [
        (access.scope_id, _absolute(expires, access.values["expires"], now=now, zone=zone))
        for access in accesses
        if "expires" in access.values
    ]
    if len({end for _, end in ends}) > 1:
        raise InvalidAuthorizationDetails(
            "expires must be the same in every entry of the request, since a Grant ends as a "
            f"whole; it is {', '.join(dict.fromkeys(f'{end} in {name}' for name, end in ends))}",
            field="expires",
        )


def _check_merges(accesses: Sequence[RequestedAccess]) -> None:
    """CDS-WG3-01 7.4.2."""
    for access in accesses:
        name = access.values.get("merge_selection_with")
        if name is None:
            continue
        partner = _merge_partner(access, accesses)
        if partner is None:
            raise InvalidAuthorizationDetails(
                f"{access.scope_id} merges with {name[:100]}, no other scope of the request",
                field="merge_selection_with",
            )
        problem = _merge_problem(access, partner)
        if problem:
            raise InvalidAuthorizationDetails(
                f"{access.scope_id} cannot merge with {name[:100]}: {problem}",
                field="merge_selection_with",
            )


def _merge_partner(
    access: RequestedAccess, accesses: Sequence[RequestedAccess]
) -> RequestedAccess | None:
    name = access.values.get("merge_selection_with")
    others = (other for other in accesses if other is not access and other.scope_id == name)
    return next(others, None)


def _merge_problem(one: RequestedAccess, other: RequestedAccess) -> str:
    if other.values.get("merge_selection_with") is None:
        return f"merge_selection_with of {other.scope_id} is null"
    if one.selection_type != other.selection_type:
        return "the selection types differ"
    if one.values.get("purpose") != other.values.get("purpose"):
        return "the purposes differ"
    both = one.values.keys() & other.values.keys()
    modifiable = "allow_scope_modifications"
    if modifiable in both and one.values[modifiable] != other.values[modifiable]:
        return f"{modifiable} differs"
    for field_id in sorted({*preselections_in(one.values), *preselections_in(other.values)}):
        values = [access.values[field_id] for access in (one, other) if field_id in access.values]
        if len(values) == 1 and values[0] is not None:
            return f"{field_id} exists in one of them only and is not null"
        if len(values) == 2 and _as_set(values[0]) != _as_set(values[1]):
            return f"{field_id} differs"
    return ""


def preselections_in(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of some field ids that are preselections, in their order (CDS-WG3-01 7.1)."""
    declared = fields()
    return tuple(
        name
        for name in names
        if name in declared and declared[name].category is FieldCategory.PRESELECTION
    )


def _as_set(value: Any) -> frozenset[str] | None:
    return None if value is None else frozenset(value)


def selection_groups(
    accesses: Sequence[RequestedAccess],
) -> tuple[tuple[RequestedAccess, ...], ...]:
    """Return the request sections of the form: merged accesses together, others alone (7.4.2)."""
    group = list(range(len(accesses)))
    for index, access in enumerate(accesses):
        partner = _merge_partner(access, accesses)
        if partner is not None:
            near, far = group[index], group[_index(accesses, partner)]
            group = [near if number == far else number for number in group]
    return tuple(
        tuple(access for access, number in zip(accesses, group, strict=True) if number == wanted)
        for wanted in dict.fromkeys(group)
    )


def _index(accesses: Sequence[RequestedAccess], wanted: RequestedAccess) -> int:
    return next(index for index, access in enumerate(accesses) if access is wanted)


def resolve(access: RequestedAccess, *, now: datetime, zone: tzinfo) -> dict[str, Any]:
    """Return the values with absolute durations, as Grants and tokens carry them (7.3).

    `now` is the creation of the Grant, `zone` the time zone of the utility.
    """
    declared = fields()
    return {
        field_id: _absolute(declared.get(field_id), value, now=now, zone=zone)
        for field_id, value in access.values.items()
    }


def _absolute(
    declared: AuthorizationDetailsField | None, value: Any, *, now: datetime, zone: tzinfo
) -> Any:
    if declared is None or declared.direction is None:
        return value
    write = absolute_date if FieldFormat.DATE in declared.formats else absolute_datetime
    direction: Direction = declared.direction
    return write(value, now=now, direction=direction, zone=zone)


def to_wire(access: RequestedAccess) -> dict[str, Any]:
    """Return the authorization details entry: every field of the scope, defaults used included."""
    return {
        "type": access.scope_id,
        **{
            field_id: list(value) if isinstance(value, tuple) else value
            for field_id, value in access.values.items()
        },
    }


def without_preselections(entry: Mapping[str, Any], scope_type: ScopeType) -> dict[str, Any]:
    """Return an entry as Grants and token responses show it (CDS-WG3-01 6).

    Preselections told the form what to tick; what the customer chose is the Selection. Some scope
    types keep theirs: direct access filters by them.
    """
    told_the_form = frozenset(preselections_in(entry))
    return {
        field_id: value
        for field_id, value in entry.items()
        if field_id not in told_the_form or scope_type.keeps_preselection(field_id)
    }
