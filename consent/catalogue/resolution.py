"""What the scope ids and choices of a Grant meant when it was given, so that it keeps meaning that.

Offers change: scopes get another id, a choice of value types goes or means another Value Format. A
Grant therefore keeps, by scope id, the scope type and the Value Formats of the choices it holds. It
is never on the wire; `authorization_details` say the same in the standard's words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.catalogue.access import VALUE_TYPES
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import ScopeType, scope_types

Resolution = dict[str, dict[str, Any]]
"""The stored form: `{scope id: {"type": scope type, "value_formats": {choice id: format}}}`."""


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
    """Return what a scope id stands for, None when nobody can tell any more.

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
