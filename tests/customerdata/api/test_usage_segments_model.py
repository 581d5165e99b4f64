"""The listing against a plain model that works value by value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from consent.catalogue.demo_offers import demo_offers
from customerdata.api.segments.entries import UsageEntry, ValueTypes
from customerdata.api.segments.pieces import Grid, piece_id, pieces, shown_by
from customerdata.models.access import FOREVER
from customerdata.usage_values.segments import Cut, Window
from customerdata.usage_values.wire import SegmentFormat
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.segments_world import (
    COST,
    COST_ID,
    MARCH,
    NET,
    NET_ID,
    T1,
    T2,
    T3,
    found,
    grant_over,
    readings,
    segments,
    series_of,
    usage,
    write,
)
from tests.factories.customerdata import Household

HOUR = timedelta(hours=1)
TYPES = {NET_ID: "electric_usage", COST_ID: "cost"}
edges = st.none() | st.integers(-3, 14).map(lambda n: MARCH + n * timedelta(minutes=40))


@dataclass(frozen=True)
class Entry:
    """What one entry says."""

    low: datetime | None
    high: datetime | None
    types: frozenset[str]
    until: datetime | None

    def details(self) -> Mapping[str, Any]:
        bounds: dict[str, Any] = {
            "segment_start": self.low,
            "segment_end": self.high,
            "sync_until": self.until,
        }
        return usage(*sorted(self.types), **{k: v for k, v in bounds.items() if v is not None})

    def gives(self, start: datetime) -> bool:
        return (self.low is None or self.low <= start) and (
            self.high is None or start + HOUR <= self.high
        )


entries = st.builds(
    Entry,
    edges,
    edges,
    st.sets(st.sampled_from([NET_ID, COST_ID]), min_size=1).map(frozenset),
    st.sampled_from([None, T1 + HOUR]),
)
rows = st.lists(st.integers(0, 99), min_size=1, max_size=8)


def model(stored: list[tuple[list[int], list[int]]], asked: list[Entry]) -> list[Any]:
    """All (contract, time, type, value) that the entries give; later ends of syncing win.

    Per contract there is what was true at T1 and what corrected it at T2.
    """
    result = []
    for contract, (first, second) in enumerate(stored):
        newest = [*second, *first[len(second) :]]
        for index in range(len(newest)):
            start = MARCH + index * HOUR
            for choice, kind in TYPES.items():
                giving = [e for e in asked if e.gives(start) and choice in e.types]
                if not giving:
                    continue
                values = newest if any(e.until is None for e in giving) else first
                if index < len(values):
                    extra = 1000 if kind == "cost" else 0
                    result.append((contract, start, kind, Decimal(values[index] + extra)))
    return sorted(result)


class Listing(TestCase):
    """Every example runs in a transaction of its own."""

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(rows, rows), min_size=1, max_size=3),
        st.lists(entries, min_size=1, max_size=3),
        edges,
        edges,
    )
    def test_random_packs_windows_and_filters(self, stored, asked, before, after):
        """The same values as the model, each once; filters pick the same segments."""
        load_offers(demo_offers().values())
        home = Household(services=len(stored))
        for service, (first, second) in zip(home.services, stored, strict=True):
            series = series_of(service, interval=3600)
            write(series, first, cost=[v + 1000 for v in first])
            write(series, second, cost=[v + 1000 for v in second], as_of=T2)
        grant = grant_over(home, *(entry.details() for entry in asked))
        contracts = {
            service.contract.cds_servicecontract_id: index
            for index, service in enumerate(home.services)
        }
        listed = segments(grant)
        got = [
            (contracts[s["related_servicecontracts"][0]], datetime.fromisoformat(at), kind, value)
            for s in listed
            for at, kind, value in readings(s)
        ]
        assert sorted(got) == model(stored, asked)
        ids = [s["cds_usagesegment_id"] for s in listed]
        assert len(set(ids)) == len(ids)
        order = [(contracts[s["related_servicecontracts"][0]], s["segment_start"]) for s in listed]
        numbers = [service.contract.versions.get().contract_number for service in home.services]
        assert order == sorted(order, key=lambda item: (numbers[item[0]], item[1]))
        bounds = {"before": before, "after": after}
        picked = segments(grant, **{k: v.isoformat() for k, v in bounds.items() if v is not None})
        assert [s["cds_usagesegment_id"] for s in picked] == [
            s["cds_usagesegment_id"]
            for s in listed
            if (before is None or datetime.fromisoformat(s["segment_start"]) <= before)
            and (after is None or datetime.fromisoformat(s["segment_end"]) >= after)
        ]
        if ids:
            assert found(grant, cds_usagesegment_ids=ids[-1]) == [ids[-1]]


FORMATS = (SegmentFormat(NET), SegmentFormat(COST))
GRID = Grid("g", MARCH, 3600, 6)


def shown(*entries):
    """What each entry shows of the formats."""
    return {each.index: shown_by(each, FORMATS, ()) for each in entries}


def entry(index, *, low=None, high=None, types=(0, 1), instant=T3):
    """One entry in hours from the start of the grid."""
    window = Window(*(None if n is None else MARCH + n * HOUR for n in (low, high)))
    keys = None if types is None else {FORMATS[n].choice_key: str(n) for n in types}
    cutoff = FOREVER if instant == T3 else instant
    shown = None if keys is None else ValueTypes(published=keys)
    return UsageEntry(index, window, cutoff, instant, shown)


def cuts(*reading, later=()):
    """The pieces as (first, last, positions)."""
    made = pieces(GRID, shown(*reading, *later), reading=reading, later=later)
    return [(piece.part.first, piece.part.last, piece.positions) for piece in made]


def test_windows_with_a_gap_stay_apart():
    """The hull never covers what nobody gives."""
    assert cuts(entry(0, high=2), entry(1, low=4)) == [(0, 2, (0, 1)), (4, 6, (0, 1))]


def test_an_interval_that_two_windows_share_in_part_belongs_to_the_one_that_holds_it_all():
    """An edge of one window in the middle of an interval costs the other window nothing."""
    assert cuts(entry(0), entry(1, low=2.5, types=(1,))) == [(0, 6, (0, 1))]
    assert cuts(entry(0, high=2.5), entry(1, low=2.5)) == [(0, 2, (0, 1)), (3, 6, (0, 1))]


def test_segments_without_values_give_way_to_values():
    """An entry without value types adds times only."""
    assert cuts(entry(0, types=None), entry(1, high=2)) == [(0, 2, (0, 1)), (2, 6, None)]


@pytest.mark.parametrize("types", [(0, 1), None])
def test_an_earlier_version_gives_only_what_no_later_entry_gives(types):
    """The latest end of syncing decides (decision 53)."""
    old = entry(0, types=types, instant=T1)
    assert cuts(old, later=[entry(1, low=4)]) == [(0, 4, None if types is None else (0, 1))]
    assert cuts(old, later=[entry(1)]) == []


def test_a_whole_piece_of_an_earlier_version_has_its_own_id():
    """It shows other formats than the current version's segment of the same time."""
    old, new = entry(0, instant=T1), entry(1, types=(0,))
    (piece,) = pieces(GRID, shown(old, new), reading=[old], later=[new])
    assert piece.part == Cut(0, 6, 6)
    assert piece.positions == (1,)
    assert piece_id(GRID, piece, b"key").startswith("g.")
    (current,) = pieces(GRID, shown(new), reading=[new])
    assert piece_id(GRID, current, b"key") == "g"
