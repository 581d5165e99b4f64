"""Bill sections (CDS-WG3-01 10.6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from customerdata.kinds.base import Link, Name, Reaching, ReaderFilter, Sees, Shown, VersionedKind
from customerdata.kinds.filters import (
    NEWEST_FIRST,
    NOTHING,
    SORT_KEY,
    by_date,
    by_text,
    dated,
    listed,
    referring,
)
from customerdata.kinds.state import InvalidStructure, State, check_currency, check_objects
from customerdata.kinds.wire import base_fields, known, numbers
from customerdata.models import (
    Account,
    BillSection,
    BillSectionVersion,
    BillStatement,
    MeterDevice,
    ServiceContract,
    ServiceContractVersion,
    ServicePoint,
)
from portal.http.listing import split_ids

_LINE_ITEMS = "include_bill_section_line_items"
_NUMBERS = "include_contract_numbers"
_DETAIL = frozenset({"id", "name", "types"})
_LINE = _DETAIL | {
    "start_date",
    "end_date",
    "cost",
    "value",
    "rate",
    "related_usage_details",
    "related_cost_details",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BillSectionState(State):
    """What the source says about a bill section (10.6.1).

    `charges` are ids of the New Charges of the statement that are derived from the section. Details
    and line items are the standard's objects (10.6.3, 10.6.5, 10.6.7) with decimals as numbers.
    """

    statement: BillStatement
    account: Account
    account_number: str
    types: Sequence[str]
    start_date: date
    end_date: date
    currency: str
    distribution_entity: Mapping[str, Any] | None = None
    supply_entity: Mapping[str, Any] | None = None
    contracts: Sequence[ServiceContract] = ()
    service_points: Sequence[ServicePoint] = ()
    meters: Sequence[MeterDevice] = ()
    charges: Sequence[str] = ()
    usage_details: Sequence[Mapping[str, Any]] = ()
    cost_details: Sequence[Mapping[str, Any]] = ()
    line_items: Sequence[Mapping[str, Any]] = ()

    def check(self) -> None:
        """Raises InvalidStructure for values that a Bill Section object cannot have."""
        check_currency(self.currency)
        if self.end_date < self.start_date:
            raise InvalidStructure("The end date of a bill section is before its start date.")
        check_objects("usage_details", self.usage_details, _DETAIL | {"value"})
        check_objects("cost_details", self.cost_details, _DETAIL | {"cost"})
        check_objects("line_items", self.line_items, _LINE)
        for each in (*self.usage_details, *self.line_items):
            if isinstance(each["value"], Decimal) and "units" not in each:
                raise InvalidStructure(f"{each['name']}: a measured value has no units.")


def _reached(start: Reaching) -> frozenset[int]:
    """The sections of an included account that are about an included contract (7.2.6).

    If accounts were chosen, all sections of these accounts (6.1.8).
    """
    return frozenset(
        pk
        for pk, section in start.objects.items()
        if section.one("account") in start.accounts
        and (start.by_account or section.links["contracts"] & start.contracts)
    )


def _of_statements(text: str, sees: Sees) -> Q:
    ids = split_ids(text, name="cds_billstatement_ids")
    return Q(statement__in=sees.visible_keys(Name.BILL_STATEMENT, ids))


def _by_contract_number(text: str, sees: Sees) -> Q:
    wanted = Q(contract_number__in=split_ids(text, name="contract_numbers"))
    matching = sees.field_matches(Name.CONTRACT, _NUMBERS, wanted)
    found = ServiceContractVersion.objects.filter(matching).values_list("contract_id", flat=True)
    keys = list(found.distinct())
    return Q(contracts__overlap=keys) if keys else NOTHING


@dataclass(frozen=True, slots=True)
class _Around:
    """The visible ids of the objects that a page of sections refers to, by primary key."""

    accounts: Mapping[int, str]
    statements: Mapping[int, str]
    contracts: Mapping[int, str]
    service_points: Mapping[int, str]
    meters: Mapping[int, str]
    beside: Sequence[BillSectionVersion]

    def alongside(self, section: BillSectionVersion) -> list[str]:
        """The sections of the same bill about the same service."""
        mine = set(section.contracts)
        return [
            other.section.cds_billsection_id
            for other in self.beside
            if other.statement_id == section.statement_id
            and other.section_id != section.section_id
            and mine.intersection(other.contracts)
        ]


def _represent(page: Sequence[Shown], sees: Sees) -> list[Mapping[str, Any]]:
    bases = [shown.base for shown in page]
    statements = {base.statement_id for base in bases}
    accounts = Account.objects.filter(pk__in={base.account_id for base in bases})
    beside = sees.visible_rows(Name.BILL_SECTION).filter(statement__in=statements)
    around = _Around(
        dict(accounts.values_list("pk", "cds_account_id")),
        sees.visible_ids(Name.BILL_STATEMENT, statements),
        sees.visible_ids(Name.CONTRACT, _all(base.contracts for base in bases)),
        sees.visible_ids(Name.SERVICE_POINT, _all(base.service_points for base in bases)),
        sees.visible_ids(Name.METER, _all(base.meters for base in bases)),
        list(beside.select_related("section").order_by("section")) if bases else (),
    )
    return [_section(shown, around) for shown in page]


def _all(lists: Iterable[Sequence[int]]) -> set[int]:
    return {key for keys in lists for key in keys}


def _section(shown: Shown, around: _Around) -> Mapping[str, Any]:
    base = shown.base
    result = base_fields(shown, base.section, "cds_billsection_id")
    result["cds_billstatement_id"] = around.statements.get(base.statement_id)
    # Both are always present, whatever else the token sees of accounts (decision 33).
    result["cds_account_id"] = around.accounts[base.account_id]
    result["account_number"] = base.account_number
    result["section_types"] = base.types
    result["start_date"] = base.start_date
    result["end_date"] = base.end_date
    result["currency"] = base.currency
    result["distribution_entity"] = base.distribution_entity
    result["supply_entity"] = base.supply_entity
    result["related_servicecontracts"] = known(base.contracts, around.contracts)
    result["related_servicepoints"] = known(base.service_points, around.service_points)
    result["related_meterdevices"] = known(base.meters, around.meters)
    result["related_billsections"] = around.alongside(base)
    result["usage_details"] = [_usage_detail(each) for each in base.usage_details]
    result["cost_details"] = numbers(base.cost_details, "cost")
    if itemized := shown.at(_LINE_ITEMS):
        result["line_items"] = numbers(itemized.line_items, "cost", "value", "rate")
    return result


def _usage_detail(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values with units were measured; values without units are text (10.6.3)."""
    measured = ("value",) if "units" in item else ()
    return numbers([item], *measured, "start_read", "end_read", "multiplier")[0]


