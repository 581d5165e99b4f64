"""Finds offers that the specifications forbid, and explains them to the staff who edit them."""

from collections.abc import Iterable, Iterator, Mapping

from portal.values.durations import read_date_value, read_datetime_value
from portal.values.times import TimeFormatError
from registration.catalogue.formats import FieldFormat, FormatError, check_value
from registration.catalogue.offers import OfferedField, ScopeOffer, offered_fields
from registration.catalogue.types import ScopeKind, ScopeType, fields, scope_types

SELECTION_FIELD = "authorization_form_selection_type"
VALUE_TYPES_FIELD = "include_usage_segment_value_types"
WHOLE_BUILDING_TYPE = "cds_query_aggregations"
"""CDS-WG3-01 4.11 demands `addresses` here although 7.1.13 forbids it in direct access scopes."""

_AUTH_METHODS = frozenset({"client_secret_basic", "none"})


def check_offer(offer: ScopeOffer) -> list[str]:
    """Return the problems of an offer, one sentence each; empty when there are none."""
    if offer.type not in scope_types():
        return [f"{offer.id}: unknown scope type {offer.type}"]
    ids = [entry.id for entry in offer.fields]
    problems = [f"{offer.id}: unknown field {name}" for name in ids if name not in fields()]
    problems += [
        f"{offer.id}: field {name} is listed twice" for name in set(ids) if ids.count(name) > 1
    ]
    if problems:
        return problems
    scope_type = offer.scope_type
    offered = offered_fields(offer)
    checks = (
        *_check_names(offer, scope_type),
        *_check_access(offer, scope_type),
        *_check_field_list(offered, scope_type),
        *_check_selection(offered, scope_type),
        *(problem for entry in offered.values() for problem in _check_field(entry, scope_type)),
    )
    return [f"{offer.id}: {problem}" for problem in checks]


def check_offers(offers: Mapping[str, ScopeOffer]) -> list[str]:
    """Return the problems of all offers, and of the references between them."""
    problems = [problem for offer in offers.values() for problem in check_offer(offer)]
    for scope_id, offer in offers.items():
        if scope_id != offer.id:
            problems.append(
                f"{scope_id}: is stored under a key that differs from its id, {offer.id}"
            )
        admin = offer.grant_admin_scope
        if admin is None:
            continue
        if admin not in offers or offers[admin].type != "cds_grant_admin":
            problems.append(f"{scope_id}: grant admin scope {admin} is not offered")
    return problems


def _check_names(offer: ScopeOffer, scope_type: ScopeType) -> Iterator[str]:
    """CDS-WG1-02 3.3: names that the standard fixes."""
    if scope_type.fixed.get("id", offer.id) != offer.id:
        yield f"the id must be {scope_type.fixed['id']}"
    if not offer.id or len(offer.id.split()) != 1 or not offer.id.isascii():
        yield (
            "the id must be one word of ASCII characters, because scope lists are separated by "
            "spaces"
        )
    if scope_type.kind is not ScopeKind.SERVER_GRANTED:
        return
    title = scope_type.title
    if offer.name not in {"", title} and not offer.name.startswith(f"{title}: "):
        yield f'the name must be "{title}", or begin with it, a colon and more words'
    if offer.grant_admin_scope is None:
        yield "files are accessed through a grant admin scope: name one"


def _check_access(offer: ScopeOffer, scope_type: ScopeType) -> Iterator[str]:
    unknown = set(offer.auth_methods) - _AUTH_METHODS
    if unknown:
        yield f"unknown client authentication {', '.join(sorted(unknown))}"
    if "none" in offer.auth_methods and not scope_type.asks_customer:
        yield "only scopes that ask the customer can be used without a client secret"
    if scope_type.grant_types and not offer.auth_methods:
        yield "name at least one client authentication method"
    overlap = set(offer.registration_requirements) & set(offer.registration_optional)
    if overlap:
        yield f"registration fields are both required and optional: {', '.join(sorted(overlap))}"


def _check_field_list(offered: Mapping[str, OfferedField], scope_type: ScopeType) -> Iterator[str]:
    """CDS-WG3-01 6: the fields that each scope type must or must not offer."""
    for field_id in scope_type.fields_required:
        if field_id not in offered:
            yield f"{scope_type.type} must offer {field_id}"
    if scope_type.kind in {ScopeKind.ADMIN, ScopeKind.SERVER_GRANTED}:
        for field_id in offered:
            if field_id not in scope_type.fields_required:
                yield f"{scope_type.type} cannot offer {field_id}"
    for field_id in offered:
        whole_building = scope_type.type == WHOLE_BUILDING_TYPE and field_id == "addresses"
        if field_id in scope_type.fields_forbidden and not whole_building:
            yield f"{scope_type.type} must not offer {field_id}"


