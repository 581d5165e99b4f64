"""What a part of a Grant's accounts is computed from, once links to some of them have ended.

The person shared what hung on an account as of the end of the link (ADR 5). So each group of ended
accounts is computed from the structure as of its end, and what hung on them then is kept out of
what goes on, wherever it has moved to since, unless it hangs on an account that is still held.
Pure functions.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from customerdata.access.entries import Holdings, Part
from customerdata.access.rules import Choice
from customerdata.access.snapshot import LinkedFacts, Snapshot
from customerdata.models.access import FOREVER

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Hanging:
    """The objects (primary keys) that hang on some accounts."""

    contracts: frozenset[int]
    service_points: frozenset[int]
    meters: frozenset[int]


def view(
    snapshot: Snapshot, part: Part, held: Holdings, ends: Mapping[datetime, Snapshot]
) -> Snapshot:
    """Return the structure that a part of the accounts is computed from.

    `ends` holds the structure as of the end of each link that is over. Where none is, all of the
    customers' structure is there: a chosen contract may move to another account of theirs.
    """
    over = {**held.ends, **held.mistaken}
    if not over:
        return snapshot
    gone = frozenset(over)
    if part.until != FOREVER:
        kept = hanging_on(snapshot, part.accounts)
        return _only(snapshot, kept, without=gone - part.accounts)
    now = hanging_on(snapshot, part.accounts)
    left = [hanging_on(snapshot, gone)]
    left += [hanging_on(ends[end], {account}) for account, end in over.items()]
    without = Hanging(
        frozenset().union(*(each.contracts for each in left)) - now.contracts,
        frozenset().union(*(each.service_points for each in left)) - now.service_points,
        frozenset().union(*(each.meters for each in left)) - now.meters,
    )
    return replace(
        snapshot,
        accounts=_but(snapshot.accounts, gone),
        contracts=_but(snapshot.contracts, without.contracts),
        service_points=_but(snapshot.service_points, without.service_points),
        meters=_but(snapshot.meters, without.meters),
    )


def added_later(choice: Choice, then: Snapshot, accounts: Collection[int]) -> Choice:
    """Return a choice as it counts for accounts that were linked after it: services of the future.

    `then` is the structure as of the choice and `accounts` are those of that time: what hung on
    them and was left unticked is no service of the future, wherever it hangs by now.
    """
    offered = frozenset(
        contract.public_id
        for contract in then.contracts.values()
        if contract.account in accounts and contract.arrived <= choice.since
    )
    left_out = frozenset() if choice.everything else offered - choice.objects
    return replace(
        choice, objects=frozenset(), everything=False, came_later=True, left_out=left_out
    )


def hanging_on(snapshot: Snapshot, accounts: Collection[int]) -> Hanging:
    """Return what hangs or hung on accounts, by the links that are known as of the snapshot."""
    contracts = frozenset(pk for pk, c in snapshot.contracts.items() if c.account in accounts)
    measured = [s for s in snapshot.series if s.contract in contracts]
    points = _linked(snapshot.service_points, contracts)
    points |= {s.service_point for s in measured if s.service_point is not None}
    meters = _linked(snapshot.meters, points)
    meters |= {s.meter for s in measured if s.meter is not None}
    return Hanging(contracts, points, meters)


def _linked(things: Mapping[int, LinkedFacts], targets: frozenset[int]) -> frozenset[int]:
    return frozenset(pk for pk, each in things.items() if (each.current | each.previous) & targets)


def _only(snapshot: Snapshot, kept: Hanging, *, without: Collection[int]) -> Snapshot:
    """Other accounts stay, as parents are shown with their children (7.2.1)."""
    return replace(
        snapshot,
        accounts=_but(snapshot.accounts, without),
        contracts={k: v for k, v in snapshot.contracts.items() if k in kept.contracts},
        service_points={
            k: v for k, v in snapshot.service_points.items() if k in kept.service_points
        },
        meters={k: v for k, v in snapshot.meters.items() if k in kept.meters},
    )


def _but(things: Mapping[int, Facts], without: Collection[int]) -> dict[int, Facts]:
    return {pk: facts for pk, facts in things.items() if pk not in without}
