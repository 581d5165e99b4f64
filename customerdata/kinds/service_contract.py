"""Service contracts (CDS-WG3-01 10.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from consent.catalogue.selection import SelectionType
from customerdata.enums import ContractStatus
from customerdata.kinds.base import Link, Name, ReaderFilter, Sees, Shown, VersionedKind
from customerdata.kinds.filters import NEWEST_FIRST, listed, optional
from customerdata.kinds.search import contains, item_contains, text_of
from customerdata.kinds.state import State, check_choice
from customerdata.kinds.wire import base_fields, masked, programs
from customerdata.models import Account, AccountVersion, ServiceContract, ServiceContractVersion
from portal.http.listing import split_ids

_ACCOUNT_NUMBERS = "include_account_numbers"
_NUMBERS = "include_contract_numbers"
_RATE_PLANS = "include_rate_plans"
_DETAILS = "include_service_contract_details"
_PROGRAMS = "include_service_programs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractState(State):
    """What the source says about a service contract (10.2.1)."""

    account: Account
    contract_number: str
    service_types: Sequence[str]
    start: date
    end: date | None = None
    types: Sequence[str] = ("utility_service",)
    status: str = ContractStatus.ACTIVE.value
    name: str = ""
    address: str = ""
    entity: Mapping[str, Any] | None = None
    rateplan_code: str = ""
    rateplan_name: str = ""
    programs: Sequence[Mapping[str, Any]] = ()

    def check(self) -> None:
        """Raises InvalidStructure for values that a Service Contract object cannot have."""
        check_choice(self.status, ContractStatus)


def _by_account_number(text: str, sees: Sees) -> Q:
    numbers = split_ids(text, name="account_numbers")
    return sees.account_number_matches(Q(account_number__in=numbers))


def _search(raw: str, sees: Sees) -> Q:
    text = text_of(raw)
    return (
        contains(text, "contract__cds_servicecontract_id")
        | sees.account_number_matches(contains(text, "account_number"))
        | sees.field_matches(Name.CONTRACT, _NUMBERS, contains(text, "contract_number"))
        | sees.field_matches(Name.CONTRACT, _DETAILS, contains(text, "address"))
        | sees.field_matches(
            Name.CONTRACT, _RATE_PLANS, contains(text, "rateplan_code", "rateplan_name")
        )
        | sees.field_matches(
            Name.CONTRACT, _PROGRAMS, item_contains(text, "programs", "program_number")
        )
    )


def _represent(page: Sequence[Shown], sees: Sees) -> list[Mapping[str, Any]]:
    keys = {version.account_id for shown in page for version in _with_account(shown)}
    ids = dict(Account.objects.filter(pk__in=keys).values_list("pk", "cds_account_id"))
    numbers: dict[int, list[AccountVersion]] = {}
    for version in AccountVersion.objects.filter(account__in=keys):
        numbers.setdefault(version.account_id, []).append(version)
    return [_contract(shown, ids, numbers) for shown in page]


def _with_account(shown: Shown) -> list[Any]:
    older = shown.at(_ACCOUNT_NUMBERS)
    return [shown.base] if older is None else [shown.base, older]


def _account_number(shown: Shown, numbers: Mapping[int, list[AccountVersion]]) -> str | None:
    found = shown.optional.get(_ACCOUNT_NUMBERS)
    if found is None:
        return None
    version, instant = found
    return next(
        (
            account.account_number
            for account in numbers.get(version.account_id, ())
            if account.holds(instant)
        ),
        None,
    )


def _contract(
    shown: Shown, accounts: Mapping[int, str], numbers: Mapping[int, list[AccountVersion]]
) -> Mapping[str, Any]:
    base = shown.base
    result = base_fields(shown, base.contract, "cds_servicecontract_id")
    result["cds_account_id"] = accounts[base.account_id]
    if (account_number := _account_number(shown, numbers)) is not None:
        result["account_number"] = account_number
    if named := shown.at(_NUMBERS):
        result["contract_number"] = named.contract_number or None
    if details := shown.at(_DETAILS):
        result["contract_address"] = details.address
    result["contract_types"] = base.types
    if named:
        result["contract_entity"] = named.entity
    result["contract_status"] = base.status
    if details:
        result["contract_start"] = details.start
        result["contract_end"] = details.end
    result["service_types"] = base.service_types
    if plan := shown.at(_RATE_PLANS):
        result["rateplan_code"] = plan.rateplan_code
        result["rateplan_name"] = plan.rateplan_name
    if enrolled := shown.at(_PROGRAMS):
        result["service_programs"] = programs(enrolled.programs)
    return result


def _examples(contract: ServiceContractVersion) -> Mapping[str, str]:
    plan = [part for part in (contract.rateplan_code, contract.rateplan_name) if part]
    return {
        _NUMBERS: masked(contract.contract_number),
        _RATE_PLANS: ", ".join(plan),
        _DETAILS: " ".join(contract.address.split()),
    }


SERVICE_CONTRACT = VersionedKind(
    name=Name.CONTRACT.value,
    object_name="ServiceContract",
    section="10.2",
    include="include_service_contracts",
    metadata="cds_servicecontracts_api",
    path="service-contracts",
    envelope="service_contracts",
    public_id="cds_servicecontract_id",
    related="related_servicecontracts",
    identity=ServiceContract,
    version=ServiceContractVersion,
    owner="contract",
    state=ContractState,
    number="contract_number",
    links=(Link("account", Name.ACCOUNT),),
    selection=SelectionType.SERVICE_CONTRACT.value,
    filters=(
        listed("cds_servicecontract_ids", "contract__cds_servicecontract_id__in"),
        # Not in 10.2.7, but in all related listings; the field itself is required (decision 38).
        listed("cds_account_ids", "account__cds_account_id__in"),
        ReaderFilter("account_numbers", _by_account_number),
        optional("contract_numbers", "contract_number__in", _NUMBERS, Name.CONTRACT),
        listed("contract_statuses", "status__in"),
        listed("contract_types", "types__overlap"),
        listed("service_types", "service_types__overlap"),
        ReaderFilter("q", _search),
    ),
    order=(NEWEST_FIRST,),
    represent=_represent,
    examples=_examples,
)
