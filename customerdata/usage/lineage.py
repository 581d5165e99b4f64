"""The versions of one segment, and the place of a delivery among them.

Versions form a chain in the source's time: each holds from its `as_of` to the `as_of` of the next.
If a version has to be restated because an older delivery arrived late, it is not changed: it is
superseded at its own `as_of`, and the restatement takes its place.

After a change of time zone rules (ADR 9), versions that no longer hold can lie in the month of
another segment. So a row is identified by its whole key, and a segment by the versions that hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import zstandard

from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.usage_values.codec import Encoded, Pack, encode, overlay, rebase
from customerdata.usage_values.render import render_values, segment_formats
from customerdata.usage_values.segments import new_segment_id

Outcome = Literal["created", "corrected", "unchanged"]
Key = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class State:
    """The content of a segment from `as_of` until the next state."""

    as_of: datetime
    pack: Pack
    synced: datetime


@dataclass(slots=True)
class Lineage:
    """All versions of one segment: stored `rows`, then those that this transaction adds or changes.

    `taken` is the highest version number that rows of other segments can have at the same start.
    """

    series: UsageSeries
    now: datetime
    rows: list[UsagePack] = field(default_factory=list)
    taken: int = 0
    added: list[UsagePack] = field(default_factory=list)
    _touched: dict[Key, UsagePack] = field(default_factory=dict)
    _packs: dict[Key, Pack] = field(default_factory=dict)
    _first: UsagePack | None = None

    @property
    def changed(self) -> Sequence[UsagePack]:
        """Stored versions whose `superseded_at` or `cds_synced` has to be written."""
        return list(self._touched.values())

    @property
    def current(self) -> tuple[UsagePack, Pack] | None:
        """The version that nothing supersedes, with its values; None if others took them."""
        row = next((row for row in self._all() if row.superseded_at is None), None)
        return None if row is None else (row, self._pack(row))

    def deliver(
        self, pack: Pack, *, as_of: datetime, synced: datetime, replace: bool
    ) -> Outcome | None:
        """Insert a delivery at its place; None if there was nothing to store.

        Raises:
            PackMismatch: the readings do not lie on the grid of the stored ones.
        """
        chain = self._chain()
        self._first = chain[0] if chain else None
        before = next((row for row in reversed(chain) if row.as_of <= as_of), None)
        later = [row for row in chain if row.as_of > as_of]
        was = self._pack(before) if before else None
        became = self._laid(was, pack, replace=replace)
        if became is None:
            return None
        encoded = encode(became)
        if before and bytes(before.digest) == encoded.digest:
            self._sync(chain[-1], synced)
            return "unchanged"
        if before:
            self._supersede(before, as_of)
        self._add(became, encoded, as_of, later[0].as_of if later else None, synced)
        self._restate(was, became, later, synced)
        return "corrected" if chain else "created"

    def replan(self, states: Sequence[State]) -> None:
        """Give the segment these states in sequence; versions that match one are kept."""
        chain = self._chain()
        self._first = chain[0] if chain else None
        planned = _spans(states)
        kept = {
            (row.as_of, row.superseded_at)
            for row in chain
            if any(
                row.as_of == state.as_of
                and row.superseded_at == until
                and bytes(row.digest) == encoded.digest
                for state, encoded, until in planned
            )
        }
        for row in chain:
            if (row.as_of, row.superseded_at) not in kept:
                self._supersede(row, row.as_of)
        for state, encoded, until in planned:
            if (state.as_of, until) not in kept:
                self._add(state.pack, encoded, state.as_of, until, state.synced)

    def _laid(self, was: Pack | None, pack: Pack, *, replace: bool) -> Pack | None:
        """The new content of a version; a period of another length replaces the former."""
        if was is None or self._is_another_period(was, pack):
            return _without_edges(pack)
        return overlay(was, pack, replace=replace)

    def _is_another_period(self, one: Pack, other: Pack) -> bool:
        # Only if the grid says what the periods are, because a day does not correct a bill.
        varying = self.series.interval is None and bool(self.series.grid)
        return varying and one.interval != other.interval

    def _restate(
        self, was: Pack | None, became: Pack, later: list[UsagePack], synced: datetime
    ) -> None:
        for row in later:
            old = self._pack(row)
            if self._is_another_period(old, became):
                # It restated the whole period and keeps all of it.
                return
            new = rebase(was if was and was.interval == old.interval else None, old, became)
            encoded = encode(new)
            if encoded.digest == bytes(row.digest):
                return
            until = row.superseded_at
            self._supersede(row, row.as_of)
            self._add(new, encoded, row.as_of, until, synced)
            was, became = old, new

    def _all(self) -> list[UsagePack]:
        return [*self.rows, *self.added]

    def _chain(self) -> list[UsagePack]:
        return sorted((row for row in self._all() if row.lasts), key=lambda row: row.as_of)

    def _pack(self, row: UsagePack) -> Pack:
        if _key(row) not in self._packs:
            self._packs[_key(row)] = row.unpacked()
        return self._packs[_key(row)]

    def _touch(self, row: UsagePack) -> None:
        if any(stored is row for stored in self.rows):
            self._touched[_key(row)] = row

    def _supersede(self, row: UsagePack, at: datetime) -> None:
        row.superseded_at = at
        self._touch(row)

    def _sync(self, row: UsagePack, synced: datetime) -> None:
        if synced > row.cds_synced:
            row.cds_synced = synced
            self._touch(row)

    def _add(
        self,
        pack: Pack,
        encoded: Encoded,
        as_of: datetime,
        superseded_at: datetime | None,
        synced: datetime,
    ) -> None:
        versions, first = self._all(), self._first
        formats = segment_formats(pack)
        row = UsagePack(
            customer_id=self.series.customer_id,
            series_id=self.series.pk,
            contract_id=self.series.contract_id,
            segment_start=pack.segment_start,
            segment_end=pack.segment_end,
            version=max([self.taken, *(r.version for r in versions)]) + 1,
            public_id=first.public_id if first else new_segment_id(pack.segment_start),
            as_of=as_of,
            superseded_at=superseded_at,
            cds_created=first.cds_created if first else self.now,
            cds_modified=self.now,
            cds_synced=max([synced, *(r.cds_synced for r in versions)]),
            interval=pack.interval,
            count=pack.count,
            blob=encoded.blob,
            digest=encoded.digest,
            formats_text=json.dumps([f.to_json() for f in formats], separators=(",", ":")),
            rendered=zstandard.compress(render_values(pack, formats)),
        )
        self._first = first or row
        self._packs[_key(row)] = pack
        self.added.append(row)


def _key(row: UsagePack) -> Key:
    return row.segment_start, row.version


def _spans(states: Sequence[State]) -> list[tuple[State, Encoded, datetime | None]]:
    """States with the end of each; a state that changes nothing extends the one before."""
    found: list[tuple[State, Encoded]] = []
    for state in states:
        encoded = encode(state.pack)
        if not found or found[-1][1].digest != encoded.digest:
            found.append((state, encoded))
    ends = [*(state.as_of for state, _ in found[1:]), None]
    return [(state, encoded, end) for (state, encoded), end in zip(found, ends, strict=False)]


def _without_edges(pack: Pack) -> Pack | None:
    """A new segment begins and ends with a value; a delivery without values creates none."""
    covered = np.flatnonzero(pack.covered())
    if not len(covered):
        return None
    return pack.sliced(int(covered[0]), int(covered[-1]) + 1)
