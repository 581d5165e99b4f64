"""The JSON text of a page as a stream, so that a large page is never held in memory whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, LiteralString

import msgspec
import zstandard
from django.db import connection
from psycopg import sql

from customerdata.api.segments.page import Item, SegmentPage
from customerdata.api.segments.rows import fetch
from customerdata.api.segments.scan import Found
from customerdata.models import UsagePack
from customerdata.models.usage import parse_formats
from customerdata.usage.reading import Fragment, FragmentRequest, fragments
from customerdata.usage_values.segments import Window
from customerdata.usage_values.wire import SegmentFormat, wire_formats
from portal.values import jsontext
from portal.values.times import format_datetime

# Value sets rendered at a time; a single segment can have more.
CHUNK_VALUES = 30_000
PIECE_BYTES = 256 * 1024

# Segments hold only texts, whole numbers and finished JSON, so jsontext has nothing to repair.
_encode = msgspec.json.Encoder().encode

_KEY = ("customer_id", "series_id", "segment_start", "version")

# A nested loop opens one partition per key; a list of keys would be checked in each partition.
_BY_KEY: LiteralString = """
SELECT {columns} FROM unnest(
    %(customer_id)s::bigint[], %(series_id)s::bigint[],
    %(segment_start)s::timestamptz[], %(version)s::int[]
) AS wanted (customer_id, series_id, segment_start, version)
CROSS JOIN LATERAL (
    SELECT * FROM customerdata_usagepack AS stored
    WHERE stored.customer_id = wanted.customer_id AND stored.series_id = wanted.series_id
        AND stored.segment_start = wanted.segment_start AND stored.version = wanted.version
        -- These let the planner skip partitions.
        AND stored.segment_start BETWEEN %(first)s AND %(last)s
    LIMIT 1
) AS pack
"""


def stream(
    page: SegmentPage, *, key: bytes, next_url: str | None, previous_url: str | None
) -> Iterator[bytes]:
    """Return the text of the listing, piece by piece (CDS-WG3-01 10.8.8).

    Segments that are sent as stored come from compressed text, decompressed one at a time; text
    that the walk did not load is read in one query. The others are rendered chunk by chunk, with
    one to three queries per chunk.
    """
    return _joined(_parts(page, key=key, next_url=next_url, previous_url=previous_url))


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join small parts, because each piece has a cost of its own in the web server."""
    pieces: list[bytes] = []
    size = 0
    for part in parts:
        pieces.append(part)
        size += len(part)
        if size >= PIECE_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
    yield b"".join(pieces)


def _parts(
    page: SegmentPage, *, key: bytes, next_url: str | None, previous_url: str | None
) -> Iterator[bytes]:
    yield b'{"usage_segments":['
    texts = _texts([item for item in page.items if _is_stored(item)])
    unpack = zstandard.ZstdDecompressor().decompress
    head = _Head(page)
    separator = b""
    for chunk in _chunks(page.items):
        rendered = _rendered([item for item in chunk if not _is_stored(item)], key)
        for item in chunk:
            fragment = rendered.get(item.segment_id)
            formats = head.formats(item.row, fragment)
            values = fragment.values if fragment else unpack(texts[item.row.pk])
            # Values are most of the bytes, so they are passed through instead of copied.
            yield separator + head.of(item, formats)[:-1] + b',"values":'
            yield values
            separator = b"},"
    if page.items:
        yield b"}"
    yield b"]," + jsontext.dumps({"next": next_url, "previous": previous_url})[1:]


class _Times(dict[datetime, str]):
    """Times as text, cached: most segments of a page share some with others."""

    def __missing__(self, moment: datetime) -> str:
        text = self[moment] = format_datetime(moment)
        return text


@dataclass(slots=True)
class _Head:
    """Writes the fields that come before the values of a segment (10.8.1)."""

    page: SegmentPage
    times: _Times = field(default_factory=_Times)
    known: dict[str | tuple[SegmentFormat, ...], msgspec.Raw] = field(default_factory=dict)

    def formats(self, row: Found, fragment: Fragment | None) -> msgspec.Raw:
        """Return the text of `formats` for this token; most segments have the same formats."""
        key = fragment.formats if fragment else row.formats_text
        text = self.known.get(key)
        if text is None:
            formats = fragment.formats if fragment else parse_formats(row.formats_text)
            shown = wire_formats(formats, meters=self.page.meters, ids=self.page.format_ids)
            text = self.known[key] = msgspec.Raw(jsontext.dumps(shown))
        return text

    def of(self, item: Item, formats: msgspec.Raw) -> bytes:
        """Return a Usage Segment without its values."""
        row, times = item.row, self.times
        return _encode(
            {
                "cds_usagesegment_id": item.segment_id,
                "cds_created": times[row.cds_created],
                "cds_modified": times[row.cds_modified],
                "cds_synced": times[row.cds_synced],
                **item.links,
                "segment_start": times[item.start],
                "segment_end": times[item.end],
                "interval": row.interval,
                "formats": formats,
            }
        )


def _is_stored(item: Item) -> bool:
    """Whether the token gets the whole segment in all its formats, exactly as stored."""
    positions = item.piece.positions
    everything = len(parse_formats(item.row.formats_text))
    return positions is not None and item.piece.part.whole and len(positions) == everything


def _chunks(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Split the page into runs that are rendered together."""
    chunk: list[Item] = []
    values = 0
    for item in items:
        if chunk and values + item.values > CHUNK_VALUES:
            yield chunk
            chunk, values = [], 0
        chunk.append(item)
        values += item.values
    if chunk:
        yield chunk


def _texts(items: Sequence[Item]) -> dict[Any, bytes]:
    """Return the compressed text of `values` by pack key."""
    brought = {item.row.pk: item.row.rendered for item in items if item.row.rendered is not None}
    rows = _load([item for item in items if item.row.rendered is None], [*_KEY, "rendered"])
    return brought | {row[: len(_KEY)]: row[-1] for row in rows}


def _rendered(items: Sequence[Item], key: bytes) -> dict[str, Fragment]:
    """Return fragments of segments that are trimmed or limited to some formats, by id."""
    if not items:
        return {}
    names = [column.attname for column in UsagePack._meta.local_concrete_fields]
    # Stored text is not needed here and can be large.
    names.remove("rendered")
    packs = [UsagePack.from_db(connection.alias, names, row) for row in _load(items, names)]
    by_key = {pack.pk: pack for pack in packs}
    found = fragments([_request(item, by_key) for item in items], key=key)
    if None in found:
        raise RuntimeError("nothing is left of a segment that the walk found")
    return {item.segment_id: part for item, part in zip(items, found, strict=True) if part}


def _load(items: Sequence[Item], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return columns of these segments' packs."""
    if not items:
        return []
    keys = zip(*{item.row.pk for item in items}, strict=True)
    params = dict(zip(_KEY, map(list, keys), strict=True))
    starts = params["segment_start"]
    params |= {"first": min(starts), "last": max(starts)}
    return fetch(_by_key(tuple(names)), params)


@cache
def _by_key(names: tuple[str, ...]) -> bytes:
    columns = sql.SQL(", ").join(sql.Identifier("pack", name) for name in names)
    return sql.SQL(_BY_KEY).format(columns=columns).as_bytes()


def _request(item: Item, packs: Mapping[Any, UsagePack]) -> FragmentRequest:
    part = item.piece.part
    window = Window() if part.whole else Window(item.start, item.end)
    return FragmentRequest(packs[item.row.pk], window, item.piece.positions)
