"""The JSON text of a page as a stream, so that a page of many values is never held as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString

import msgspec
from django.db import connection
from psycopg import sql

from customerdata.api.segments.page import Item, SegmentPage
from customerdata.models import UsagePack
from customerdata.usage.reading import Fragment, FragmentRequest, fragments
from customerdata.usage.segments import Window
from customerdata.usage.wire import wire_formats
from portal import jsontext

# Value sets that are held as text at a time; a single segment may have more.
CHUNK_VALUES = 30_000

# A nested loop opens one partition per key; a list of keys would be planned for each partition.
_BY_KEY: LiteralString = """
SELECT {columns} FROM unnest(
    %s::bigint[], %s::bigint[], %s::timestamptz[], %s::int[]
) AS wanted (customer_id, series_id, segment_start, version)
CROSS JOIN LATERAL (
    SELECT * FROM customerdata_usagepack AS stored
    WHERE stored.customer_id = wanted.customer_id AND stored.series_id = wanted.series_id
        AND stored.segment_start = wanted.segment_start AND stored.version = wanted.version
    LIMIT 1
) AS pack
"""


def stream(
    page: SegmentPage, *, key: bytes, next_url: str | None, previous_url: str | None
) -> Iterator[bytes]:
    """Yield the text of the listing (CDS-WG3-01 10.8.8), one to three queries per chunk."""
    yield b'{"usage_segments":['
    separator = b""
    for chunk in _chunks(page.items):
        packs = _packs(chunk)
        requests = [_request(item, packs) for item in chunk]
        for item, fragment in zip(chunk, fragments(requests, key=key), strict=True):
            if fragment is None:
                raise RuntimeError(f"nothing is left of {item.segment_id}, which was found")
            yield separator + jsontext.dumps(_segment(item, fragment, page))
            separator = b","
    yield b"]," + jsontext.dumps({"next": next_url, "previous": previous_url})[1:]


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


def _packs(chunk: Sequence[Item]) -> Mapping[Any, UsagePack]:
    """Load the packs of a chunk."""
    keys = list(zip(*{item.row.pk for item in chunk}, strict=True))
    names = [field.attname for field in UsagePack._meta.local_concrete_fields]
    columns = sql.SQL(", ").join(sql.Identifier("pack", name) for name in names)
    with connection.cursor() as db:
        db.execute(sql.SQL(_BY_KEY).format(columns=columns), [list(key) for key in keys])
        packs = [UsagePack.from_db(connection.alias, names, row) for row in db.fetchall()]
    return {pack.pk: pack for pack in packs}


def _request(item: Item, packs: Mapping[Any, UsagePack]) -> FragmentRequest:
    part = item.piece.part
    window = Window() if part.whole else Window(item.start, item.end)
    return FragmentRequest(packs[item.row.pk], window, item.piece.positions)


def _segment(item: Item, fragment: Fragment, page: SegmentPage) -> dict[str, Any]:
    """Return a Usage Segment (10.8.1); `values` is text already."""
    row, links = item.row, item.links
    return {
        "cds_usagesegment_id": item.segment_id,
        "cds_created": row.cds_created,
        "cds_modified": row.cds_modified,
        "cds_synced": row.cds_synced,
        "related_aggregations": [],
        "related_accounts": links.accounts,
        "related_servicecontracts": links.contracts,
        "related_servicepoints": links.service_points,
        "related_meterdevices": links.meters,
        "related_billsections": [],
        "segment_start": item.start,
        "segment_end": item.end,
        "interval": row.interval,
        "formats": wire_formats(fragment.formats, meters=page.meters),
        "values": msgspec.Raw(fragment.values),
    }
