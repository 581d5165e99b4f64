"""The links between a customer's objects as of one instant."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from customerdata.models import (
    AccountVersion,
    MeterDeviceVersion,
    ServiceContractVersion,
    ServicePointVersion,
    UsageSeries,
)


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account: the customer's key, its parent's key, its number, and when it came here."""

    customer: int
    parent: int | None
    number: str
    public_id: str
    arrived: datetime


@dataclass(frozen=True, slots=True)
class ContractFacts:
    """A service contract; `arrived` is when the object first came here."""

    customer: int
    account: int
    number: str
    public_id: str
    arrived: datetime


@dataclass(frozen=True, slots=True)
class LinkedFacts:
    """A service point with its contracts, or a meter with its service points."""

    customer: int
    public_id: str
    arrived: datetime
    current: frozenset[int]
    previous: frozenset[int]


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """Which point and meter the usage of a contract was measured at."""

    contract: int
    service_point: int | None
    meter: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything by primary key. Objects that were not known as of the instant are absent."""

    accounts: Mapping[int, AccountFacts]
    contracts: Mapping[int, ContractFacts]
    service_points: Mapping[int, LinkedFacts]
    meters: Mapping[int, LinkedFacts]
    series: tuple[SeriesFacts, ...] = ()


def load_snapshot(customers: Collection[int], instant: datetime) -> Snapshot:
    """Read the structure of customers (primary keys) as of an instant, in five queries."""
    return Snapshot(
        accounts=_accounts(customers, instant),
        contracts=load_contracts(customers, instant),
        service_points=_service_points(customers, instant),
        meters=_meters(customers, instant),
        series=tuple(
            SeriesFacts(contract, point, meter)
            for contract, point, meter in UsageSeries.objects.filter(
                customer__in=customers, contract__isnull=False
            ).values_list("contract_id", "service_point_id", "meter_id")
        ),
    )


def _accounts(customers: Collection[int], instant: datetime) -> dict[int, AccountFacts]:
    rows = AccountVersion.objects.as_of(instant).filter(customer__in=customers)
    return {
        pk: AccountFacts(customer, parent, number, public_id, arrived)
        for pk, customer, parent, number, public_id, arrived in rows.values_list(
            "account_id",
            "customer_id",
            "parent_id",
            "account_number",
            "account__cds_account_id",
            "account__cds_created",
        )
    }


def load_contracts(customers: Collection[int], instant: datetime) -> dict[int, ContractFacts]:
    """Read the service contracts of customers as of an instant."""
    rows = ServiceContractVersion.objects.as_of(instant).filter(customer__in=customers)
    return {
        pk: ContractFacts(customer, account, number, public_id, arrived)
        for pk, customer, account, number, public_id, arrived in rows.values_list(
            "contract_id",
            "customer_id",
            "account_id",
            "contract_number",
            "contract__cds_servicecontract_id",
            "contract__cds_created",
        )
    }


def _service_points(customers: Collection[int], instant: datetime) -> dict[int, LinkedFacts]:
    rows = ServicePointVersion.objects.as_of(instant).filter(customer__in=customers)
    return {
        pk: LinkedFacts(customer, public_id, arrived, frozenset(current), frozenset(previous))
        for pk, customer, public_id, arrived, current, previous in rows.values_list(
            "service_point_id",
            "customer_id",
            "service_point__cds_servicepoint_id",
            "service_point__cds_created",
            "current_contracts",
            "previous_contracts",
        )
    }


def _meters(customers: Collection[int], instant: datetime) -> dict[int, LinkedFacts]:
    rows = MeterDeviceVersion.objects.as_of(instant).filter(customer__in=customers)
    return {
        pk: LinkedFacts(customer, public_id, arrived, frozenset(current), frozenset(previous))
        for pk, customer, public_id, arrived, current, previous in rows.values_list(
            "meter_id",
            "customer_id",
            "meter__cds_meterdevice_id",
            "meter__cds_created",
            "current_service_points",
            "previous_service_points",
        )
    }
