"""What each entry of a Grant says about usage: window, instant and value types."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consent.catalogue.access import VALUE_TYPES, EntryAccess, read_entry
from customerdata.access.reading import Reader
from customerdata.models.access import FOREVER
from customerdata.usage.segments import Window
from customerdata.usage.wire import SegmentFormat, choice_format, select_formats
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import scope_types
from registration.services.offers import current_offers

USAGE = "UsageSegment"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTypes:
    """Which formats an entry shows; `everything` shows all there are (CDS-WG3-01 7.2.8.1).

    `keys` are choice keys of formats, `ids` the choice ids: a choice that is no longer offered
    still names the format whose own id it is.
    """

    keys: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    everything: bool = False

    def positions(self, present: Sequence[SegmentFormat], meters: Container[str]) -> frozenset[int]:
        """Return the positions in a pack's formats that these value types show."""
        keys = {
            entry.choice_key
            for entry in present
            if self.everything or entry.choice_key in self.keys or entry.format_id in self.ids
        }
        return frozenset(select_formats(present, choice_keys=keys, meters=meters))


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """One entry that opens usage.

    Packs are read as of `instant`, the end of syncing or now when that is earlier; `cutoff` is the
    end itself. `value_types` None stands for segments without values.
    """

    index: int
    window: Window
    cutoff: datetime
    instant: datetime
    value_types: ValueTypes | None


def usage_entries(reader: Reader) -> list[UsageEntry]:
    """Return the entries of the token's Grant that open usage, in their order."""
    offers = current_offers()
    found = []
    for index, details in enumerate(reader.grant.authorization_details):
        if reader.entries is not None and index not in reader.entries:
            continue
        offer = offers.get(details["type"])
        scope_type = offer.scope_type if offer else scope_types().get(details["type"])
        if scope_type is None:
            continue
        access = read_entry(details, scope_type)
        if USAGE in access.objects:
            found.append(_entry(index, access, offer, reader.now))
    return found


def _entry(index: int, access: EntryAccess, offer: ScopeOffer | None, now: datetime) -> UsageEntry:
    cutoff = access.sync_until or FOREVER
    return UsageEntry(
        index,
        Window(access.segment_start, access.segment_end),
        cutoff,
        min(now, cutoff),
        _value_types(access, offer),
    )


def _value_types(access: EntryAccess, offer: ScopeOffer | None) -> ValueTypes | None:
    if access.all_value_types:
        return ValueTypes(everything=True)
    if access.value_types is None:
        return None
    formats = _offered_formats(offer) if offer else {}
    ids = frozenset(access.value_types)
    keys = {choice_format(formats[i]).choice_key for i in ids if i in formats}
    return ValueTypes(keys=frozenset(keys), ids=ids)


def _offered_formats(offer: ScopeOffer) -> dict[str, Mapping[str, Any]]:
    return {
        choice.id: choice.usagesegment_format
        for entry in offer.fields
        if entry.id == VALUE_TYPES
        for choice in entry.choices
        if choice.usagesegment_format is not None
    }
