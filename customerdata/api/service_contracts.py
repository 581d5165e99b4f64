"""The Service Contracts API (CDS-WG3-01 10.2)."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from customerdata.access.reading import CONTRACTS, Reader, Shown, holds
from customerdata.api.base import (
    ReaderFilter,
    StructureListView,
    base_fields,
    listed,
    optional,
    programs,
)
from customerdata.api.search import contains, item_contains, text_of
from customerdata.models import Account, AccountVersion
from portal.http.listing import split_ids

_ACCOUNT_NUMBERS = "include_account_numbers"
_NUMBERS = "include_contract_numbers"
_RATE_PLANS = "include_rate_plans"
_DETAILS = "include_service_contract_details"
_PROGRAMS = "include_service_programs"


def _account_numbers(text: str, reader: Reader) -> Q:
    numbers = split_ids(text, name="account_numbers")
    return reader.account_number_matches(Q(account_number__in=numbers))


def _search(raw: str, reader: Reader) -> Q:
    text = text_of(raw)
    return (
        contains(text, "contract__cds_servicecontract_id")
        | reader.account_number_matches(contains(text, "account_number"))
        | reader.field_matches(CONTRACTS, _NUMBERS, contains(text, "contract_number"))
        | reader.field_matches(CONTRACTS, _DETAILS, contains(text, "address"))
        | reader.field_matches(
            CONTRACTS, _RATE_PLANS, contains(text, "rateplan_code", "rateplan_name")
        )
        | reader.field_matches(
            CONTRACTS, _PROGRAMS, item_contains(text, "programs", "program_number")
        )
    )


class ServiceContractsView(StructureListView):
    """GET: the service contracts that the token gives access to (CDS-WG3-01 10.2.7)."""

    envelope = "service_contracts"
    shape = CONTRACTS
    public_id = "cds_servicecontract_id"
    reader_filters = (
        listed("cds_servicecontract_ids", "contract__cds_servicecontract_id__in"),
        # Not in 10.2.7 but in all related listings; the field itself is required (decision 38).
        listed("cds_account_ids", "account__cds_account_id__in"),
        ReaderFilter("account_numbers", _account_numbers),
        optional("contract_numbers", "contract_number__in", _NUMBERS, CONTRACTS),
        listed("contract_statuses", "status__in"),
        listed("contract_types", "types__overlap"),
        listed("service_types", "service_types__overlap"),
        ReaderFilter("q", _search),
    )

    def objects(self, page: list[Shown], reader: Reader) -> list[Mapping[str, Any]]:
        """Return Service Contract objects (10.2.1)."""
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
            if holds(account, instant)
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
