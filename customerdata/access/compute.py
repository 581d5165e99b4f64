"""Stores what a Grant opens: computes the set of rows and writes only what differs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from consent.catalogue.selection import SelectionType
from consent.models import Grant
from customerdata.access.ends import new_data_until
from customerdata.access.entries import GrantEntry, Holdings, grant_entries, holdings
from customerdata.access.parts import added_later, view
from customerdata.access.rules import Reached, Window, account_of, reach
from customerdata.access.snapshot import Snapshot, load_snapshot
from customerdata.kinds.base import Name, VersionedKind
from customerdata.kinds.registry import VERSIONED
from customerdata.models import Customer, GrantedObject
from registration.catalogue.types import fields

BATCH = 1000

# Sorts below every character that a number can contain.
KEY_SEPARATOR = "\x01"


@dataclass(frozen=True, slots=True)
class Access:
    """A row to store: an object as one entry reaches it (see GrantedObject)."""

    customer: int
    entry: int
    kind: str
    object_id: int
    listed: bool
    fields: tuple[str, ...]
    cutoff: datetime
    decides: tuple[str, ...] = ()
    base: bool = False
    sort_key: str = ""
    through: str = ""

    @property
    def object(self) -> tuple[str, int]:
        """The object that the row is about."""
        return self.kind, self.object_id


@transaction.atomic
def compute_grant(grant: Grant) -> int:
    """Bring the stored access of a Grant up to date; return the number of rows.

    An ended Grant opens nothing. Running this again changes nothing. Entries past their
    `sync_until` are computed as of that instant (CDS-WG3-01 7.3.1). The time of the last new data
    is stored in the Grant and also set on `grant`, which the caller may be about to save.
    """
    row = (
        Grant.objects.select_for_update(of=("self",), no_key=True)
        .select_related("client")
        .prefetch_related("selections")
        .get(pk=grant.pk)
    )
    if row.status in Grant.ENDED:
        forget_grant(row)
        return 0
    held = holdings(row)
    rows = wanted_access(row, held, timezone.now())
    _store(row, rows)
    grant.new_data_until = new_data_until(row, held, rows)
    if grant.new_data_until != row.new_data_until:
        Grant.objects.filter(pk=row.pk).update(new_data_until=grant.new_data_until)
    return len(rows)


def recompute_grants_of(customer: Customer) -> int:
    """Compute every open Grant given over this customer's accounts; return how many there were."""
    grants = (
        Grant.objects.filter(user__held_accounts__account__customer=customer)
        .exclude(status__in=Grant.ENDED)
        .distinct()
        .order_by("pk")
    )
    for grant in grants:
        compute_grant(grant)
    return len(grants)


def forget_grant(grant: Grant) -> None:
    """Delete what was computed for a Grant."""
    GrantedObject.objects.filter(grant=grant).delete()


def wanted_access(grant: Grant, held: Holdings, now: datetime) -> list[Access]:
    """Compute the rows that a Grant should have over the accounts of its customer."""
    entries = [each for part in held.parts for each in grant_entries(grant, part)]
    instants = {min(now, entry.cutoff) for entry in entries}
    instants |= {*held.ends.values(), *held.mistaken.values()}
    if held.later or any(entry.choice.everything for entry in entries):
        instants |= {entry.choice.since for entry in entries}
    kinds = _kinds(entries)
    snapshots = {instant: load_snapshot(held.customers, instant, kinds) for instant in instants}
    found: list[Access] = []
    for entry in entries:
        snapshot = view(snapshots[min(now, entry.cutoff)], entry.part, held, snapshots)
        choice = entry.choice
        if entry.came_later:
            choice = added_later(choice, snapshots[choice.since], held.of_then(choice.since))
        elif choice.everything and choice.selection_type == SelectionType.SERVICE_CONTRACT:
            # Frozen as of then: a contract that moves to a held account later was not chosen.
            then = _all_then(entry, snapshots[choice.since])
            choice = replace(choice, objects=choice.objects | then, everything=False)
        reached = reach(choice, snapshot, entry.access.objects, _windows(entry))
        found += _rows_of(entry, reached, snapshot)
    decided = _decide(_once(found))
    at = {entry.cutoff: snapshots[min(now, entry.cutoff)] for entry in entries}
    return _with_sort_keys(decided, at)


