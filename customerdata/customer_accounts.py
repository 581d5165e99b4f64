"""CDS-WG3-01 9.2.3.1 to 9.2.3.5: what people can share, for `consent.customer_accounts`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from consent.catalogue.selection import SelectionType
from consent.customer_accounts import Selectable
from customerdata.addresses import normalize_request, normalize_stored
from customerdata.kinds.registry import VERSIONED
from customerdata.models import (
    AccountHolder,
    AccountVersion,
    MeterDeviceVersion,
    ServiceContractVersion,
    ServicePointVersion,
)
from portal.models import User

Facts = dict[str, set[str]]


class Customers:
    """Answers from the accounts that a person holds now."""

    def can_authorize(self, user: User, *, environment: str) -> bool:
        """Whether this person holds accounts that Clients of this environment can ask for."""
        held = AccountHolder.objects.of(user, environment=environment).current()
        return bool(held.exists())

    def selectables(
        self, user: User, selection_type: str, *, environment: str
    ) -> Sequence[Selectable]:
        """Return everything that the person can share, ordered by account and contract number.

        Always takes four queries. So far the form offers accounts and service contracts
        (CDS-WG3-01 9.2.3.1, 9.2.3.2); other selections have nothing to choose.
        """
        if selection_type not in {SelectionType.SERVICE_CONTRACT, SelectionType.ACCOUNT}:
            return []
        now = timezone.now()
        held = AccountHolder.objects.of(user, environment=environment).current()
        contracts = list(
            ServiceContractVersion.objects.as_of(now)
            .filter(account__in=held.values("account"))
            .select_related("contract")
        )
        if selection_type == SelectionType.ACCOUNT:
            return self._accounts(held.values("account"), contracts, now)
        accounts = _account_numbers({contract.account_id for contract in contracts}, now)
        facts = _facts_by_contract({contract.customer_id for contract in contracts}, now)
        rows = [
            _selectable(contract, accounts.get(contract.account_id, ""), facts)
            for contract in contracts
        ]
        return sorted(
            rows, key=lambda row: (natural_order(row.account), natural_order(row.number), row.id)
        )

    def _accounts(
        self, held: Any, contracts: Sequence[ServiceContractVersion], now: datetime
    ) -> Sequence[Selectable]:
        """Return accounts; a preselection of services or meters selects the accounts with them."""
        versions = AccountVersion.objects.as_of(now).filter(account__in=held)
        facts = _facts_by_contract({contract.customer_id for contract in contracts}, now)
        linked: dict[int, _LinkedFacts] = {}
        for contract in contracts:
            of_account = linked.setdefault(contract.account_id, _LinkedFacts())
            for field_id, values in _facts(contract, "", facts).items():
                of_account.add(field_id, values)
        rows = [
            _account(version, linked.get(version.account_id, _LinkedFacts()).facts)
            for version in versions.select_related("account")
        ]
        return sorted(rows, key=lambda row: (natural_order(row.number), row.id))

    def normalized_address(self, address: str) -> str:
        """Return the form in which a requested address is compared (CDS-WG3-01 7.1.13.1)."""
        return normalize_request(address)

    def examples(self, user: User) -> Mapping[str, str]:
        """Return the customer's own values, masked, by authorization details field id."""
        now = timezone.now()
        held = AccountHolder.objects.current().filter(user=user).values("account")
        found: dict[str, str] = {}
        for kind in VERSIONED:
            if kind.examples is not None:
                versions = kind.version._default_manager.as_of(now).filter(account__in=held)
                first = versions.order_by(kind.owner).first()
                found |= kind.examples(first) if first is not None else {}
        return {field_id: text for field_id, text in found.items() if text}

    def contact_email(self, user: User) -> str:
        """Return the address for the receipt: the one that the person signs in with."""
        return user.email


def _account_numbers(accounts: Iterable[int], now: Any) -> dict[int, str]:
    rows = AccountVersion.objects.as_of(now).filter(account__in=accounts)
    return dict(rows.values_list("account_id", "account_number"))


@dataclass(slots=True)
class _LinkedFacts:
    """The values that preselections of points and meters match, for one contract or point."""

    facts: Facts = field(default_factory=dict)

    def add(self, field_id: str, values: Iterable[str]) -> None:
        self.facts.setdefault(field_id, set()).update(value for value in values if value)


def _named(objects: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    """Return a field of nested objects; if a source omits it, nothing matches it."""
    return [str(each.get(name) or "") for each in objects]


def _facts_by_contract(customers: Iterable[int], now: Any) -> dict[int, Facts]:
    """Return facts of the current points and meters of each contract (7.1.6 to 7.1.11)."""
    keys = list(customers)
    meters: dict[int, _LinkedFacts] = {}
    for number, types, apps, points in (
        MeterDeviceVersion.objects.as_of(now)
        .filter(customer__in=keys)
        .values_list("meter_number", "types", "apps", "current_service_points")
    ):
        for point in points:
            linked = meters.setdefault(point, _LinkedFacts())
            linked.add("meter_numbers", [number])
            linked.add("meter_types", types)
            linked.add("meter_apps", _named(apps, "app_number"))
    found: dict[int, _LinkedFacts] = {}
    for pk, number, types, premises, contracts in (
        ServicePointVersion.objects.as_of(now)
        .filter(customer__in=keys)
        .values_list(
            "service_point_id", "servicepoint_number", "types", "premises", "current_contracts"
        )
    ):
        for contract in contracts:
            linked = found.setdefault(contract, _LinkedFacts())
            linked.add("servicepoint_numbers", [number])
            linked.add("servicepoint_types", types)
            linked.add("premise_numbers", _named(premises, "premise_number"))
            for field_id, values in meters.get(pk, _LinkedFacts()).facts.items():
                linked.add(field_id, values)
    return {contract: linked.facts for contract, linked in found.items()}


def _facts(
    contract: ServiceContractVersion, account_number: str, linked: Mapping[int, Facts]
) -> Facts:
    own = {
        "account_numbers": {account_number},
        "contract_numbers": {contract.contract_number},
        "service_types": set(contract.service_types),
        "service_programs": set(_named(contract.programs, "program_number")),
        "addresses": {normalize_stored(contract.address)},
    }
    return {**own, **linked.get(contract.contract_id, {})}


def _selectable(
    contract: ServiceContractVersion, account_number: str, linked: Mapping[int, Facts]
) -> Selectable:
    facts = _facts(contract, account_number, linked)
    return Selectable(
        id=contract.contract.cds_servicecontract_id,
        number=contract.contract_number,
        name=contract.name,
        address=contract.address,
        service_type=", ".join(contract.service_types),
        account=account_number,
        facts={name: frozenset(values - {""}) for name, values in facts.items()},
    )


def _account(account: AccountVersion, linked: Facts) -> Selectable:
    facts = {
        **linked,
        "account_numbers": {account.account_number},
        "account_programs": set(_named(account.programs, "program_number")),
        "addresses": {normalize_stored(account.address), *linked.get("addresses", ())},
    }
    return Selectable(
        id=account.account.cds_account_id,
        number=account.account_number,
        name=account.name,
        address=account.address,
        service_type="account",
        account="",
        facts={name: frozenset(values - {""}) for name, values in facts.items()},
    )


def natural_order(text: str) -> list[tuple[int, str]]:
    """Sort numbers inside a text by value: 2222-2 before 2222-10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
