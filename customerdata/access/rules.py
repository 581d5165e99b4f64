"""Which objects an entry reaches from what the customer chose: pure functions.

The standard names only some of the ways between objects (CDS-WG3-01 7.2.1 to 7.2.4). Between
contracts, service points and meters we follow the current links. Contracts never go beyond the
choice, whatever accounts or service points refer to.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from consent.catalogue.selection import SelectionType
from customerdata.access.snapshot import LinkedFacts, Snapshot
from customerdata.models import GrantedObject

Kind = GrantedObject.Kind

# Our kinds by the standard's object names, as include fields turn them on.
OBJECT_NAMES = {
    Kind.ACCOUNT: "Account",
    Kind.CONTRACT: "ServiceContract",
    Kind.SERVICE_POINT: "ServicePoint",
    Kind.METER: "MeterDevice",
}
# Choosing from these says where usage has to be measured (6.1.9).
_THROUGH = {
    SelectionType.SERVICE_POINT.value: Kind.SERVICE_POINT.value,
    SelectionType.METER_DEVICE.value: Kind.METER.value,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the customer chose for an entry, and which accounts it was about.

    `accounts` are the accounts (primary keys) that the customer held when the Grant began, at
    `since`. `objects` are public ids of what `selection_type` names. With `came_later` the accounts
    were linked after `since`: what hangs on them was added later, except the contracts in
    `left_out`, which the customer could have ticked and did not.
    """

    selection_type: str
    objects: frozenset[str]
    everything: bool
    include_future: bool
    accounts: frozenset[int]
    since: datetime
    came_later: bool = False
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spine:
    """What the choice itself names, before include fields add or hide anything."""

    accounts: frozenset[int] = frozenset()
    contracts: frozenset[int] = frozenset()
    service_points: frozenset[int] = frozenset()
    meters: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Reached:
    """The objects (primary keys) of an entry: what its listings show, and all its contracts.

    Where points or meters were chosen, `through` names their kind and the hidden ones are those
    that no listing shows: usage of the contracts counts only as far as it was measured there.
    """

    accounts: frozenset[int] = frozenset()
    contracts: frozenset[int] = frozenset()
    service_points: frozenset[int] = frozenset()
    meters: frozenset[int] = frozenset()
    hidden_contracts: frozenset[int] = field(default_factory=frozenset)
    hidden_service_points: frozenset[int] = frozenset()
    hidden_meters: frozenset[int] = frozenset()
    through: str = ""

    def hidden(self, kind: str) -> frozenset[int]:
        """The objects of a kind that only lead to other data."""
        return {
            Kind.CONTRACT.value: self.hidden_contracts,
            Kind.SERVICE_POINT.value: self.hidden_service_points,
            Kind.METER.value: self.hidden_meters,
        }.get(kind, frozenset())

    def listed(self, kind: str) -> frozenset[int]:
        """The objects of a kind that the entry's listings show."""
        return {
            Kind.ACCOUNT.value: self.accounts,
            Kind.CONTRACT.value: self.contracts,
            Kind.SERVICE_POINT.value: self.service_points,
            Kind.METER.value: self.meters,
        }[kind]


def _chosen(choice: Choice, public_id: str, arrived: datetime, *, held: bool) -> bool:
    """Whether the choice takes in one object; `held` says it hangs on an account of then."""
    if public_id in choice.objects:
        return True
    future = arrived > choice.since or (choice.came_later and public_id not in choice.left_out)
    return held and (choice.include_future if future else choice.everything)


def _contracts(choice: Choice, snapshot: Snapshot) -> frozenset[int]:
    return frozenset(
        pk
        for pk, contract in snapshot.contracts.items()
        if _chosen(
            choice, contract.public_id, contract.arrived, held=contract.account in choice.accounts
        )
    )


def _accounts(choice: Choice, snapshot: Snapshot) -> frozenset[int]:
    return frozenset(
        pk
        for pk, account in snapshot.accounts.items()
        if _chosen(choice, account.public_id, account.arrived, held=pk in choice.accounts)
    )


def _at_any(things: dict[int, LinkedFacts], targets: Collection[int]) -> frozenset[int]:
    wanted = frozenset(targets)
    return frozenset(pk for pk, thing in things.items() if thing.current & wanted)


def _current(things: dict[int, LinkedFacts], keys: Collection[int]) -> frozenset[int]:
    return frozenset(target for pk in keys for target in things[pk].current)