def _kinds(entries: Iterable[GrantEntry]) -> list[VersionedKind]:
    """Return the kinds that choices are made from, and the other kinds that some entry opens."""
    objects = {name for entry in entries for name in entry.access.objects}
    return [kind for kind in VERSIONED if kind.reached is None or kind.object_name in objects]


def _windows(entry: GrantEntry) -> dict[str, Window]:
    """Return the days within which an entry opens the objects of each kind (CDS-WG3-01 7.3)."""
    first_and_last = {kind.name: kind.window for kind in VERSIONED if kind.window is not None}
    return {
        name: (getattr(entry.access, first), getattr(entry.access, last))
        for name, (first, last) in first_and_last.items()
    }


def _once(rows: Iterable[Access]) -> list[Access]:
    """Keep one row per entry and object: accounts in different parts can share parents."""
    latest: dict[tuple[int, str, int], Access] = {}
    for row in sorted(rows, key=lambda row: (row.listed, row.cutoff)):
        latest[row.entry, row.kind, row.object_id] = row
    return list(latest.values())


def _all_then(entry: GrantEntry, snapshot: Snapshot) -> frozenset[str]:
    """Return everything that hung on the accounts when the Grant was given."""
    accounts = entry.choice.accounts
    return frozenset(
        contract.public_id
        for contract in snapshot.of(Name.CONTRACT).values()
        if contract.one("account") in accounts and contract.arrived <= entry.choice.since
    )


def _rows_of(entry: GrantEntry, reached: Reached, snapshot: Snapshot) -> Iterable[Access]:
    for kind in VERSIONED:
        enabled = _enabled_fields(entry, kind.object_name)
        through = reached.through if kind.name == Name.CONTRACT else ""
        hidden = reached.hidden(kind.name)
        for pk in reached.listed(kind.name) | hidden:
            listed = pk not in hidden
            yield Access(
                snapshot.of(kind.name)[pk].customer,
                entry.index,
                kind.name,
                pk,
                listed,
                enabled if listed else (),
                cutoff=entry.cutoff,
                through=through,
            )


def _enabled_fields(entry: GrantEntry, object_name: str) -> tuple[str, ...]:
    """Return the include fields of an entry that enable optional fields of an object."""
    declared = fields()
    return tuple(
        sorted(
            field_id
            for field_id in entry.access.includes
            if declared[field_id].turns_on.fields.get(object_name)
        )
    )


def _decide(rows: Sequence[Access]) -> list[Access]:
    """Decide, for each object, which entry supplies the base fields and each optional field.

    The latest cutoff wins. If two are equal, the first entry does, so that every run gives the
    same result.
    """
    by_object: dict[tuple[str, int], list[Access]] = {}
    for row in rows:
        by_object.setdefault(row.object, []).append(row)
    decided = []
    for group in by_object.values():
        best = sorted(
            (row for row in group if row.listed),
            key=lambda row: (-row.cutoff.timestamp(), row.entry),
        )
        taken: set[str] = set()
        for row in best:
            decides = tuple(field for field in row.fields if field not in taken)
            taken |= set(decides)
            decided.append(replace(row, decides=decides, base=row is best[0]))
        decided += [row for row in group if not row.listed]
    return decided