def _check_selection(offered: Mapping[str, OfferedField], scope_type: ScopeType) -> Iterator[str]:
    """CDS-WG3-01 6.1, 7.4.1: the selections, and the fields that each of them needs."""
    rule = scope_type.selections
    if rule is None or SELECTION_FIELD not in offered:
        return
    choices = offered[SELECTION_FIELD].choice_ids
    for choice in choices:
        if choice not in rule.possible:
            yield f"{scope_type.type} does not support {choice}"
        for field_id in scope_type.fields_required_by_selection.get(choice, ()):
            if field_id not in offered:
                yield f"{choice} needs the field {field_id}"
    for choice in rule.required:
        if choice not in choices:
            yield f"{scope_type.type} must offer {choice}"
    if rule.any_of and not choices:
        yield f"{scope_type.type} must offer a selection"


def _check_field(entry: OfferedField, scope_type: ScopeType) -> Iterator[str]:
    """CDS-WG1-02 3.8 and 3.10: formats, bounds, choices and defaults of one field."""
    name = entry.id
    if entry.format not in entry.declared.formats:
        yield f"{name} cannot have the format {entry.format}"
        return
    if entry.is_required and scope_type.asks_customer:
        yield f"{name} cannot be required where the customer is asked"
    if entry.format.has_choices:
        yield from _check_choices(entry)
    problems = list(_check_bounds(entry))
    yield from problems
    if entry.is_required or problems:
        return
    try:
        check_value(entry.format, entry.default, entry.limits())
    except FormatError as error:
        yield f"the default of {name} {error}"


def _check_choices(entry: OfferedField) -> Iterator[str]:
    if not entry.choices and not entry.format.is_nullable:
        yield f"{entry.id} needs at least one choice, because it does not accept null"
    if len(set(entry.choice_ids)) != len(entry.choices):
        yield f"{entry.id} has the same choice twice"
    wants_format = entry.id == VALUE_TYPES_FIELD
    for choice in entry.choices:
        if wants_format != (choice.usagesegment_format is not None):
            word = "needs a" if wants_format else "must not have a"
            yield f"{entry.id}: choice {choice.id} {word} usagesegment_format"
    yield from _check_value_formats(entry)


def _check_value_formats(entry: OfferedField) -> Iterator[str]:
    """CDS-WG3-01 10.8.2: each Value Format has its own id, which segments repeat."""
    known: set[object] = set()
    for choice in entry.choices:
        if choice.usagesegment_format is None:
            continue
        format_id = choice.usagesegment_format.get("id")
        if not isinstance(format_id, str) or not format_id:
            yield f"{entry.id}: the usagesegment_format of choice {choice.id} needs an id"
        elif format_id in known:
            yield f"{entry.id}: the usagesegment_format id {format_id} is used twice"
        known.add(format_id)


def _check_bounds(entry: OfferedField) -> Iterator[str]:
    if not entry.format.has_bounds:
        return
    try:
        for bound in (entry.minimum, entry.maximum):
            _check_bound(entry.format, bound)
        if entry.format.is_duration:
            # If even the furthest value is outside the limits, no value is within them.
            check_value(entry.format, entry.maximum, entry.limits())
    except (TimeFormatError, FormatError, TypeError):
        yield (
            f"{entry.id}: minimum {entry.minimum} and maximum {entry.maximum} contradict each other"
        )


def _check_bound(format_: FieldFormat, bound: object) -> None:
    if format_.is_duration:
        if not isinstance(bound, str):
            raise TypeError(bound)
        (read_date_value if format_ is FieldFormat.DATE else read_datetime_value)(bound)
    elif format_.base in {FieldFormat.INT, FieldFormat.DECIMAL} and bound == "infinite":
        return
    elif isinstance(bound, bool) or not isinstance(bound, int) or bound < 0:
        raise TypeError(bound)


def unknown_registration_fields(offers: Iterable[ScopeOffer], known: Iterable[str]) -> list[str]:
    """Return the registration fields that offers name but that do not exist (CDS-WG1-02 3.4)."""
    described = set(known)
    return sorted(
        {
            name
            for offer in offers
            for name in (*offer.registration_requirements, *offer.registration_optional)
            if name not in described
        }
    )
