"""Builds one page of segments: walks, cuts and filters packs until the page is full."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from django.conf import settings

from customerdata.access.reading import Reader
from customerdata.api.segments.entries import UsageEntry, format_ids, usage_entries
from customerdata.api.segments.filters import SegmentFilters, read_filters
from customerdata.api.segments.pieces import (
    Grid,
    Piece,
    piece_id,
    pieces,
    shown_by,
    split_readers,
)
from customerdata.api.segments.related import Links, Related, meters_of
from customerdata.api.segments.scan import KEYS_AT_ONCE, Batch, Found, Position, Walk, read_cursor
from customerdata.models.usage import parse_formats
from portal.http.listing import Cursor, ListQuery

# Value sets on one page: 100 months of quarter hours, a few tens of megabytes as text.
MAX_VALUES = 300_000
# A page with few matches ends after this many packs, so that no request runs for long.
MAX_PACKS = 20_000
_GROWTH = 4


class Item(msgspec.Struct, frozen=True):
    """One segment of the page, without its values."""

    row: Found
    piece: Piece
    segment_id: str
    start: datetime
    end: datetime
    links: Links

    @property
    def values(self) -> int:
        """The number of value sets it has on the wire."""
        part = self.piece.part
        return 0 if self.piece.positions is None else part.last - part.first


@dataclass(frozen=True, slots=True)
class SegmentPage:
    """The segments of a page in order, the cursors around it and the visible meters.

    `format_ids` are the Value Format ids that the token's choices were published with, by key.
    """

    items: list[Item]
    meters: Collection[str]
    next: Cursor | None
    previous: Cursor | None
    format_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Collected:
    """What the walk has collected so far: segments by pack, and the packs that were used."""

    packs: list[list[Item]] = field(default_factory=list)
    first: Found | None = None
    last: Found | None = None
    segments: int = 0
    values: int = 0
    scanned: int = 0

    def takes(self, row: Found, made: list[Item]) -> bool:
        """Add a pack if its segments still fit on the page; the first one always does."""
        values = self.values + sum(item.values for item in made)
        full = self.segments >= settings.LISTING_PAGE_SIZE or values > MAX_VALUES
        if self.scanned >= MAX_PACKS or (made and self.segments and full):
            return False
        self.first = self.first or row
        self.last = row
        self.packs.append(made)
        self.segments += len(made)
        self.values = values
        self.scanned += 1
        return True


def read_page(
    query: ListQuery, reader: Reader, key: bytes, *, with_values: bool = True
) -> SegmentPage:
    """Return the requested page; `key` signs ids. Raises InvalidFilter.

    Without `with_values`, data that only values need is not read.
    """
    at, backwards = read_cursor(query.cursor, listing=query.path)
    filters = read_filters(query, reader)
    entries = usage_entries(reader)
    related = Related(reader)
    if not entries or filters.base_ids == []:
        return SegmentPage([], (), None, None)
    walk = Walk.of(reader, entries, filters, backwards=backwards)
    sends_values = with_values and any(e.value_types is not None for e in entries)
    texts = MAX_VALUES if sends_values else 0
    found, more = _collect(walk, _Cutter(filters, entries, related, key), at, texts)
    packs = found.packs[::-1] if backwards else found.packs
    # The walk yields the pieces of a pack together; the page sorts each by its own start.
    items = sorted((item for made in packs for item in made), key=_order)
    has_next, has_previous = (True, more) if backwards else (more, at is not None)
    ends = (found.last, found.first) if backwards else (found.first, found.last)
    return SegmentPage(
        items,
        related.meters,
        ends[1].position.cursor(backwards=False) if ends[1] and has_next else None,
        ends[0].position.cursor(backwards=True) if ends[0] and has_previous else None,
        format_ids(entries),
    )


def _collect(
    walk: Walk, cutter: "_Cutter", at: Position | None, texts: int
) -> tuple[_Collected, bool]:
    """Walk until the page is full or the listing ends; return whether more is left.

    `texts` is the number of value sets loaded with their stored text.
    """
    found = _Collected()
    keys, rows = KEYS_AT_ONCE, settings.LISTING_PAGE_SIZE + 1
    resume = at
    while True:
        batch: Batch = walk.batch(resume, keys=keys, rows=rows, texts=texts - found.values)
        for row, made in cutter.cut(batch.rows):
            if not found.takes(row, made):
                return found, True
        if batch.resume is None:
            return found, False
        resume = batch.resume
        keys, rows = keys * _GROWTH, min(rows * _GROWTH, MAX_PACKS)


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Turns pack versions into the segments that the token gets."""

    filters: SegmentFilters
    entries: Sequence[UsageEntry]
    related: Related
    key: bytes
    shown: dict[tuple[int, str, int], frozenset[int] | None] = field(default_factory=dict)
    named: dict[tuple[str, tuple[int, ...]], set[str]] = field(default_factory=dict)

    def cut(self, rows: Sequence[Found]) -> list[tuple[Found, list[Item]]]:
        """Return the segments of each row."""
        if not rows:
            return []
        self.related.load(rows)
        by_index = {entry.index: entry for entry in self.entries}
        reaching = self.related.reaching(rows, by_index.keys()) if len(by_index) > 1 else {}
        readers = {
            series: {index: by_index[index].up_to(cutoff) for index, cutoff in reached.items()}
            for series, reached in reaching.items()
        }
        found = []
        for row in rows:
            # Access can be recomputed between the walk and this query for who reaches a series.
            entries = {index: by_index[index] for index in row.entries}
            found.append((row, self._items(row, entries | readers.get(row.series_id, {}))))
        return found

    def _items(self, row: Found, entries: Mapping[int, UsageEntry]) -> list[Item]:
        grid = Grid(row.public_id, row.segment_start, row.interval, row.count)
        reading, later = split_readers(row.entries, entries)
        shown = {entry.index: self._shown(entry, row.formats_text) for entry in (*reading, *later)}
        found = pieces(grid, shown, reading=reading, later=later)
        items = [self._item(row, grid, piece) for piece in found]
        return [
            item
            for item in items
            if self.filters.admits(
                segment_id=item.segment_id,
                start=item.start,
                end=item.end,
                links=item.links,
            )
        ]

    def _shown(self, entry: UsageEntry, formats_text: str) -> frozenset[int] | None:
        """What an entry shows of these formats; most packs of a page have the same formats."""
        known = entry.index, formats_text, len(self.related.meters)
        if known not in self.shown:
            formats = parse_formats(formats_text)
            self.shown[known] = shown_by(entry, formats, self.related.meters)
        return self.shown[known]

    def _named(self, formats_text: str, positions: tuple[int, ...]) -> set[str]:
        """The meters that the formats at these positions name."""
        known = formats_text, positions
        if known not in self.named:
            formats = parse_formats(formats_text)
            self.named[known] = meters_of(formats[position] for position in positions)
        return self.named[known]

    def _item(self, row: Found, grid: Grid, piece: Piece) -> Item:
        step = timedelta(seconds=row.interval)
        start, part = row.segment_start, piece.part
        named = self._named(row.formats_text, piece.positions or ())
        first, last = start + part.first * step, start + part.last * step
        links = self.related.links_of(row, named, first, last)
        return Item(row, piece, piece_id(grid, piece, self.key), first, last, links)


def _order(item: Item) -> tuple[str, datetime, float, str, int, int]:
    row = item.row
    newest_first = -row.cds_modified.timestamp()
    return row.key, item.start, newest_first, row.public_id, row.version, item.piece.part.first