def _with_sort_keys(rows: Sequence[Access], snapshots: Mapping[datetime, Snapshot]) -> list[Access]:
    """Set the sort keys of usage: visible account number, then visible contract number.

    Other kinds that are sorted by contracts use the smallest visible number of their contracts.
    """
    sorted_by = {kind.name: kind.sorted_by for kind in VERSIONED if kind.sorted_by}
    account_cutoff = _cutoffs(rows, Name.ACCOUNT, "include_account_numbers")
    by_contract = _cutoffs(rows, Name.CONTRACT, "include_account_numbers")
    number_cutoff = _cutoffs(rows, Name.CONTRACT, "include_contract_numbers")
    keyed = []
    for row in rows:
        pk = row.object_id
        if row.kind in sorted_by:
            facts = snapshots[row.cutoff].of(row.kind)[pk]
            seen_at = {key: number_cutoff.get(key) for key in facts.links[sorted_by[row.kind]]}
            visible = [_number(snapshots[at], key) for key, at in seen_at.items() if at]
            keyed.append(replace(row, sort_key=min(visible, default="")))
            continue
        if row.kind != Name.CONTRACT:
            keyed.append(row)
            continue
        account = account_of(snapshots[row.cutoff], pk)
        seen = account_cutoff.get(account) or by_contract.get(pk)
        owner = snapshots[seen].of(Name.ACCOUNT).get(account) if seen else None
        number_seen = number_cutoff.get(pk)
        number = _number(snapshots[number_seen], pk) if number_seen else ""
        key = (owner.number if owner else "") + KEY_SEPARATOR + number
        keyed.append(replace(row, sort_key=key))
    return _same_key_everywhere(keyed)


def _number(snapshot: Snapshot, contract: int) -> str:
    return snapshot.of(Name.CONTRACT)[contract].number


def _cutoffs(rows: Iterable[Access], kind: str, field_id: str) -> dict[int, datetime]:
    """Return, for each object that shows a field, the instant as of which it shows it."""
    return {
        row.object_id: row.cutoff for row in rows if row.kind == kind and field_id in row.decides
    }


def _same_key_everywhere(rows: Sequence[Access]) -> list[Access]:
    """Give all rows of a contract the key of its latest entry, so that it has one position."""
    latest: dict[int, Access] = {}
    for row in rows:
        if row.kind == Name.CONTRACT:
            known = latest.get(row.object_id)
            if known is None or (row.cutoff, -row.entry) > (known.cutoff, -known.entry):
                latest[row.object_id] = row
    return [
        replace(row, sort_key=latest[row.object_id].sort_key) if row.kind == Name.CONTRACT else row
        for row in rows
    ]


def _store(grant: Grant, rows: Sequence[Access]) -> None:
    wanted = {(row.entry, row.kind, row.object_id): row for row in rows}
    stored = {
        (row.entry, row.kind, row.object_id): row
        for row in GrantedObject.objects.filter(grant=grant)
    }
    stale = [
        key for key, row in stored.items() if key not in wanted or _row(wanted[key]) != _row(row)
    ]
    groups: dict[tuple[int, str], list[int]] = {}
    for entry, kind, object_id in stale:
        groups.setdefault((entry, kind), []).append(object_id)
    for (entry, kind), object_ids in groups.items():
        GrantedObject.objects.filter(
            grant=grant, entry=entry, kind=kind, object_id__in=object_ids
        ).delete()
    kept = stored.keys() - set(stale)
    GrantedObject.objects.bulk_create(
        [_model(grant, row) for key, row in wanted.items() if key not in kept], batch_size=BATCH
    )


def _row(row: Access | GrantedObject) -> tuple[object, ...]:
    """Return the values that can differ between two rows of the same object and entry."""
    return (
        row.listed,
        sorted(row.fields),
        sorted(row.decides),
        row.base,
        row.cutoff,
        row.sort_key,
        row.through,
    )


def _model(grant: Grant, row: Access) -> GrantedObject:
    return GrantedObject(
        customer_id=row.customer,
        grant=grant,
        entry=row.entry,
        kind=row.kind,
        object_id=row.object_id,
        listed=row.listed,
        fields=list(row.fields),
        decides=list(row.decides),
        base=row.base,
        cutoff=row.cutoff,
        sort_key=row.sort_key,
        through=row.through,
    )
