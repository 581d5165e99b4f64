"""Judging a change of a Grant: does it give less, or does it need the customer (CDS-WG1-02 8.6)?

Pure functions over authorization details entries with absolute durations, as Grants keep them. What
a field means comes from the catalogue: an earlier end, a shorter past, a switched-off include field
or fewer value types give less; another purpose, another selection or anything unknown never does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from consent.catalogue.access import VALUE_TYPES, effective_includes
from portal.values.durations import INFINITE, Direction
from portal.values.times import parse_date, parse_datetime
from registration.catalogue.formats import FieldFormat
from registration.catalogue.types import (
    AuthorizationDetailsField,
    FieldCategory,
    ScopeType,
    fields,
)

Entry = Mapping[str, Any]

# They steer how the authorization form looks and say nothing about what is shared.
FORM_ONLY = frozenset(
    {"merge_selection_with", "error_if_no_preselections", "allow_scope_modifications"}
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that needs no new authorization; `source` is the index of the granted one."""

    entry: dict[str, Any]
    source: int


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What becomes of a Grant: `kept` stays open at once, `widens` asks the customer for the rest.

    The entries of `kept` are in the order of the wanted ones.
    """

    kept: tuple[Kept, ...]
    widens: bool


def plan_change(
    granted: Sequence[Entry], wanted: Sequence[Entry], types: Mapping[str, ScopeType]
) -> ChangePlan:
    """Compare the entries that a customer granted with those that a Client wants now.

    `types` are the scope types by scope id; entries of unknown scopes can only stay as they are.
    """
    kept: list[Kept] = []
    widens = False
    used: set[int] = set()
    for index, entry in enumerate(wanted):
        source = _source(granted, entry, index, types, used)
        if source is None:
            widens = True
            continue
        used.add(source)
        scope_type = types.get(entry["type"])
        if covers(granted[source], entry, scope_type):
            kept.append(Kept(dict(entry), source))
        else:
            widens = True
            kept.append(Kept(meet(granted[source], entry, scope_type), source))
    return ChangePlan(tuple(kept), widens)


def _source(
    granted: Sequence[Entry],
    entry: Entry,
    index: int,
    types: Mapping[str, ScopeType],
    used: set[int],
) -> int | None:
    """Find the granted entry that a wanted one continues: equal, else wider, else of its scope."""
    # The same position first: it is the likeliest, and two equal entries keep their places.
    order = sorted(range(len(granted)), key=lambda number: (number in used, number != index))
    scope_type = types.get(entry["type"])
    same = [number for number in order if granted[number]["type"] == entry["type"]]
    for number in same:
        if dict(granted[number]) == dict(entry):
            return number
    for number in same:
        if covers(granted[number], entry, scope_type):
            return number
    return next((n for n in same if n not in used and _names_the_same(granted[n], entry)), None)


def _names_the_same(old: Entry, new: Entry) -> bool:
    """Whether both entries are about the same object: another file is another entry (3.3.3)."""
    declared = fields()
    return all(
        old.get(name) == new.get(name)
        for name in (*old, *new)
        if name in declared and declared[name].category is FieldCategory.IDENTIFIER
    )


def covers(old: Entry, new: Entry, scope_type: ScopeType | None) -> bool:
    """Return whether whoever granted `old` has granted all that `new` gives."""
    if old["type"] != new["type"]:
        return False
    if scope_type is None:
        return dict(old) == dict(new)
    if not effective_includes(new, scope_type) <= effective_includes(old, scope_type):
        return False
    return all(_no_more(name, old, new, scope_type) for name in _names(old, new))


def meet(old: Entry, new: Entry, scope_type: ScopeType | None) -> dict[str, Any]:
    """Return what both entries give: the narrower value of each field."""
    if scope_type is None or old["type"] != new["type"]:
        return dict(old)
    merged: dict[str, Any] = {"type": old["type"]}
    for name in _names(old, new):
        value = _narrower(name, old, new, scope_type)
        if value is not _MISSING:
            merged[name] = value
    return merged


def _names(old: Entry, new: Entry) -> list[str]:
    return [name for name in dict.fromkeys((*old, *new)) if name != "type"]


def _narrower(name: str, old: Entry, new: Entry, scope_type: ScopeType) -> Any:
    declared = fields().get(name)
    if name == VALUE_TYPES:
        return _common_value_types(old, new, scope_type)
    if declared is not None and declared.category is FieldCategory.INCLUDE:
        return bool(old.get(name)) and bool(new.get(name))
    winner = new if _no_more(name, old, new, scope_type) else old
    return winner.get(name, _MISSING)


def _no_more(name: str, old: Entry, new: Entry, scope_type: ScopeType) -> bool:
    """Return whether one field gives no more in `new`."""
    declared = fields().get(name)
    if name in FORM_ONLY:
        return True
    if declared is None:
        return bool(old.get(name, _MISSING) == new.get(name, _MISSING))
    if name == VALUE_TYPES:
        return _fewer_value_types(old, new, scope_type)
    match declared.category:
        case FieldCategory.INCLUDE:
            # Judged together: one include field can follow from two others.
            return True
        case FieldCategory.DURATION:
            return _reach(declared, new) <= _reach(declared, old)
        case FieldCategory.PRESELECTION:
            return not scope_type.keeps_preselection(name) or _filters_more(
                old.get(name), new.get(name)
            )
    if name == "jwk" and old.get(name) is None:
        # More people are locked out than before, nobody is let in.
        return True
    return bool(old.get(name) == new.get(name))


def _reach(declared: AuthorizationDetailsField, entry: Entry) -> tuple[int, int]:
    """Return how far a duration reaches away from the Grant's creation; more is more access."""
    text = entry.get(declared.id, INFINITE)
    if text == INFINITE:
        return (1, 0)
    if FieldFormat.DATE in declared.formats:
        position = parse_date(text).toordinal()
    else:
        position = (parse_datetime(text) - _EPOCH) // timedelta(microseconds=1)
    return (0, -position if declared.direction is Direction.SUBTRACT else position)


def _filters_more(old: Sequence[str] | None, new: Sequence[str] | None) -> bool:
    """Preselections that a Grant keeps are filters: null lets everything through."""
    if old is None:
        return True
    return new is not None and set(new) <= set(old)


def _value_types(entry: Entry, scope_type: ScopeType) -> Sequence[str] | None:
    """Return the value types of an entry, None for all there are (CDS-WG3-01 6.2.8)."""
    if VALUE_TYPES not in entry and VALUE_TYPES in scope_type.implied:
        return None
    return entry.get(VALUE_TYPES) or ()


def _fewer_value_types(old: Entry, new: Entry, scope_type: ScopeType) -> bool:
    before, after = _value_types(old, scope_type), _value_types(new, scope_type)
    return before is None or (after is not None and set(after) <= set(before))


def _common_value_types(old: Entry, new: Entry, scope_type: ScopeType) -> Any:
    before, after = _value_types(old, scope_type), _value_types(new, scope_type)
    if before is None or after is None:
        winner = new if before is None else old
        return winner.get(VALUE_TYPES, _MISSING)
    if old.get(VALUE_TYPES) is None or new.get(VALUE_TYPES) is None:
        return None
    return [item for item in before if item in after]
