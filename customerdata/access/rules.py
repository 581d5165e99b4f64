"""Which objects an entry reaches from the customer's choice: pure functions.

The standard names only some of the paths between objects (CDS-WG3-01 7.2.1 to 7.2.4). Between
contracts, service points and meters we follow the current links. An entry never reaches contracts
beyond the choice, whatever accounts or service points refer to. Kinds that hang on these objects
declare their own rule (`VersionedKind.reached`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from consent.catalogue.selection import SelectionType
from customerdata.access.snapshot import Snapshot
from customerdata.kinds.base import NOTHING, Facts, Name, Reaching
from customerdata.kinds.registry import VERSIONED

Objects = dict[str, frozenset[int]]
Window = tuple[date | None, date | None]

# A choice of these determines where usage has to be measured (6.1.9).
_THROUGH = {kind.selection: kind.name for kind in VERSIONED if kind.is_place}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the customer chose for an entry, and the accounts it was about.

    `accounts` are the accounts (primary keys) that the customer held when the Grant began, at
    `since`. `objects` are public ids of what `selection_type` names. With `came_later` the accounts
    were linked after `since`: what hangs on them was added later, except the contracts in
    `left_out`, which the customer could have selected but did not.
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
class Reached:
    """The objects (primary keys) of an entry by kind: those that its listings show, and those that
    only lead to other data.

    If points or meters were chosen, `through` names their kind and the unlisted ones are those
    that no listing shows: usage of the contracts counts only if it was measured there.
    """

    shown: Mapping[str, frozenset[int]]
    unlisted: Mapping[str, frozenset[int]] = field(default_factory=dict)
    through: str = ""

    def listed(self, kind: str) -> frozenset[int]:
        """The objects of a kind that the entry's listings show."""
        return self.shown.get(kind, NOTHING)

    def hidden(self, kind: str) -> frozenset[int]:
        """The objects of a kind that only lead to other data."""
        return self.unlisted.get(kind, NOTHING)


def _chosen(choice: Choice, facts: Facts, *, held: bool) -> bool:
    """Whether the choice includes an object; `held`: its account was held then."""
    if facts.public_id in choice.objects:
        return True
    future = facts.arrived > choice.since or (
        choice.came_later and facts.public_id not in choice.left_out
    )
    return held and (choice.include_future if future else choice.everything)


def _current(snapshot: Snapshot, kind: str) -> Mapping[int, frozenset[int]]:
    """What each point or meter is linked to now, without its former links."""
    column = "current_contracts" if kind == Name.SERVICE_POINT else "current_service_points"
    return {pk: facts.links.get(column, NOTHING) for pk, facts in snapshot.of(kind).items()}


def _at_any(links: Mapping[int, frozenset[int]], targets: Collection[int]) -> frozenset[int]:
    wanted = frozenset(targets)
    return frozenset(pk for pk, current in links.items() if current & wanted)


def _targets(links: Mapping[int, frozenset[int]], keys: Collection[int]) -> frozenset[int]:
    return NOTHING.union(*(links[pk] for pk in keys))


def chosen_objects(choice: Choice, snapshot: Snapshot) -> Objects:
    """Return the objects that the selection names, by kind, and their current links."""
    points, meters = _current(snapshot, Name.SERVICE_POINT), _current(snapshot, Name.METER)
    contracts = snapshot.of(Name.CONTRACT)
    on_held = frozenset(pk for pk, c in contracts.items() if c.one("account") in choice.accounts)

    def named(kind: str, held: Collection[int]) -> frozenset[int]:
        objects = snapshot.of(kind).items()
        return frozenset(pk for pk, each in objects if _chosen(choice, each, held=pk in held))

    accounts: frozenset[int] = NOTHING
    if choice.selection_type == SelectionType.METER_DEVICE:
        devices = named(Name.METER, _at_any(meters, _at_any(points, on_held)))
        at = _targets(meters, devices) & points.keys()
        of = _targets(points, at) & contracts.keys()
        return _objects(accounts, of, at, devices)
    if choice.selection_type == SelectionType.SERVICE_POINT:
        at = named(Name.SERVICE_POINT, _at_any(points, on_held))
        of = _targets(points, at) & contracts.keys()
    elif choice.selection_type == SelectionType.ACCOUNT:
        accounts = named(Name.ACCOUNT, choice.accounts)
        of = frozenset(pk for pk, c in contracts.items() if c.one("account") in accounts)
        at = _at_any(points, of)
    else:
        of = named(Name.CONTRACT, on_held)
        at = _at_any(points, of)
    return _objects(accounts, of, at, _at_any(meters, at))


def _objects(*by_kind: frozenset[int]) -> Objects:
    names = (Name.ACCOUNT, Name.CONTRACT, Name.SERVICE_POINT, Name.METER)
    return {name.value: found for name, found in zip(names, by_kind, strict=True)}


