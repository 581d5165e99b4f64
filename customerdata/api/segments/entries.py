"""What each entry of a Grant opens of usage: window, instant and value types."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

import msgspec

from consent.catalogue.access import EntryAccess, Meaning, meaning_of, read_entry
from customerdata.access.reading import Reader
from customerdata.models.access import FOREVER
from customerdata.usage_values.formats import FormatError
from customerdata.usage_values.segments import Window
from customerdata.usage_values.wire import (
    SegmentFormat,
    choice_format,
    published_ids,
    select_formats,
)

USAGE = "UsageSegment"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTypes:
    """Which formats an entry shows; `everything` shows all of them (CDS-WG3-01 7.2.8.1).

    `published` holds, by choice key and in the order of the choices, the ids of their Value Formats
    as the Grant keeps them. `ids` are the choice ids: a choice whose format was not kept with the
    Grant still names the format whose own id it is.
    """

    published: Mapping[str, str] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    everything: bool = False

    def positions(self, present: Sequence[SegmentFormat], meters: Container[str]) -> frozenset[int]:
        """Return the positions in a pack's formats that these value types show."""
        keys = {
            entry.choice_key
            for entry in present
            if self.everything or entry.choice_key in self.published or entry.format_id in self.ids
        }
        return frozenset(select_formats(present, choice_keys=keys, meters=meters))


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """One entry that opens usage.

    Packs are read as of `instant`, the end of syncing or now, whichever is earlier; `cutoff` is
    the end itself. `value_types` None means segments without values.
    """

    index: int
    window: Window
    cutoff: datetime
    instant: datetime
    value_types: ValueTypes | None

    def up_to(self, cutoff: datetime) -> "UsageEntry":
        """Return the entry as it reads an object whose own cutoff can be earlier (ADR 5)."""
        if cutoff >= self.cutoff:
            return self
        return replace(self, cutoff=cutoff, instant=min(self.instant, cutoff))


def usage_entries(reader: Reader) -> list[UsageEntry]:
    """Return the entries of the token's Grant that open usage, in their order."""
    found = []
    for index, details in enumerate(reader.grant.authorization_details):
        if reader.entries is not None and index not in reader.entries:
            continue
        meaning = meaning_of(reader.grant.resolution, details["type"])
        if meaning is None:
            continue
        access = read_entry(details, meaning.scope_type)
        if USAGE in access.objects:
            found.append(_entry(index, access, meaning, reader.now))
    return found


def _entry(index: int, access: EntryAccess, meaning: Meaning, now: datetime) -> UsageEntry:
    cutoff = access.sync_until or FOREVER
    return UsageEntry(
        index,
        Window(access.segment_start, access.segment_end),
        cutoff,
        min(now, cutoff),
        _value_types(access, meaning),
    )


def format_ids(entries: Iterable[UsageEntry]) -> dict[str, str]:
    """Return the Value Format ids of a token, by choice key (CDS-WG3-01 7.2.8.1, 10.8.2).

    If several entries choose the same format, the id of the first is used in all segments.
    """
    return published_ids(
        pair
        for entry in entries
        if entry.value_types is not None
        for pair in entry.value_types.published.items()
    )


def _value_types(access: EntryAccess, meaning: Meaning) -> ValueTypes | None:
    if access.all_value_types:
        return ValueTypes(everything=True)
    if access.value_types is None:
        return None
    formats = meaning.value_formats
    published: dict[str, str] = {}
    for choice_id in access.value_types:
        found = _published(_encode(formats[choice_id])) if choice_id in formats else None
        if found is not None:
            published.setdefault(found[0], found[1] or choice_id)
    return ValueTypes(published=published, ids=frozenset(access.value_types))


# A token can have dozens of choices, and each request needs them.
@lru_cache(maxsize=4096)
def _published(wire: bytes) -> tuple[str, str] | None:
    """Return key and id of a published choice; `wire` is its Value Format as JSON.

    None for the utility's own value types (10.8.5), which are not stored here.
    """
    value_format = msgspec.json.decode(wire)
    try:
        return choice_format(value_format).choice_key, value_format.get("id", "")
    except FormatError:
        return None
