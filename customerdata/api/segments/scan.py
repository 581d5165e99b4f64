"""The walk over packs in the order of the listing (CDS-WG3-01 10.8.8).

The order is aggregation number (always empty, since usage belongs to no aggregation), account
number, contract number, start and newest change first. Numbers are stored as one sort key per
granted contract, so the walk goes key by key: the database stops as soon as a page is full and
reads no further. Contracts can share a key, mostly if their numbers are hidden. Then their packs
interleave by start and the walk goes month by month, which takes one index lookup per contract
with the key, but never reads their whole history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, LiteralString

import msgspec
from psycopg import sql

from customerdata.access.reading import Reader
from customerdata.api.segments.entries import UsageEntry
from customerdata.api.segments.filters import SegmentFilters
from customerdata.api.segments.rows import fetch
from customerdata.models import UsageSeries
from portal.http.listing import FOREIGN_CURSOR, Cursor, InvalidFilter

# Sort keys covered by one query; most contracts have usage, so a page rarely needs more.
KEYS_AT_ONCE = 200
# Up to this many contracts per key, reading all their packs is cheaper than going by months.
FEW_CONTRACTS = 4
# How far back the walk goes by months if no window has a start; older packs come first.
_YEARS_BACK = 10
_CURSOR_WIDTH = 5
# What `Position.cursor` writes.
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_Version = Annotated[int, msgspec.Meta(gt=0, lt=2**31)]
_Written = tuple[str, _Instant, _Instant, str, _Version]
# A pack of several values lies in one local month, so trimming moves its start by less.
_LONGEST_MOVE = timedelta(days=32)
_FIRST, _LAST = "-infinity", "infinity"


def measured_where_chosen(series_id: sql.Composable) -> sql.Composed:
    """Let a contract (`granted`) show a series only if it was measured where the customer chose."""
    return sql.SQL("""
        (granted.through = '' OR EXISTS (
            SELECT 1 FROM customerdata_usageseries AS measured
            JOIN customerdata_grantedobject AS chosen ON chosen.grant_id = granted.grant_id
                AND chosen.entry = granted.entry AND chosen.kind = granted.through
                AND chosen.object_id = CASE granted.through
                    WHEN 'meter' THEN measured.meter_id ELSE measured.service_point_id END
            WHERE measured.id = {series_id}
        ))
    """).format(series_id=series_id)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the listing: a sort key and one of its pack versions, None for the key's end."""

    key: str
    pack: tuple[datetime, datetime, str, int] | None

    def cursor(self, *, backwards: bool) -> Cursor:
        """Return the cursor of the page that begins (or ends) here."""
        assert self.pack is not None  # noqa: S101 -- for the type checker: cursors are at packs
        start, modified, public_id, version = self.pack
        values = (self.key, start.isoformat(), modified.isoformat(), public_id, version)
        return Cursor(values, backwards)


def read_cursor(text: str | None, *, listing: str) -> tuple[Position | None, bool]:
    """Return where a page starts and whether it goes backward. Raises InvalidFilter."""
    if not text:
        return None, False
    cursor = Cursor.decode(text, listing=listing, width=_CURSOR_WIDTH)
    try:
        key, start, modified, public_id, version = msgspec.convert(cursor.values, _Written)
        first, second = (at.astimezone(UTC) for at in (start, modified))
    except (msgspec.ValidationError, OverflowError):
        raise InvalidFilter(FOREIGN_CURSOR, field="cursor") from None
    return Position(key, (first, second, public_id, version)), cursor.backwards