def spine(choice: Choice, snapshot: Snapshot) -> Spine:
    """Return the objects that the selection names and the current links between them."""
    points, meters = dict(snapshot.service_points), dict(snapshot.meters)
    accounts: frozenset[int] = frozenset()
    if choice.selection_type == SelectionType.METER_DEVICE:
        held = _at_any(meters, _held_points(choice, snapshot))
        devices = frozenset(
            pk
            for pk, m in meters.items()
            if _chosen(choice, m.public_id, m.arrived, held=pk in held)
        )
        at = _current(meters, devices) & points.keys()
        return Spine(accounts, _current(points, at) & snapshot.contracts.keys(), at, devices)
    if choice.selection_type == SelectionType.SERVICE_POINT:
        held = _held_points(choice, snapshot)
        at = frozenset(
            pk
            for pk, p in points.items()
            if _chosen(choice, p.public_id, p.arrived, held=pk in held)
        )
        contracts = _current(points, at) & snapshot.contracts.keys()
    elif choice.selection_type == SelectionType.ACCOUNT:
        accounts = _accounts(choice, snapshot)
        contracts = frozenset(pk for pk, c in snapshot.contracts.items() if c.account in accounts)
        at = _at_any(points, contracts)
    else:
        contracts = _contracts(choice, snapshot)
        at = _at_any(points, contracts)
    return Spine(accounts, contracts, at, _at_any(meters, at))


def _held_points(choice: Choice, snapshot: Snapshot) -> frozenset[int]:
    contracts = [pk for pk, c in snapshot.contracts.items() if c.account in choice.accounts]
    return _at_any(dict(snapshot.service_points), contracts)


def reach(choice: Choice, snapshot: Snapshot, objects: Collection[str]) -> Reached:
    """Return what an entry opens.

    `objects` are the standard's object names that its include fields turn on (CDS-WG3-01 7.2).
    """
    core = spine(choice, snapshot)
    through = _THROUGH.get(choice.selection_type, "") if "UsageSegment" in objects else ""
    if "UsageSegment" in objects:
        core = _with_measured(core, choice, snapshot)
    points, meters = core.service_points, core.meters & snapshot.meters.keys()
    if "MeterDevice" in objects and choice.selection_type != SelectionType.SERVICE_POINT:
        # Not where points were chosen: the others were left out on purpose.
        for pk in meters:
            points |= snapshot.meters[pk].current | snapshot.meters[pk].previous
    accounts = {snapshot.contracts[pk].account for pk in core.contracts} | core.accounts
    shown = core.contracts if "ServiceContract" in objects else frozenset()
    return Reached(
        accounts=_with_parents(accounts, snapshot) if "Account" in objects else frozenset(),
        contracts=shown,
        service_points=points & snapshot.service_points.keys()
        if "ServicePoint" in objects
        else frozenset(),
        meters=meters if "MeterDevice" in objects else frozenset(),
        hidden_contracts=core.contracts - shown,
        hidden_service_points=core.service_points & snapshot.service_points.keys()
        if through == Kind.SERVICE_POINT and "ServicePoint" not in objects
        else frozenset(),
        hidden_meters=meters
        if through == Kind.METER and "MeterDevice" not in objects
        else frozenset(),
        through=through,
    )


def _with_measured(core: Spine, choice: Choice, snapshot: Snapshot) -> Spine:
    """Add what the usage of an entry refers to, also after a swap (7.2.3, 7.2.4).

    Where points or meters were chosen, these are all there is of their kind, and the usage measured
    there counts whatever contract it was for (6.1.9), of the accounts held.
    """
    match choice.selection_type:
        case SelectionType.METER_DEVICE:
            measured = [s for s in snapshot.series if s.meter in core.meters]
        case SelectionType.SERVICE_POINT:
            measured = [s for s in snapshot.series if s.service_point in core.service_points]
        case _:
            measured = [s for s in snapshot.series if s.contract in core.contracts]
    contracts = core.contracts | {
        pk for pk, facts in snapshot.contracts.items() if facts.account in choice.accounts
    }
    measured = [s for s in measured if s.contract in contracts]
    points = {s.service_point for s in measured if s.service_point is not None}
    chose_points = choice.selection_type == SelectionType.SERVICE_POINT
    return replace(
        core,
        contracts=core.contracts | {s.contract for s in measured},
        service_points=core.service_points if chose_points else core.service_points | points,
        meters=core.meters | {s.meter for s in measured if s.meter is not None},
    )


def _with_parents(accounts: Collection[int], snapshot: Snapshot) -> frozenset[int]:
    """Add parents of parents (7.2.1); a circle at the source ends where it began."""
    found: set[int] = set()
    todo = [pk for pk in accounts if pk in snapshot.accounts]
    while todo:
        pk = todo.pop()
        if pk in found:
            continue
        found.add(pk)
        parent = snapshot.accounts[pk].parent
        if parent is not None and parent in snapshot.accounts:
            todo.append(parent)
    return frozenset(found)
