"""The structure that access is computed from once links to some accounts have ended.

The person shared what hung on an account as of the end of the link (ADR 5). So each group of ended
accounts is computed from the structure as of its end. What hung on them then is excluded from the
continuing access, wherever it has moved since, unless it hangs on an account that is still held.
Pure functions.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from customerdata.access.entries import Holdings, Part
from customerdata.access.rules import Choice
from customerdata.access.snapshot import Snapshot
from customerdata.kinds.base import NOTHING, Facts, Name
from customerdata.kinds.registry import VERSIONED
from customerdata.models.access import FOREVER

Hanging = dict[str, frozenset[int]]


def view(
    snapshot: Snapshot, part: Part, held: Holdings, ends: Mapping[datetime, Snapshot]
) -> Snapshot:
    """Return the structure that a part of the accounts is computed from.

    `ends` holds the structure as of the end of each ended link. If there is none, the result is
    all of the customers' structure: a chosen contract can move to another of their accounts.
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
    without = {kind: NOTHING.union(*(each[kind] for each in left)) - now[kind] for kind in now}
    without[Name.ACCOUNT.value] = gone
    return replace(
        snapshot,
        objects={
            kind: _but(objects, without.get(kind, NOTHING))
            for kind, objects in snapshot.objects.items()
        },
    )


def added_later(choice: Choice, then: Snapshot, accounts: Collection[int]) -> Choice:
    """Return a choice as it applies to accounts that were linked later, as future services.

    `then` is the structure as of the choice, and `accounts` are the accounts of that time. What
    hung on them and was not selected is not a future service, wherever it hangs now.
    """
    offered = frozenset(
        contract.public_id
        for contract in then.of(Name.CONTRACT).values()
        if contract.one("account") in accounts and contract.arrived <= choice.since
    )
    left_out = frozenset() if choice.everything else offered - choice.objects
    return replace(
        choice, objects=frozenset(), everything=False, came_later=True, left_out=left_out
    )


def hanging_on(snapshot: Snapshot, accounts: Collection[int]) -> Hanging:
    """Return what hangs or hung on accounts, by the links known as of the snapshot."""
    hanging: Hanging = {Name.ACCOUNT.value: frozenset(accounts)}
    for kind in VERSIONED:
        if kind.name == Name.ACCOUNT:
            continue
        links = [(each.column, hanging[each.kind]) for each in kind.links if each.hangs]
        found = {
            pk
            for pk, facts in snapshot.of(kind.name).items()
            if any(facts.links.get(column, NOTHING) & targets for column, targets in links)
        }
        if kind.is_place:
            contracts = hanging[Name.CONTRACT]
            places = (s.at(kind.name) for s in snapshot.series if s.contract in contracts)
            found.update(place for place in places if place is not None)
        hanging[kind.name] = frozenset(found)
    del hanging[Name.ACCOUNT]
    return hanging


def _only(snapshot: Snapshot, kept: Hanging, *, without: Collection[int]) -> Snapshot:
    """Keep other accounts, since parents are shown with their children (7.2.1)."""
    objects = {
        kind: {pk: facts for pk, facts in snapshot.of(kind).items() if pk in keys}
        for kind, keys in kept.items()
    }
    accounts = _but(snapshot.of(Name.ACCOUNT), without)
    return replace(snapshot, objects={Name.ACCOUNT.value: accounts, **objects})


def _but(things: Mapping[int, Facts], without: Collection[int]) -> dict[int, Facts]:
    return {pk: facts for pk, facts in things.items() if pk not in without}
