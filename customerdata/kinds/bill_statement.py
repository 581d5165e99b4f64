"""Bill statements (CDS-WG3-01 10.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from customerdata.kinds.base import Link, Name, Reaching, Sees, Shown, VersionedKind
from customerdata.kinds.filters import NEWEST_FIRST, by_date, dated, listed
from customerdata.kinds.state import InvalidStructure, State, check_currency, check_objects
from customerdata.kinds.wire import base_fields, file_url, numbers, programs
from customerdata.models import Account, BillFile, BillStatement, BillStatementVersion

_FILES = "include_bill_statement_files"
_CHARGES = "include_bill_statement_charges"
_PROGRAMS = "include_bill_statement_programs"
_CHARGE_KEYS = frozenset({"id", "name", "types", "amount", "included_in_amount_due"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BillStatementState(State):
    """What the source says about a bill statement (10.5.1).

    `account_number` is the number when the bill was issued. `new_charges` are the standard's
    objects (10.5.2); None means that the source does not list charges.
    """

    account: Account
    account_number: str
    statement_date: date
    currency: str
    amount_due: Decimal
    amount_due_date: date
    file: BillFile | None = None
    previous_balance_amount: Decimal | None = None
    previous_balance_paid: Decimal | None = None
    previous_balance_unpaid: Decimal | None = None
    new_charges_amount: Decimal | None = None
    new_charges: Sequence[Mapping[str, Any]] | None = None
    new_balance_amount: Decimal | None = None
    shutoff_prevention_minimum_due: Decimal | None = None
    shutoff_prevention_date: date | None = None
    programs: Sequence[Mapping[str, Any]] = ()

    def check(self) -> None:
        """Raises InvalidStructure for values that a Bill Statement object cannot have."""
        check_currency(self.currency)
        check_objects("new_charges", self.new_charges or (), _CHARGE_KEYS)
        if self.shutoff_prevention_minimum_due is None and self.shutoff_prevention_date is not None:
            raise InvalidStructure("A bill has a shutoff prevention date but no amount.")


def _reached(start: Reaching) -> frozenset[int]:
    """Every statement of an included account (7.2.5)."""
    return frozenset(
        pk for pk, bill in start.objects.items() if bill.one("account") in start.accounts
    )


def _represent(page: Sequence[Shown], sees: Sees) -> list[Mapping[str, Any]]:
    keys = {shown.base.account_id for shown in page}
    ids = dict(Account.objects.filter(pk__in=keys).values_list("pk", "cds_account_id"))
    filed = {version.file_id for shown in page if (version := shown.at(_FILES))} - {None}
    found = BillFile.objects.filter(pk__in=filed).values_list("pk", "mime_type") if filed else ()
    sections = _sections(page, sees)
    return [_statement(shown, ids, dict(found), sections) for shown in page]


def _sections(page: Sequence[Shown], sees: Sees) -> Mapping[tuple[int, str], list[str]]:
    """Return the visible sections from which each New Charge derives, by statement and charge."""
    found: dict[tuple[int, str], list[str]] = {}
    if charged := {shown.base.statement_id for shown in page if shown.at(_CHARGES)}:
        rows = sees.visible_rows(Name.BILL_SECTION).filter(statement__in=charged)
        columns = ("statement_id", "charges", "section__cds_billsection_id")
        for statement, charges, section in rows.order_by("section").values_list(*columns):
            for charge in charges:
                found.setdefault((statement, charge), []).append(section)
    return found


def _statement(
    shown: Shown,
    accounts: Mapping[int, str],
    mime_types: Mapping[int, str],
    sections: Mapping[tuple[int, str], list[str]],
) -> Mapping[str, Any]:
    base = shown.base
    result = base_fields(shown, base.statement, "cds_billstatement_id")
    # Both are always present, whatever else the token sees of accounts (decision 33).
    result["cds_account_id"] = accounts[base.account_id]
    result["account_number"] = base.account_number
    result["statement_date"] = base.statement_date
    result["currency"] = base.currency
    if filed := shown.at(_FILES):
        result["file_uri"] = None
        if filed.file_id is not None:
            result["file_uri"] = file_url(BILL_STATEMENT.path, base.statement.public_id)
            result["file_mimetype"] = mime_types[filed.file_id]
    if charged := shown.at(_CHARGES):
        result |= _charges(charged, sections)
    result["amount_due"] = base.amount_due
    result["amount_due_date"] = base.amount_due_date
    result["shutoff_prevention_minimum_due"] = base.shutoff_prevention_minimum_due
    result["shutoff_prevention_date"] = base.shutoff_prevention_date
    if enrolled := shown.at(_PROGRAMS):
        result["account_programs"] = programs(enrolled.programs)
    return result


def _charges(
    version: BillStatementVersion, sections: Mapping[tuple[int, str], list[str]]
) -> dict[str, Any]:
    """Return the balances and charges that the bill states."""
    new = version.new_charges
    stated = {
        "previous_balance_amount": version.previous_balance_amount,
        "previous_balance_paid": version.previous_balance_paid,
        "previous_balance_unpaid": version.previous_balance_unpaid,
        "new_charges_amount": version.new_charges_amount,
        "new_charges": None if new is None else [_charge(each, version, sections) for each in new],
        "new_balance_amount": version.new_balance_amount,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _charge(
    item: Mapping[str, Any],
    version: BillStatementVersion,
    sections: Mapping[tuple[int, str], list[str]],
) -> Mapping[str, Any]:
    """Return a New Charge; it names sections only if the token sees some (10.5.2)."""
    charge = numbers([item], "amount")[0]
    related = sections.get((version.statement_id, item["id"]))
    return {**charge, "related_billsections": related} if related else charge


def _file(shown: Shown) -> BillFile | None:
    filed = shown.at(_FILES)
    return None if filed is None else filed.file


BILL_STATEMENT = VersionedKind(
    name=Name.BILL_STATEMENT.value,
    object_name="BillStatement",
    section="10.5",
    include="include_bill_statements",
    metadata="cds_billstatement_api",
    path="bill-statements",
    envelope="bill_statements",
    public_id="cds_billstatement_id",
    identity=BillStatement,
    version=BillStatementVersion,
    owner="statement",
    state=BillStatementState,
    links=(Link("account", Name.ACCOUNT),),
    days=("statement_date", "statement_date"),
    window=("statement_date_start", "statement_date_end"),
    reached=_reached,
    filters=(
        listed("cds_billstatement_ids", "statement__cds_billstatement_id__in"),
        dated("before", "statement_date__lte"),
        dated("after", "statement_date__gte"),
        listed("cds_account_ids", "account__cds_account_id__in"),
        listed("account_numbers", "account_number__in"),
    ),
    order=(by_date("statement_date", descending=True), NEWEST_FIRST),
    represent=_represent,
    file=_file,
)
