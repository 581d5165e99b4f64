"""The versions of one segment, and where a delivery goes among them.

Versions form a chain in the source's time: each holds from its `as_of` to the `as_of` of the next.
A version that has to be restated, because an older delivery arrived late, is not changed: it is
superseded at its own `as_of`, and its restatement takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import zstandard

from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.usage.codec import Encoded, Pack, encode, overlay, rebase
from customerdata.usage.render import render_values, segment_formats
from customerdata.usage.segments import new_segment_id

Outcome = Literal["created", "corrected", "unchanged"]


@dataclass(slots=True)
class Lineage:
    """All versions of one segment: stored `rows`, then what this transaction adds and changes."""

    series: UsageSeries
    now: datetime
    rows: list[UsagePack] = field(default_factory=list)
    added: list[UsagePack] = field(default_factory=list)
    _touched: dict[int, UsagePack] = field(default_factory=dict)
    _packs: dict[int, Pack] = field(default_factory=dict)

    @property
    def changed(self) -> Iterable[UsagePack]:
        """Stored versions whose `superseded_at` or `cds_synced` has to be written."""
        return self._touched.values()

    @property
    def current(self) -> tuple[UsagePack, Pack]:
        """The version that nothing supersedes, with its values."""
        row = next(row for row in self._all() if row.superseded_at is None)
        return row, self._pack(row)

    def deliver(
        self, pack: Pack, *, as_of: datetime, synced: datetime, replace: bool
    ) -> Outcome | None:
        """Put a delivery at its place; None if there was nothing to store.

        Raises:
            PackMismatch: the readings do not lie on the grid of the stored ones.
        """
        chain = [r for r in self._all() if r.superseded_at is None or r.superseded_at > r.as_of]
        chain.sort(key=lambda row: row.as_of)
        before = next((row for row in reversed(chain) if row.as_of <= as_of), None)
        later = [row for row in chain if row.as_of > as_of]
        was = self._pack(before) if before else None
        became = overlay(was, pack, replace=replace) if was else _without_edges(pack)
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

    def _restate(
        self, was: Pack | None, became: Pack, later: list[UsagePack], synced: datetime
    ) -> None:
        for row in later:
            old = self._pack(row)
            new = rebase(was, old, became)
            encoded = encode(new)
            if encoded.digest == bytes(row.digest):
                return
            until = row.superseded_at
            self._supersede(row, row.as_of)
            self._add(new, encoded, row.as_of, until, synced)
            was, became = old, new

    def _all(self) -> list[UsagePack]:
        return [*self.rows, *self.added]

    def _pack(self, row: UsagePack) -> Pack:
        if row.version not in self._packs:
            self._packs[row.version] = row.unpacked()
        return self._packs[row.version]

    def _touch(self, row: UsagePack) -> None:
        if row.version <= max((r.version for r in self.rows), default=0):
            self._touched[row.version] = row

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
        versions = self._all()
        first = versions[0] if versions else None
        formats = segment_formats(pack)
        row = UsagePack(
            customer_id=self.series.customer_id,
            series_id=self.series.pk,
            contract_id=self.series.contract_id,
            segment_start=pack.segment_start,
            segment_end=pack.segment_end,
            version=max((r.version for r in versions), default=0) + 1,
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
        self._packs[row.version] = pack
        self.added.append(row)


def _without_edges(pack: Pack) -> Pack | None:
    """A new segment begins and ends with a value; a delivery without any makes none."""
    covered = np.flatnonzero(pack.covered())
    if not len(covered):
        return None
    return pack.sliced(int(covered[0]), int(covered[-1]) + 1)
