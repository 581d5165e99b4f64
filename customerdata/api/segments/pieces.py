"""The parts of one pack that a token gets when several entries reach it: pure functions.

An entry gives the value sets entirely inside its window (CDS-WG3-01 7.3.6, 7.3.7), in its value
types, as of its instant. Entries are combined value set by value set (decision 53): neighbors that
show the same formats form one piece. So overlapping windows with equal value types give one segment
that spans both, and different value types give separate segments that never overlap, each trimmed
to its time and with its own id. If two entries read different versions of a pack, the later instant
decides every format that it shows, and the earlier one gives the rest as a separate segment.
"""

import hashlib
import hmac
from collections.abc import Collection, Container, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import msgspec

from customerdata.api.segments.entries import UsageEntry
from customerdata.usage_values.segments import Cut, cut, trimmed_id
from customerdata.usage_values.wire import SegmentFormat

_TAG_LENGTH = 20


class Grid(msgspec.Struct, frozen=True):
    """The value sets of a pack: `count` intervals of `interval` seconds from `start`."""

    public_id: str
    start: datetime
    interval: int
    count: int


class Piece(msgspec.Struct, frozen=True):
    """The value sets of `part` in the formats at `positions`; None is a segment without values.

    `cutoff` is set if other entries read a later version of the pack.
    """

    part: Cut
    positions: tuple[int, ...] | None
    cutoff: datetime | None = None


def pieces(
    grid: Grid,
    shown: Mapping[int, frozenset[int] | None],
    *,
    reading: Sequence[UsageEntry],
    later: Sequence[UsageEntry] = (),
) -> list[Piece]:
    """Cut one version of a pack into the pieces that the entries show, in order of time.

    `reading` are the entries that read this version, `later` those that reach the same pack as of
    a later instant and read another version. `shown` is what each entry shows, by its index.
    """
    if len(reading) == 1 and not later:
        return _of_one(grid, reading[0], shown[reading[0].index])
    cuts = {
        entry.index: cut(grid.start, grid.interval, grid.count, entry.window)
        for entry in (*reading, *later)
    }
    edges = sorted({edge for part in cuts.values() if not part.empty for edge in _edges(part)})
    replaced = any(not cuts[entry.index].empty for entry in later)
    cutoff = max(entry.cutoff for entry in reading) if replaced else None
    found: list[Piece] = []
    for first, last in pairwise(edges):
        here = [e for e in reading if _covers(cuts[e.index], first, last)]
        above = [e for e in later if _covers(cuts[e.index], first, last)]
        positions = _united([shown[e.index] for e in here])
        hidden = frozenset[int]().union(*(shown[e.index] or () for e in above))
        left = None if positions is None else tuple(sorted(positions - hidden))
        empty = above if positions is None else not left
        if not here or empty:
            continue
        part = Cut(first, last, grid.count)
        if found and found[-1].part.last == first and found[-1].positions == left:
            part = Cut(found.pop().part.first, last, grid.count)
        found.append(Piece(part, left, cutoff))
    return found


def _of_one(grid: Grid, entry: UsageEntry, shown: frozenset[int] | None) -> list[Piece]:
    """What a single entry shows of a pack, by far the most common case."""
    part = cut(grid.start, grid.interval, grid.count, entry.window)
    if part.empty or shown == frozenset():
        return []
    return [Piece(part, None if shown is None else tuple(sorted(shown)))]


def piece_id(grid: Grid, piece: Piece, key: bytes) -> str:
    """Return the id of a piece: the pack's own if it is whole, else base id, "." and keyed hash.

    A piece of an earlier version gets a separate id even if it is whole.
    """
    plain = trimmed_id(grid.public_id, grid.start, grid.interval, piece.part, key)
    if piece.cutoff is None:
        return plain
    text = f"{plain}/as of/{piece.cutoff.astimezone(UTC).isoformat()}"
    tag = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_TAG_LENGTH]
    return f"{grid.public_id}.{tag}"


def split_readers(
    version: Collection[int], entries: Mapping[int, UsageEntry]
) -> tuple[list[UsageEntry], list[UsageEntry]]:
    """Return the entries that read a version, and those that read the same pack later.

    `version` holds the indexes of the former, `entries` all entries that reach the series, each as
    it reads this series (UsageEntry.up_to).
    """
    reading = [entries[index] for index in sorted(version)]
    newest = max(entry.instant for entry in reading)
    others = [entries[index] for index in sorted(entries.keys() - set(version))]
    return reading, [entry for entry in others if entry.instant > newest]


def _edges(part: Cut) -> tuple[int, int]:
    return part.first, part.last


def _covers(part: Cut, first: int, last: int) -> bool:
    return not part.empty and part.first <= first and last <= part.last


def shown_by(
    entry: UsageEntry, formats: Sequence[SegmentFormat], meters: Container[str]
) -> frozenset[int] | None:
    """Return the positions of the formats that an entry shows; None if it gives no values.

    `meters` are the public ids of visible meters.
    """
    return None if entry.value_types is None else entry.value_types.positions(formats, meters)


def _united(shown: Sequence[frozenset[int] | None]) -> frozenset[int] | None:
    """Combine what entries show; None only if an entry gives segments and none gives values."""
    positions = frozenset[int]().union(*(each or () for each in shown))
    return None if not positions and None in shown else positions