class Found(msgspec.Struct, frozen=True):
    """One version of a pack that entries reach.

    `start` is where the first value set inside one of their windows begins. `rendered` is the
    pack's stored text if the walk loaded it.
    """

    key: str
    start: datetime
    cds_modified: datetime
    public_id: str
    version: int
    customer_id: int
    series_id: int
    segment_start: datetime
    contract_id: int
    interval: int
    count: int
    cds_created: datetime
    cds_synced: datetime
    formats_text: str
    entries: list[int]
    rendered: bytes | None

    @property
    def position(self) -> Position:
        """Its place in the listing."""
        return Position(self.key, (self.start, self.cds_modified, self.public_id, self.version))

    @property
    def pk(self) -> tuple[int, int, datetime, int]:
        """The primary key of the pack version."""
        return self.customer_id, self.series_id, self.segment_start, self.version


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one step of the walk; `resume` is None at the end of the listing."""

    rows: list[Found]
    resume: Position | None


@dataclass(frozen=True, slots=True)
class _Step:
    """Packs of one key whose start lies in [low, high), read from `reach` onward in the index."""

    key: str
    reach: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk of a token's listing, in one direction."""

    reader: Reader
    entries: Sequence[UsageEntry]
    filters: SegmentFilters
    series: Sequence[int] | None
    backwards: bool

    @classmethod
    def of(
        cls,
        reader: Reader,
        entries: Sequence[UsageEntry],
        filters: SegmentFilters,
        *,
        backwards: bool,
    ) -> "Walk":
        """Build the walk; `series` are those that match the filters, None for all."""
        series = None
        if filters.series is not None:
            found = UsageSeries.objects.filter(filters.series)
            series = list(found.values_list("pk", flat=True))
        return cls(reader, entries, filters, series, backwards)

    def batch(self, at: Position | None, *, keys: int, rows: int, texts: int) -> Batch:
        """Return up to `rows` pack versions strictly after `at`, from up to `keys` sort keys.

        The first ones, up to `texts` value sets in total, come with their stored text.
        """
        groups = self._groups(at, keys)
        steps = [step for key, size in groups[:keys] for step in self._steps(key, size, at)]
        found = self._packs(steps, at, rows, texts) if steps else []
        if len(found) >= rows:
            return Batch(found, found[-1].position)
        return Batch(found, Position(groups[keys - 1][0], None) if len(groups) > keys else None)

    def _groups(self, at: Position | None, keys: int) -> list[tuple[str, int]]:
        """Return the next sort keys with their number of contracts, one more than requested."""
        params = {
            "grant": self.reader.grant.pk,
            "entries": [entry.index for entry in self.entries],
            "series": self.series,
            "at_key": at.key if at is not None else None,
            "keys": keys + 1,
        }
        from_key = None if at is None else at.pack is not None
        statement = _groups_statement(self.series is not None, from_key, self.backwards)
        return [(key, size) for key, size in fetch(statement, params)]

    def _steps(self, key: str, size: int, at: Position | None) -> list[_Step]:
        """Split a key that many contracts share into months, beginning at the cursor."""
        if size <= FEW_CONTRACTS:
            return [_Step(key, _FIRST, _FIRST, _LAST)]
        here = at.pack[0] if at is not None and at.pack is not None and at.key == key else None
        edges = self._months()
        if here is not None:
            edges = [e for e in edges if (e <= here if self.backwards else e > here)]
        steps = [
            _Step(
                key,
                str(low - _LONGEST_MOVE) if low else _FIRST,
                str(low) if low else _FIRST,
                str(high) if high else _LAST,
            )
            for low, high in pairwise([None, *edges, None])
        ]
        return steps[::-1] if self.backwards else steps

    def _months(self) -> list[datetime]:
        """Return the starts of the months (UTC, like the partitions) that hold nearly all packs."""
        now = self.reader.now
        starts = [entry.window.start for entry in self.entries]
        years_ago = now - timedelta(days=365 * _YEARS_BACK)
        first = max(min((start or years_ago for start in starts), default=now), years_ago)
        low, high = (at.astimezone(UTC) for at in (first, now))
        numbers = range(low.year * 12 + low.month - 1, high.year * 12 + high.month + 1)
        return [datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in numbers]

    def _oldest(self) -> str:
        """The start of packs relevant to any entry; constants let the planner skip partitions."""
        starts = [entry.window.start for entry in self.entries]
        known = [start for start in starts if start is not None]
        return str(min(known) - _LONGEST_MOVE) if len(known) == len(starts) else _FIRST

    def _newest(self) -> str:
        """The end of packs relevant to any entry and to the `before` filter."""
        ends = [entry.window.end for entry in self.entries]
        known = [end for end in ends if end is not None]
        return str(max(known)) if len(known) == len(ends) else _LAST

    def _packs(
        self, steps: Sequence[_Step], at: Position | None, rows: int, texts: int
    ) -> list[Found]:
        params: dict[str, Any] = {
            "grant": self.reader.grant.pk,
            "entries": [entry.index for entry in self.entries],
            "instants": [entry.instant for entry in self.entries],
            "window_starts": [entry.window.start for entry in self.entries],
            "window_ends": [entry.window.end for entry in self.entries],
            "keys": [step.key for step in steps],
            "reaches": [step.reach for step in steps],
            "lows": [step.low for step in steps],
            "highs": [step.high for step in steps],
            "oldest": self._oldest(),
            "newest": self._newest(),
            "before": self.filters.before,
            "after": self.filters.after,
            "base_ids": self.filters.base_ids,
            "series": self.series,
            "rows": rows,
            "texts": texts,
        }
        inside = at is not None and at.pack is not None
        if at is not None and at.pack is not None:
            names = ("at_start", "at_modified", "at_id", "at_version")
            params |= {"at_key": at.key, **dict(zip(names, at.pack, strict=True))}
        statement = _packs_statement(self.series is not None, inside, self.backwards)
        return [Found(*row) for row in fetch(statement, params)]


