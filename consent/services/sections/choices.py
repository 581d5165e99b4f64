"""What a customer can choose from in each request section, and what is ticked so far.

CDS-WG3-01 7.1 (preselections), 7.4.2 (merging), 9.2.1.4 (sections). The choices are kept with the
request while its form is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any

from consent.catalogue.details import RequestedAccess, preselections_in, selection_groups
from consent.catalogue.preselections import ADDRESSES
from consent.catalogue.selection import SelectionType, SpecialValue
from consent.customer_accounts import Selectable, catalog
from consent.models import AuthorizationRequest
from portal.errors import DomainError
from portal.models import User
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import fields
from registration.services.catalogue.offers import offers_for

MAX_QUERY = 200
_FUTURE = SpecialValue.INCLUDE_FUTURE.value


@dataclass(frozen=True, slots=True)
class SectionChoice:
    """The state of one request section.

    `query` and `chosen_only` narrow what the list shows; they never change what is chosen.
    """

    selected: frozenset[str] = frozenset()
    later: bool = False
    query: str = ""
    chosen_only: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """All sections by their number; sections without an entry are as the request presets them."""

    sections: Mapping[int, SectionChoice] = field(default_factory=dict)
    removed: frozenset[int] = frozenset()

    def with_section(self, index: int, choice: SectionChoice) -> "Choices":
        """Return the choices with one section replaced."""
        return Choices({**self.sections, index: choice}, self.removed)

    def with_removed(self, removed: frozenset[int]) -> "Choices":
        """Return the choices with other sections taken out."""
        return Choices(self.sections, removed)


def choices_to_json(choices: Choices) -> dict[str, Any]:
    """Return the form in which AuthorizationRequest keeps choices."""
    return {
        "removed": sorted(choices.removed),
        "sections": {
            str(index): {
                "selected": sorted(choice.selected),
                "later": choice.later,
                "query": choice.query,
                "chosen_only": choice.chosen_only,
            }
            for index, choice in choices.sections.items()
        },
    }


def choices_from_json(data: Mapping[str, Any]) -> Choices:
    """Read what `choices_to_json` wrote; nothing kept gives empty choices."""
    sections = {
        int(index): SectionChoice(
            selected=frozenset(entry["selected"]),
            later=entry["later"],
            query=entry["query"],
            chosen_only=entry["chosen_only"],
        )
        for index, entry in data.get("sections", {}).items()
    }
    return Choices(sections, frozenset(data.get("removed", ())))


class RequestOver(DomainError):
    """No one can answer the request any longer; its client gets `code` and message."""


class NoLongerOffered(RequestOver):
    """A scope was taken out of the offer between the request and the customer's answer."""

    code = "invalid_scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one preselection field names, and the ids of the `rows` that match it (7.1)."""

    field_id: str
    found: tuple[str, ...]
    missing: tuple[str, ...]
    rows: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One request section: `accesses` share one selection from the customer's `rows`."""

    index: int
    accesses: tuple[RequestedAccess, ...]
    selection_type: str
    rows: Sequence[Selectable]
    preset: SectionChoice
    asked: tuple[Asked, ...]
    is_modifiable: bool
    wants_preselection: bool
    purpose_id: str | None

    @property
    def available_ids(self) -> frozenset[str]:
        """The ids that the customer may choose."""
        return frozenset(row.id for row in self.rows if not row.unavailable_reason)

    @property
    def lacks_preselection(self) -> bool:
        """Whether the customer has nothing of what the client insists on (CDS-WG3-01 7.4.3)."""
        return self.wants_preselection and bool(self.asked) and not self.preset.selected

    @property
    def matched(self) -> frozenset[str]:
        """The ids that fit everything asked for, available or not."""
        return _overlap(self.asked)

    def chosen(self, choices: Choices) -> SectionChoice:
        """Return the customer's choice, or what the request presets."""
        return choices.sections.get(self.index, self.preset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What one customer is asked: put together once for a page, or once for an answer.

    `offers` are those of the request's client, by scope id; the words about a section come from
    them.
    """

    sections: tuple[Section, ...]
    offers: Mapping[str, ScopeOffer]


def form_of(request: AuthorizationRequest, user: User) -> Form:
    """Return what a request asks of this customer today; raises NoLongerOffered.

    Costs one catalog call per kind of selection, whatever the number of sections and objects.
    """
    offers = offers_for(request.client)
    accesses = accesses_of(request, offers)
    sections = group_sections(accesses, user, environment=request.client.environment)
    return Form(sections=sections, offers=offers)


def accesses_of(
    request: AuthorizationRequest, offers: Mapping[str, ScopeOffer]
) -> tuple[RequestedAccess, ...]:
    """Return what a stored request asks for; raises NoLongerOffered."""
    accesses = []
    for entry in request.entries:
        access = entry_access(entry, offers)
        if access is None:
            raise NoLongerOffered(f"{entry['type']} is no longer offered", field="scope")
        accesses.append(access)
    return tuple(accesses)


def entry_access(
    entry: Mapping[str, Any], offers: Mapping[str, ScopeOffer]
) -> RequestedAccess | None:
    """Read an authorization details entry back, None when its scope is no longer offered."""
    scope_id = entry["type"]
    if scope_id not in offers:
        return None
    values: dict[str, Any] = {
        field_id: tuple(value) if isinstance(value, list) else value
        for field_id, value in entry.items()
        if field_id != "type"
    }
    return RequestedAccess(
        scope_id=scope_id,
        scope_type=offers[scope_id].type,
        values=MappingProxyType(values),
        selection_type=values.get("authorization_form_selection_type"),
    )


def group_sections(
    accesses: Sequence[RequestedAccess], user: User, *, environment: str
) -> tuple[Section, ...]:
    """Return the sections in which a customer chooses for these accesses (CDS-WG3-01 7.4.2)."""
    lists: dict[str, Sequence[Selectable]] = {}
    sections = []
    for index, group in enumerate(selection_groups(accesses)):
        kind = group[0].selection_type or SelectionType.SERVICE_CONTRACT.value
        if kind not in lists:
            lists[kind] = catalog().selectables(user, kind, environment=environment)
        sections.append(_section(index, group, kind, lists[kind]))
    return tuple(sections)


def _section(
    index: int, group: tuple[RequestedAccess, ...], kind: str, rows: Sequence[Selectable]
) -> Section:
    preselections = preselections_of(group)
    return Section(
        index=index,
        accesses=group,
        selection_type=kind,
        rows=rows,
        preset=preset(rows, preselections, kind),
        asked=asked_for(rows, preselections, kind),
        is_modifiable=all(
            access.values.get("allow_scope_modifications", False) for access in group
        ),
        wants_preselection=any(access.values.get("error_if_no_preselections") for access in group),
        purpose_id=next((access.values.get("purpose") for access in group), None),
    )


def preselections_of(accesses: Sequence[RequestedAccess]) -> dict[str, tuple[str, ...]]:
    """Return what the accesses of one section preselect, by field (CDS-WG3-01 7.1)."""
    return {
        name: tuple(value)
        for access in accesses
        for name in preselections_in(access.values)
        if (value := access.values[name]) is not None
    }


def preset(
    rows: Sequence[Selectable], preselections: Mapping[str, tuple[str, ...]], kind: str
) -> SectionChoice:
    """Return what the request ticks beforehand: the intersection of its preselections (7.1).

    Fields without a rule for this kind of list are left out of the intersection; rows that are
    not available are never ticked.
    """
    free = {row.id for row in rows if not row.unavailable_reason}
    return SectionChoice(
        selected=_overlap(asked_for(rows, preselections, kind)) & free,
        later=any(
            _FUTURE in _special(name, values, kind) for name, values in preselections.items()
        ),
    )


def asked_for(
    rows: Sequence[Selectable], preselections: Mapping[str, tuple[str, ...]], kind: str
) -> tuple[Asked, ...]:
    """Return what each preselection names, where this kind of list has a rule for the field.

    `_include_future` alone ticks the box for later ones and says nothing about those of today.
    """
    declared = fields()
    asked = []
    for name, values in preselections.items():
        special = _special(name, values, kind)
        named = [value for value in values if value not in special]
        if kind not in declared[name].preselects or (special == {_FUTURE} and not named):
            continue
        fits = _rows_by_value(rows, name, named)
        # An address that fits several rows ticks none of them (7.1.13.1).
        clear = (ids for ids in fits.values() if name != ADDRESSES or len(ids) == 1)
        matched = (row.id for row in rows) if SpecialValue.ALL in special else chain(*clear)
        asked.append(
            Asked(
                field_id=name,
                found=tuple(value for value in named if fits[value]),
                missing=tuple(value for value in named if not fits[value]),
                rows=frozenset(matched),
            )
        )
    return tuple(asked)


def _rows_by_value(
    rows: Sequence[Selectable], name: str, values: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """Return for each value the ids of the rows that it means, for addresses of free rows."""
    by_fact: dict[str, list[str]] = {}
    for row in rows:
        if name != ADDRESSES or not row.unavailable_reason:
            for fact in row.facts.get(name, ()):
                by_fact.setdefault(fact, []).append(row.id)
    normalized = catalog().normalized_address if name == ADDRESSES else str
    return {value: by_fact.get(normalized(value), ()) for value in values}


def _special(name: str, values: Sequence[str], kind: str) -> frozenset[str]:
    """Return the special values that mean something in this kind of list; others are numbers."""
    rules = fields()[name].special_values
    return frozenset(value for value in values if kind in rules.get(value, ()))


def _overlap(asked: Sequence[Asked]) -> frozenset[str]:
    if not asked:
        return frozenset()
    return frozenset.intersection(*(each.rows for each in asked))
