"""Stores what the utility's systems state about objects of any versioned kind.

Writers are idempotent: repeating a statement changes only `cds_synced`. Every other statement
becomes a version in the source's time, even if it arrives late: then its place is before the
versions that began after it. These statements come from machines, so they are not audited; each
version records when it arrived.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from customerdata.kinds.base import VersionedKind
from customerdata.kinds.registry import kind_of_state
from customerdata.kinds.state import InvalidStructure, State
from customerdata.models import BillFile, Customer
from customerdata.models.base import Identity, Version
from customerdata.services.history import Span, place
from customerdata.services.recomputation import request_recomputation
from portal.values.jsontext import canonical
from portal.values.times import format_datetime

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a writer for one object."""

    object: Any
    created: bool
    changed: bool


def upsert_customer(
    *,
    source_key: str,
    name: str,
    is_test: bool = False,
    customer_number: str = "",
    contact_email: str = "",
) -> Customer:
    """Create or correct a customer. `is_test` is decided once and never changes.

    Raises InvalidStructure if a customer would move between sandbox and production.
    """
    values = {"name": name, "customer_number": customer_number, "contact_email": contact_email}
    customer, created = Customer.objects.get_or_create(
        source_key=source_key, defaults=values | {"is_test": is_test}
    )
    if customer.is_test != is_test:
        raise InvalidStructure(f"Customer {source_key} cannot move between sandbox and production.")
    if not created and any(getattr(customer, name) != value for name, value in values.items()):
        Customer.objects.filter(pk=customer.pk).update(**values)
        customer.refresh_from_db()
    return customer


def upsert_object(
    *, customer: Customer, source_key: str, state: State, as_of: datetime, synced: datetime
) -> Written:
    """Store one statement about an object; see `upsert_objects`."""
    return upsert_objects(
        customer=customer, states={source_key: state}, as_of=as_of, synced=synced
    )[source_key]


def upsert_objects(
    *, customer: Customer, states: Mapping[str, State], as_of: datetime, synced: datetime
) -> dict[str, Written]:
    """Store what the source states about objects of one kind from `as_of` on, by source key.

    `synced` is when the source was asked. The number of queries does not depend on the number of
    states. Raises InvalidStructure if a state is invalid or refers to another customer's objects;
    then nothing is stored.
    """
    kinds = {kind_of_state(state) for state in states.values()}
    if len(kinds) > 1:
        raise ValueError("the states of one call are about objects of one kind")
    return _store(kinds.pop(), customer, states, as_of, synced) if kinds else {}


@transaction.atomic
def _store(
    kind: VersionedKind,
    customer: Customer,
    states: Mapping[str, State],
    as_of: datetime,
    synced: datetime,
) -> dict[str, Written]:
    for state in states.values():
        state.check()
        _check_owner(customer, state)
    # One writer per customer, because version numbers and spans depend on the stored versions.
    Customer.objects.select_for_update().get(pk=customer.pk)
    existing, made = _identities(kind, customer, states, synced)
    history = _history(kind, customer, existing.values())
    changed = _write_versions(kind, customer, states, existing, history, as_of)
    kind.identity._default_manager.filter(
        customer=customer, source_key__in=list(states), cds_synced__lt=synced
    ).update(cds_synced=synced)
    if changed:
        request_recomputation(customer=customer)
    return {
        key: Written(existing[key], created=key in made, changed=key in changed) for key in states
    }


def _identities(
    kind: VersionedKind, customer: Customer, keys: Iterable[str], synced: datetime
) -> tuple[dict[str, Identity], set[str]]:
    wanted = list(keys)
    rows = kind.identity._default_manager.filter(customer=customer, source_key__in=wanted)
    found = {row.source_key: row for row in rows}
    missing = [key for key in wanted if key not in found]
    created = kind.identity._default_manager.bulk_create(
        [kind.identity(customer=customer, source_key=key, cds_synced=synced) for key in missing],
        batch_size=BATCH,
    )
    return found | {row.source_key: row for row in created}, set(missing)


def _history(
    kind: VersionedKind, customer: Customer, owners: Iterable[Identity]
) -> dict[int, list[Version]]:
    """Return all versions of the objects by object, in order of arrival."""
    history: dict[int, list[Version]] = {}
    rows = kind.version._default_manager.filter(
        customer=customer, **{f"{kind.owner_id}__in": [owner.pk for owner in owners]}
    )
    for version in rows.order_by(kind.owner_id, "number"):
        history.setdefault(getattr(version, kind.owner_id), []).append(version)
    return history


def _write_versions(
    kind: VersionedKind,
    customer: Customer,
    states: Mapping[str, State],
    owners: Mapping[str, Identity],
    history: Mapping[int, list[Version]],
    as_of: datetime,
) -> set[str]:
    now = timezone.now()
    changed: set[str] = set()
    new: list[Version] = []
    cut: list[Version] = []
    for key, state in states.items():
        owner = owners[key]
        versions = history.get(owner.pk, [])
        spans = [Span(v.as_of, v.superseded_as_of) for v in versions]
        place_ = place(spans, as_of)
        values = _values(state)
        if place_.holds is not None and _says(versions[place_.holds], values):
            continue
        changed.add(key)
        if place_.holds is not None:
            versions[place_.holds].superseded_as_of = as_of
            cut.append(versions[place_.holds])
        new.append(
            kind.version(
                customer=customer,
                number=len(versions) + 1,
                as_of=as_of,
                superseded_as_of=place_.until,
                arrived=now,
                **{kind.owner: owner},
                **values,
            )
        )
    for version in cut:
        kind.version._default_manager.filter(pk=version.pk).update(superseded_as_of=as_of)
    kind.version._default_manager.bulk_create(new, batch_size=BATCH)
    return changed


def _values(state: State) -> dict[str, Any]:
    """Return a state's values in the form that the version's columns store."""
    return {field.name: _column(getattr(state, field.name)) for field in fields(state)}


def _column(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [item.pk if isinstance(item, models.Model) else _column(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _json(item) for name, item in value.items()}
    return value


def _json(value: Any) -> Any:
    """Return a value of a JSON column: balances keep every digit as text, times as RFC 3339."""
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _says(version: Version, values: Mapping[str, Any]) -> bool:
    """Whether a stored version already holds these values."""
    for name, value in values.items():
        if isinstance(value, models.Model):
            if getattr(version, f"{name}_id") != value.pk:
                return False
        elif getattr(version, name) != value:
            return False
    return True


def _check_owner(customer: Customer, state: State) -> None:
    for field in fields(state):
        value = getattr(state, field.name)
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Identity | BillFile) and item.customer_id != customer.pk:
                raise InvalidStructure("An object refers to another customer's object.")