def reach(
    choice: Choice,
    snapshot: Snapshot,
    objects: Collection[str],
    windows: Mapping[str, Window] | None = None,
) -> Reached:
    """Return what an entry opens.

    `objects` are the standard's object names that its include fields turn on (CDS-WG3-01 7.2), and
    `windows` bound the days of a kind's objects (7.3).
    """
    core = chosen_objects(choice, snapshot)
    through = _THROUGH.get(choice.selection_type, "") if "UsageSegment" in objects else ""
    if "UsageSegment" in objects:
        core = _with_measured(core, choice, snapshot)
    contracts = core[Name.CONTRACT]
    meters = core[Name.METER] & snapshot.of(Name.METER).keys()
    points = core[Name.SERVICE_POINT]
    if "MeterDevice" in objects and choice.selection_type != SelectionType.SERVICE_POINT:
        # Not if points were chosen: the customer left the others out on purpose.
        columns = ("current_service_points", "previous_service_points")
        points = points.union(*(snapshot.of(Name.METER)[pk].any_of(columns) for pk in meters))
    accounts = core[Name.ACCOUNT] | {account_of(snapshot, pk) for pk in contracts}
    open_to = {
        Name.ACCOUNT.value: _with_parents(accounts, snapshot),
        Name.CONTRACT.value: contracts,
        Name.SERVICE_POINT.value: points & snapshot.of(Name.SERVICE_POINT).keys(),
        Name.METER.value: meters,
    }
    for kind in VERSIONED:
        if kind.reached is not None and kind.object_name in objects:
            # A bill covers all services of its account, so bills of an account that the person left
            # stay out.
            start = Reaching(
                snapshot.of(kind.name),
                accounts & choice.accounts,
                contracts,
                choice.selection_type == SelectionType.ACCOUNT,
            )
            window = (windows or {}).get(kind.name, (None, None))
            open_to[kind.name] = _inside(kind.reached(start), start.objects, window)
    shown = {
        kind.name: open_to.get(kind.name, NOTHING) if kind.object_name in objects else NOTHING
        for kind in VERSIONED
    }
    unlisted = {Name.CONTRACT.value: contracts - shown[Name.CONTRACT]}
    if through and not shown[through]:
        at = core[through] & snapshot.of(through).keys()
        unlisted[through] = at
    return Reached(shown, unlisted, through)


def account_of(snapshot: Snapshot, contract: int) -> int:
    """Return the account of a service contract, both as primary keys."""
    account = snapshot.of(Name.CONTRACT)[contract].one("account")
    if account is None:
        raise ValueError("a service contract always has an account")
    return account


def _inside(found: Collection[int], objects: Mapping[int, Facts], window: Window) -> frozenset[int]:
    """Keep objects whose days lie entirely in a window; None is unbounded (7.3.2 to 7.3.5)."""
    first, last = window

    def inside(facts: Facts) -> bool:
        if facts.days is None:
            return True
        return (first is None or facts.days[0] >= first) and (last is None or facts.days[1] <= last)

    return frozenset(pk for pk in found if inside(objects[pk]))


def _with_measured(core: Objects, choice: Choice, snapshot: Snapshot) -> Objects:
    """Add the objects that the usage of an entry refers to, also after a swap (7.2.3, 7.2.4).

    If points or meters were chosen, no others of their kind are added, and the usage measured
    there counts for any contract (6.1.9) of the accounts held.
    """
    contracts, points, meters = (
        core[name] for name in (Name.CONTRACT, Name.SERVICE_POINT, Name.METER)
    )
    match choice.selection_type:
        case SelectionType.METER_DEVICE:
            measured = [s for s in snapshot.series if s.meter in meters]
        case SelectionType.SERVICE_POINT:
            measured = [s for s in snapshot.series if s.service_point in points]
        case _:
            measured = [s for s in snapshot.series if s.contract in contracts]
    of = contracts | {
        pk
        for pk, facts in snapshot.of(Name.CONTRACT).items()
        if facts.one("account") in choice.accounts
    }
    measured = [s for s in measured if s.contract in of]
    if choice.selection_type != SelectionType.SERVICE_POINT:
        points = points | {s.service_point for s in measured if s.service_point is not None}
    return _objects(
        core[Name.ACCOUNT],
        contracts | {s.contract for s in measured},
        points,
        meters | {s.meter for s in measured if s.meter is not None},
    )


def _with_parents(accounts: Collection[int], snapshot: Snapshot) -> frozenset[int]:
    """Add parents of parents (7.2.1); a circular chain from the source ends where it began."""
    known = snapshot.of(Name.ACCOUNT)
    found: set[int] = set()
    todo = [pk for pk in accounts if pk in known]
    while todo:
        pk = todo.pop()
        if pk in found:
            continue
        found.add(pk)
        parent = known[pk].one("parent")
        if parent is not None and parent in known:
            todo.append(parent)
    return frozenset(found)