@cache
def _groups_statement(of_series: bool, from_key: bool | None, backwards: bool) -> bytes:
    """Return a form of `_GROUPS`: all keys, from the cursor's key onward, or after it."""
    beyond: LiteralString = "true"
    if from_key is not None:
        beyond = "granted.sort_key " + ("<" if backwards else ">") + ("=" if from_key else "")
        beyond += " %(at_key)s"
    return (
        sql.SQL(_GROUPS)
        .format(
            series=sql.SQL(_CONTRACTS_OF_SERIES if of_series else "true"),
            beyond=sql.SQL(beyond),
            up=_DESCENDING if backwards else _ASCENDING,
        )
        .as_bytes()
    )


@cache
def _packs_statement(of_series: bool, inside: bool, backwards: bool) -> bytes:
    """Return a form of `_PACKS`."""
    cursor: LiteralString = _BEFORE_CURSOR if backwards else _AFTER_CURSOR
    ways = (_DESCENDING, _ASCENDING) if backwards else (_ASCENDING, _DESCENDING)
    return (
        sql.SQL(_PACKS)
        .format(
            measured=measured_where_chosen(sql.Identifier("pack", "series_id")),
            series=sql.SQL(_OF_SERIES if of_series else "true"),
            cursor=sql.SQL(cursor if inside else "true"),
            order=sql.SQL(_ORDER).format(up=ways[0], down=ways[1]),
        )
        .as_bytes()
    )


