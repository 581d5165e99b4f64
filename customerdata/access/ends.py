"""When a Grant receives its last new data, by its own time spans or by links that ended."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from consent.models import Grant
from customerdata.access.entries import Holdings, grant_entries
from customerdata.models.access import FOREVER


class Reaching(Protocol):
    """What a row of computed access says about its entry."""

    @property
    def entry(self) -> int: ...

    @property
    def cutoff(self) -> datetime: ...


def new_data_until(grant: Grant, held: Holdings, rows: Iterable[Reaching]) -> datetime | None:
    """Return when a Grant receives its last new data, None if no end is known.

    Each entry gets new data until its time spans end (CDS-WG3-01 7.3). If all of its objects hang
    on accounts that are no longer linked, it ended with the last of these links (ADR 5), unless an
    account that is still linked can add future services. An entry with nothing left, as after a
    mistaken link, does not count; if no entry counts, the end of the last link decides.
    """
    links_ended = [*held.ends.values(), *held.mistaken.values()]
    last: dict[int, datetime] = {}
    for row in rows:
        last[row.entry] = max(row.cutoff, last.get(row.entry, row.cutoff))
    ends = []
    for entry in grant_entries(grant, held.whole):
        may_grow = entry.choice.include_future and held.some_go_on
        if links_ended and not may_grow and entry.index not in last:
            continue
        frozen = FOREVER if may_grow else last.get(entry.index, FOREVER)
        ends.append(min(entry.access.new_data_until or FOREVER, frozen))
    latest = max(ends or links_ended, default=FOREVER)
    return None if latest == FOREVER else latest
