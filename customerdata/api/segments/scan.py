"""The walk over packs in the order of the listing (CDS-WG3-01 10.8.8).

The order is aggregation number (no usage hangs on one, so always empty), account number, contract
number, start and newest change first. Numbers are stored as one sort key per granted contract, so
the walk goes key by key: the database stops as soon as a page is full and reads nothing behind it.
Contracts may share a key, above all when their numbers are hidden; then their packs interleave by
start and the walk goes month by month, which costs as many index look-ups as contracts share the
key, but never their whole history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, LiteralString

from django.db.models import Count
from psycopg import sql

from customerdata.access.reading import Reader
from customerdata.api.segments.entries import UsageEntry
from customerdata.api.segments.filters import SegmentFilters
from customerdata.api.segments.rows import fetch
from customerdata.models import GrantedObject, UsageSeries
from portal.listing import FOREIGN_CURSOR, Cursor, InvalidFilter

# Sort keys looked at in one query; most contracts have usage, so one page rarely needs more.
KEYS_AT_ONCE = 200
# Up to this many contracts of one key, reading all their packs is cheaper than going by months.
FEW_CONTRACTS = 4
# How far back the walk goes by months where no window says since when; older packs come first.
_YEARS_BACK = 10
_CURSOR_WIDTH = 5
# A pack of many values lies in one local month, so trimming moves its start by less than this.
_LONGEST_MOVE = timedelta(days=32)
_FIRST, _LAST = "-infinity", "infinity"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the listing: a sort key and one pack version below it, None for its far end."""

    key: str
    pack: tuple[datetime, datetime, str, int] | None

    def cursor(self, *, backwards: bool) -> Cursor:
        """Return the cursor of the page that begins (or ends) here."""
        assert self.pack is not None  # noqa: S101 -- for the type checker: cursors are at packs
        start, modified, public_id, version = self.pack
        values = (self.key, start.isoformat(), modified.isoformat(), public_id, version)
        return Cursor(values, backwards)


def read_cursor(text: str | None) -> tuple[Position | None, bool]:
    """Return where a page starts and whether it goes backwards. Raises InvalidFilter."""
    if not text:
        return None, False
    cursor = Cursor.decode(text, width=_CURSOR_WIDTH)
    key, start, modified, public_id, version = cursor.values
    try:
        instants = [datetime.fromisoformat(text) for text in (start, modified)]
        sound = all(isinstance(value, str) and "\x00" not in value for value in (key, public_id))
        if not sound or any(at.tzinfo is None for at in instants) or not 0 < version < 2**31:
            raise ValueError("not ours")
        first, second = (at.astimezone(UTC) for at in instants)
    except (TypeError, ValueError, OverflowError):
        raise InvalidFilter(FOREIGN_CURSOR, field="cursor") from None
    return Position(key, (first, second, public_id, version)), cursor.backwards


@dataclass(frozen=True, slots=True)
class Found:
    """One version of a pack that entries reach, without its values.

    `start` is where the first value set inside one of their windows begins.
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

    @property
    def position(self) -> Position:
        """Where it stands in the listing."""
        return Position(self.key, (self.start, self.cds_modified, self.public_id, self.version))

    @property
    def pk(self) -> tuple[int, int, datetime, int]:
        """The primary key of the pack version."""
        return self.customer_id, self.series_id, self.segment_start, self.version


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step of the walk found; `resume` is None at the end of the listing."""

    rows: list[Found]
    resume: Position | None