_ASCENDING, _DESCENDING = sql.SQL("ASC"), sql.SQL("DESC")
_GROUPS: LiteralString = """
SELECT granted.sort_key, count(DISTINCT granted.object_id)
FROM customerdata_grantedobject AS granted
WHERE granted.grant_id = %(grant)s
    AND granted.kind = 'contract'
    AND granted.entry = ANY(%(entries)s::int[])
    AND {series}
    AND {beyond}
GROUP BY granted.sort_key
ORDER BY granted.sort_key {up}
LIMIT %(keys)s
"""
_CONTRACTS_OF_SERIES: LiteralString = """
    granted.object_id IN (
        SELECT contract_id FROM customerdata_usageseries WHERE id = ANY(%(series)s::bigint[])
    )
"""
_OF_SERIES: LiteralString = "pack.series_id = ANY(%(series)s::bigint[])"
_AFTER_CURSOR: LiteralString = """
    step.key <> %(at_key)s OR start > %(at_start)s OR (start = %(at_start)s AND (
        cds_modified < %(at_modified)s OR (cds_modified = %(at_modified)s
            AND (public_id COLLATE "C", version) > (%(at_id)s, %(at_version)s))))
"""
_BEFORE_CURSOR: LiteralString = """
    step.key <> %(at_key)s OR start < %(at_start)s OR (start = %(at_start)s AND (
        cds_modified > %(at_modified)s OR (cds_modified = %(at_modified)s
            AND (public_id COLLATE "C", version) < (%(at_id)s, %(at_version)s))))
"""
# One row per pack version, with all entries that read it. The steps are in the order of the listing
# and each yields its rows in order, so the inner LIMIT ends the walk at the first full page. The
# stored text is included if a page is sure to send it whole, up to the values that fit on a page.
_PACKS: LiteralString = """
WITH entry AS MATERIALIZED (
    SELECT * FROM unnest(
        %(entries)s::int[], %(instants)s::timestamptz[],
        %(window_starts)s::timestamptz[], %(window_ends)s::timestamptz[]
    ) AS entry (number, instant, low, high)
)
SELECT key, start, cds_modified, public_id, version, customer_id, series_id, segment_start,
    contract_id, interval, count, cds_created, LEAST(cds_synced, instant) AS cds_synced,
    formats_text, entries,
    CASE WHEN whole AND sum(count) OVER (ORDER BY number, {order}) <= %(texts)s
    THEN rendered END
FROM (
    SELECT step.number, step.key, found.*
    FROM (
        SELECT * FROM unnest(
            %(keys)s::text[], %(reaches)s::timestamptz[],
            %(lows)s::timestamptz[], %(highs)s::timestamptz[]
        ) WITH ORDINALITY AS step (key, reach, low, high, number)
        ORDER BY number
    ) AS step
    CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT min(first.start) AS start, pack.*, array_agg(entry.number) AS entries,
                -- Frozen usage was confirmed for no time after that (CDS-WG3-01 7.3.1).
                max(LEAST(entry.instant, granted.cutoff)) AS instant,
                bool_or(
                    step_of.skipped = 0 AND pack.segment_end <= COALESCE(entry.high, 'infinity')
                ) AS whole
            FROM customerdata_grantedobject AS granted
            JOIN entry ON entry.number = granted.entry
            JOIN customerdata_usagepack AS pack ON pack.contract_id = granted.object_id
            CROSS JOIN LATERAL (
                SELECT make_interval(secs => pack.interval) AS length,
                    CASE WHEN entry.low > pack.segment_start THEN
                        ceil(extract(epoch FROM entry.low - pack.segment_start) / pack.interval)
                    ELSE 0 END AS skipped
            ) AS step_of
            CROSS JOIN LATERAL (
                SELECT pack.segment_start + step_of.skipped::int * step_of.length AS start
            ) AS first
            WHERE granted.grant_id = %(grant)s
                AND granted.kind = 'contract'
                AND granted.sort_key = step.key
                AND {measured}
                -- The cutoff of a row is the entry's, or the end of the link to the account.
                AND pack.as_of <= LEAST(entry.instant, granted.cutoff)
                AND (pack.superseded_at IS NULL
                    OR pack.superseded_at > LEAST(entry.instant, granted.cutoff))
                AND pack.segment_start >= %(oldest)s::timestamptz
                AND pack.segment_start < %(newest)s::timestamptz
                AND pack.segment_start >= step.reach
                AND pack.segment_start < step.high
                AND first.start + step_of.length
                    <= LEAST(pack.segment_end, entry.high)
                AND (%(after)s::timestamptz IS NULL OR pack.segment_end >= %(after)s)
                AND (%(base_ids)s::text[] IS NULL OR pack.public_id = ANY(%(base_ids)s))
                AND {series}
            -- The primary key, so that all other columns are known too.
            GROUP BY pack.customer_id, pack.series_id, pack.segment_start, pack.version
        ) AS reached
        WHERE start >= step.low AND start < step.high AND ({cursor})
            AND (%(before)s::timestamptz IS NULL OR start <= %(before)s)
        ORDER BY {order}
        LIMIT %(rows)s
    ) AS found
    ORDER BY step.number, {order}
    LIMIT %(rows)s
) AS page
ORDER BY number, {order}
"""
_ORDER: LiteralString = """
    start {up}, cds_modified {down}, public_id COLLATE "C" {up}, version {up}
"""
