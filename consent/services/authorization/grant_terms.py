"""The terms of a Grant, from the access that was accepted and what was chosen for it.

CDS-WG3-01 7.3 (durations become absolute), 7.3.8 (when the Grant ends), 9.2.3 (selections).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from consent.catalogue.access import first_end
from consent.catalogue.details import resolve, to_wire, without_preselections
from consent.services.grants.lifecycle import GrantTerms, SelectionInput
from consent.services.receipts import SharedSection
from portal.values.times import utility_zone
from registration.catalogue.types import scope_types


def grant_terms(
    shared: Sequence[SharedSection], *, order: Sequence[str], now: datetime
) -> GrantTerms:
    """Return what a Grant gives when these sections are shared at this moment.

    Entries come in the order in which the client asked, not by section: `order` holds the scope ids
    of the request.
    """
    pairs = [(access, each) for each in shared for access in each.section.accesses]
    entries: list[dict[str, Any]] = []
    selections: list[SelectionInput] = []
    for access, each in sorted(pairs, key=lambda pair: order.index(pair[0].scope_id)):
        selections.append(
            SelectionInput(
                entry=len(entries),
                scope_id=access.scope_id,
                selection_type=each.section.selection_type,
                object_ids=tuple(sorted(each.choice.selected)),
                include_future=each.choice.later,
            )
        )
        absolute = access.with_values(resolve(access, now=now, zone=utility_zone()))
        entries.append(without_preselections(to_wire(absolute), scope_types()[access.scope_type]))
    return GrantTerms(
        authorization_details=entries,
        scope=" ".join(dict.fromkeys(str(entry["type"]) for entry in entries)),
        selections=selections,
        expires=first_end(entries),
    )
