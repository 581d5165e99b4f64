"""The links between a customer's objects as of one instant."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customerdata.kinds.base import NOTHING, Facts, Name, VersionedKind
from customerdata.models import UsageSeries


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """The point and the meter at which the usage of a contract was measured."""

    contract: int
    service_point: int | None
    meter: int | None

    def at(self, kind: str) -> int | None:
        """Return the place of a kind, None if the source names none."""
        return {Name.SERVICE_POINT.value: self.service_point, Name.METER.value: self.meter}.get(
            kind
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects by kind and primary key, without those not known as of the instant."""

    objects: Mapping[str, Mapping[int, Facts]]
    series: tuple[SeriesFacts, ...] = ()

    def of(self, kind: str) -> Mapping[int, Facts]:
        """Return the objects of a kind."""
        return self.objects.get(kind, {})


def load_snapshot(
    customers: Collection[int], instant: datetime, kinds: Iterable[VersionedKind]
) -> Snapshot:
    """Read the structure of customers (primary keys) as of an instant, in one query for each kind
    and one for usage series."""
    return Snapshot(
        {kind.name: _load(kind, customers, instant) for kind in kinds},
        tuple(
            SeriesFacts(contract, point, meter)
            for contract, point, meter in UsageSeries.objects.filter(
                customer__in=customers, contract__isnull=False
            ).values_list("contract_id", "service_point_id", "meter_id")
        ),
    )


def _load(kind: VersionedKind, customers: Collection[int], instant: datetime) -> dict[int, Facts]:
    rows = kind.version._default_manager.as_of(instant).filter(customer__in=customers)
    columns = {
        kind.owner_id,
        "customer_id",
        kind.public_id_of_owner,
        f"{kind.owner}__cds_created",
        *([kind.number] if kind.number else []),
        *(link.column for link in kind.links),
        *(kind.days or ()),
    }
    return {row[kind.owner_id]: _facts(kind, row) for row in rows.values(*columns)}


def _facts(kind: VersionedKind, row: Mapping[str, Any]) -> Facts:
    return Facts(
        customer=row["customer_id"],
        public_id=row[kind.public_id_of_owner],
        arrived=row[f"{kind.owner}__cds_created"],
        number=row[kind.number] if kind.number else "",
        links={link.column: _keys(row[link.column]) for link in kind.links},
        days=None if kind.days is None else (row[kind.days[0]], row[kind.days[1]]),
    )


def _keys(value: int | list[int] | None) -> frozenset[int]:
    if value is None:
        return NOTHING
    return frozenset(value) if isinstance(value, list) else frozenset({value})
