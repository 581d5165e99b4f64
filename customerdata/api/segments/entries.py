"""What each entry of a Grant says about usage: window, instant and value types."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import msgspec

from consent.catalogue.access import EntryAccess, read_entry
from consent.catalogue.resolution import Meaning, meaning_of
from customerdata.access.reading import Reader
from customerdata.models.access import FOREVER
from customerdata.usage.segments import Window
from customerdata.usage.wire import SegmentFormat, choice_format, select_formats

USAGE = "UsageSegment"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTypes:
    """Which formats an entry shows; `everything` shows all there are (CDS-WG3-01 7.2.8.1).

    `keys` are choice keys of formats, `ids` the choice ids: a choice whose format was not kept with
    the Grant still names the format whose own id it is.
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

    def up_to(self, cutoff: datetime) -> "UsageEntry":
        """Return the entry as it reads an object whose own cutoff may come first (ADR 5)."""
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


def _value_types(access: EntryAccess, meaning: Meaning) -> ValueTypes | None:
    if access.all_value_types:
        return ValueTypes(everything=True)
    if access.value_types is None:
        return None
    formats = meaning.value_formats
    ids = frozenset(access.value_types)
    keys = {_choice_key(_encode(formats[i])) for i in ids if i in formats}
    return ValueTypes(keys=frozenset(keys), ids=ids)


# A token may have dozens of choices, and each request asks.
@lru_cache(maxsize=4096)
def _choice_key(wire: bytes) -> str:
    """Return the key of a published choice; `wire` is its Value Format as JSON."""
    return choice_format(msgspec.json.decode(wire)).choice_key