BILL_SECTION = VersionedKind(
    name=Name.BILL_SECTION.value,
    object_name="BillSection",
    section="10.6",
    include="include_bill_sections",
    metadata="cds_billsection_api",
    path="bill-sections",
    envelope="bill_sections",
    public_id="cds_billsection_id",
    related="related_billsections",
    identity=BillSection,
    version=BillSectionVersion,
    owner="section",
    state=BillSectionState,
    links=(Link("account", Name.ACCOUNT), Link("contracts", Name.CONTRACT, hangs=False)),
    days=("start_date", "end_date"),
    window=("start_date", "end_date"),
    reached=_reached,
    filters=(
        listed("cds_billsection_ids", "section__cds_billsection_id__in"),
        dated("before", "start_date__lte"),
        dated("after", "end_date__gte"),
        ReaderFilter("cds_billstatement_ids", _of_statements),
        listed("cds_account_ids", "account__cds_account_id__in"),
        listed("account_numbers", "account_number__in"),
        referring("cds_servicecontract_ids", "contracts", Name.CONTRACT),
        ReaderFilter("contract_numbers", _by_contract_number),
    ),
    order=(by_text("account_number"), SORT_KEY, by_date("start_date"), NEWEST_FIRST),
    sorted_by="contracts",
    represent=_represent,
)