@dataclass(frozen=True, slots=True)
class _Step:
    """Packs of one key whose start lies in [low, high), read from `reach` on in the index."""

    key: str
    reach: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Walk:
    """What a token's listing goes through, in one direction."""

    reader: Reader
    entries: Sequence[UsageEntry]
    filters: SegmentFilters
    backwards: bool

    def batch(self, at: Position | None, *, keys: int, rows: int) -> Batch:
        """Return up to `rows` pack versions strictly after `at`, from up to `keys` sort keys."""
        groups = self._groups(at, keys)
        steps = [step for key, size in groups[:keys] for step in self._steps(key, size, at)]
        found = self._packs(steps, at, rows) if steps else []
        if len(found) >= rows:
            return Batch(found, found[-1].position)
        return Batch(found, Position(groups[keys - 1][0], None) if len(groups) > keys else None)

    def _groups(self, at: Position | None, keys: int) -> list[tuple[str, int]]:
        """Return the next sort keys with their number of contracts, one more than asked for."""
        rows = GrantedObject.objects.filter(
            grant=self.reader.grant,
            kind=GrantedObject.Kind.CONTRACT,
            entry__in=[entry.index for entry in self.entries],
        )
        if self.filters.series is not None:
            series = UsageSeries.objects.filter(self.filters.series)
            rows = rows.filter(object_id__in=series.values("contract_id"))
        if at is not None:
            beyond = "lt" if self.backwards else "gt"
            rows = rows.filter(**{f"sort_key__{beyond}{'' if at.pack is None else 'e'}": at.key})
        groups = rows.values_list("sort_key").annotate(n=Count("object_id", distinct=True))
        return list(groups.order_by("-sort_key" if self.backwards else "sort_key")[: keys + 1])

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
        """Since when packs can matter to any entry: constants let the planner skip partitions."""
        starts = [entry.window.start for entry in self.entries]
        known = [start for start in starts if start is not None]
        return str(min(known) - _LONGEST_MOVE) if len(known) == len(starts) else _FIRST

    def _newest(self) -> str:
        """Until when packs can matter to any entry and to the `before` filter."""
        ends = [entry.window.end for entry in self.entries]
        known = [end for end in ends if end is not None]
        return str(max(known)) if len(known) == len(ends) else _LAST

    def _packs(self, steps: Sequence[_Step], at: Position | None, rows: int) -> list[Found]:
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
            "rows": rows,
        }
        series, cursor = sql.SQL("true"), sql.SQL("true")
        if self.filters.series is not None:
            keys = UsageSeries.objects.filter(self.filters.series).values_list("pk", flat=True)
            params["series"] = list(keys)
            series = sql.SQL("pack.series_id = ANY(%(series)s)")
        if at is not None and at.pack is not None:
            names = ("at_start", "at_modified", "at_id", "at_version")
            params |= {"at_key": at.key, **dict(zip(names, at.pack, strict=True))}
            cursor = sql.SQL(_BEFORE_CURSOR if self.backwards else _AFTER_CURSOR)
        ways = {"up": sql.SQL("DESC" if self.backwards else "ASC")}
        ways["down"] = sql.SQL("ASC" if self.backwards else "DESC")
        statement = sql.SQL(_PACKS).format(series=series, cursor=cursor, **ways)
        return [Found(*row) for row in fetch(statement, params)]


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
# One row per pack version and all entries that read it. The steps come in the order of the listing
# and each yields its rows in order, so the outer LIMIT ends the walk at the first full page.
_PACKS: LiteralString = """
WITH entry AS MATERIALIZED (
    SELECT * FROM unnest(
        %(entries)s::int[], %(instants)s::timestamptz[],
        %(window_starts)s::timestamptz[], %(window_ends)s::timestamptz[]
    ) AS entry (number, instant, low, high)
)
SELECT step.key, found.*
FROM (
    SELECT * FROM unnest(
        %(keys)s::text[], %(reaches)s::timestamptz[],
        %(lows)s::timestamptz[], %(highs)s::timestamptz[]
    ) WITH ORDINALITY AS step (key, reach, low, high, number)
    ORDER BY number
) AS step
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT min(first.start) AS start, pack.cds_modified, pack.public_id, pack.version,
            pack.customer_id, pack.series_id, pack.segment_start, pack.contract_id,
            pack.interval, pack.count, pack.cds_created, pack.cds_synced, pack.formats_text,
            array_agg(entry.number) AS entries
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
            AND pack.as_of <= entry.instant
            AND (pack.superseded_at IS NULL OR pack.superseded_at > entry.instant)
            AND pack.segment_start >= %(oldest)s::timestamptz
            AND pack.segment_start < %(newest)s::timestamptz
            AND pack.segment_start >= step.reach
            AND pack.segment_start < step.high
            AND first.start + step_of.length
                <= LEAST(pack.segment_end, entry.high)
            AND (%(after)s::timestamptz IS NULL OR pack.segment_end >= %(after)s)
            AND (%(base_ids)s::text[] IS NULL OR pack.public_id = ANY(%(base_ids)s))
            AND {series}
        GROUP BY pack.customer_id, pack.series_id, pack.segment_start, pack.version,
            pack.contract_id, pack.cds_modified, pack.public_id, pack.interval, pack.count,
            pack.cds_created, pack.cds_synced, pack.formats_text
    ) AS reached
    WHERE start >= step.low AND start < step.high AND ({cursor})
        AND (%(before)s::timestamptz IS NULL OR start <= %(before)s)
    ORDER BY start {up}, cds_modified {down}, public_id COLLATE "C" {up}, version {up}
    LIMIT %(rows)s
) AS found
ORDER BY step.number, found.start {up}, found.cds_modified {down},
    found.public_id COLLATE "C" {up}, found.version {up}
LIMIT %(rows)s
"""
