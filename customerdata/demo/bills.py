"""Monthly bills of Ana, Bo and Fay, calculated from the readings of their meters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

from customerdata.demo.bill_pdf import draw_bill
from customerdata.demo.dates import Calendar, months
from customerdata.demo.structure import ENTITY
from customerdata.kinds.bill_section import BillSectionState
from customerdata.kinds.bill_statement import BillStatementState
from customerdata.models import (
    Account,
    AccountVersion,
    BillStatement,
    BillStatementVersion,
    Customer,
    ServiceContractVersion,
    UsagePack,
    UsageSeries,
)
from customerdata.services.bill_files import store_bill_file
from customerdata.services.structure import upsert_objects

BILLED = ("ana", "bo", "fay")
CURRENCY = "USD"
_CENT = Decimal("0.01")
_TAX = Decimal("0.04")
_DAYS_TO_PAY = 20
# Prices of electricity and gas: per month, per unit delivered, per unit supplied.
_RATES = {
    ("electric", False): (Decimal("12.50"), Decimal("0.142"), Decimal("0.168")),
    ("electric", True): (Decimal("38.00"), Decimal("0.111"), Decimal("0.139")),
    ("natural_gas", False): (Decimal("9.75"), Decimal("0.86"), Decimal("0.94")),
    ("natural_gas", True): (Decimal("24.00"), Decimal("0.71"), Decimal("0.88")),
}
_UNITS = {"electric": ("kWh", "Electricity"), "natural_gas": ("therm", "Natural gas")}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: the standard's `types` and an amount."""

    id: str
    name: str
    types: tuple[str, ...]
    cost: Decimal
    value: Decimal | None = None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one service costs in a month; the first and last day are both included."""

    contract: ServiceContractVersion
    commodity: str
    start: date
    end: date
    used: Decimal
    lines: tuple[Line, ...]
    series: tuple[UsageSeries, ...]

    @property
    def unit(self) -> str:
        """The unit of usage."""
        return _UNITS[self.commodity][0]

    @property
    def total(self) -> Decimal:
        """The total of the lines."""
        return sum((line.cost for line in self.lines), Decimal())


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of an account for a month: its parts, and the balance of the previous bill."""

    account: Account
    account_number: str
    programs: Sequence[Mapping[str, Any]]
    month: date
    parts: tuple[Part, ...]
    previous: Decimal
    paid: Decimal

    @property
    def key(self) -> str:
        """The utility's key for the bill."""
        return f"demo:{self.account_number}:{self.month:%Y-%m}"

    @property
    def date(self) -> date:
        """The day on which the bill is issued."""
        return _issued(self.month)

    @property
    def charges(self) -> list[dict[str, Any]]:
        """The standard's New Charges: the cost of each commodity."""
        totals: dict[str, Decimal] = {}
        for part in self.parts:
            totals[part.commodity] = totals.get(part.commodity, Decimal()) + part.total
        return [
            {
                "id": commodity,
                "name": f"{_UNITS[commodity][1]} charges",
                "types": [f"{commodity}_total"],
                "amount": total,
                "included_in_amount_due": True,
            }
            for commodity, total in totals.items()
        ]

    @property
    def new(self) -> Decimal:
        """What this month costs."""
        return sum((part.total for part in self.parts), Decimal())

    @property
    def unpaid(self) -> Decimal:
        """The balance of the previous bill; negative is a credit."""
        return self.previous - self.paid

    @property
    def due(self) -> Decimal:
        """The amount due."""
        return self.unpaid + self.new


def issue_bills(calendar: Calendar) -> None:
    """Issue all missing bills of past months."""
    keys = [f"demo:{login}" for login in BILLED]
    for customer in Customer.objects.filter(source_key__in=keys).order_by("pk"):
        _issue(customer, calendar)


def _issue(customer: Customer, calendar: Calendar) -> None:
    due = _stored_amounts(customer)
    used = _used_by_month(customer, calendar)
    if not used:
        return
    issued = list(_whole_months(min(month for _, month in used), calendar))
    # When the demo is created, Fay has not paid her second-to-last bill.
    late = issued[-1:] if customer.source_key == "demo:fay" and not due else []
    contracts = list(
        ServiceContractVersion.objects.current()
        .filter(customer=customer)
        .select_related("contract")
        .order_by("contract")
    )
    accounts = (
        AccountVersion.objects.current()
        .filter(customer=customer)
        .select_related("account")
        .order_by("account")
    )
    series = list(
        UsageSeries.objects.filter(customer=customer).select_related("service_point", "meter")
    )
    for state in accounts:
        previous = Decimal()
        mine = [contract for contract in contracts if contract.account_id == state.account_id]
        for month in issued:
            parts = tuple(_parts(mine, month, used, series))
            paid = Decimal() if month in late else max(previous, Decimal())
            bill = Bill(
                state.account, state.account_number, state.programs, month, parts, previous, paid
            )
            if bill.key in due:
                previous = due[bill.key]
            elif parts:
                _store(customer, bill, calendar)
                previous = bill.due


def _store(customer: Customer, bill: Bill, calendar: Calendar) -> None:
    file = store_bill_file(
        customer=customer,
        name=f"bill-{bill.account_number}-{bill.date}.pdf",
        content=draw_bill(pdf_lines(bill), made=calendar.midnight(bill.date)),
    )
    late = bill.unpaid if bill.unpaid > 0 else None
    state = BillStatementState(
        account=bill.account,
        account_number=bill.account_number,
        statement_date=bill.date,
        currency=CURRENCY,
        file=file,
        previous_balance_amount=bill.previous,
        previous_balance_paid=bill.paid,
        previous_balance_unpaid=bill.unpaid,
        new_charges_amount=bill.new,
        new_charges=bill.charges,
        new_balance_amount=bill.due,
        amount_due=bill.due,
        amount_due_date=bill.date + timedelta(days=_DAYS_TO_PAY),
        shutoff_prevention_minimum_due=late,
        shutoff_prevention_date=bill.date + timedelta(days=10) if late is not None else None,
        programs=bill.programs,
    )
    said: dict[str, Any] = {
        "customer": customer,
        "as_of": calendar.midnight(bill.date),
        "synced": calendar.now,
    }
    statement = upsert_objects(states={bill.key: state}, **said)[bill.key].object
    upsert_objects(
        states={
            f"{bill.key}:{part.contract.contract_number}": _section(bill, part, statement)
            for part in bill.parts
        },
        **said,
    )


def _section(bill: Bill, part: Part, statement: BillStatement) -> BillSectionState:
    days = {"start_date": part.start, "end_date": part.end}
    totals = {
        "distribution": ("Total delivery charges", ("base", "delivery")),
        "supply": ("Total supply charges", ("supply",)),
    }
    return BillSectionState(
        statement=statement,
        account=bill.account,
        account_number=bill.account_number,
        types=("service_contract", part.commodity, "distribution", "supply"),
        **days,
        currency=CURRENCY,
        distribution_entity=ENTITY,
        supply_entity=ENTITY,
        contracts=(part.contract.contract,),
        service_points=tuple({s.service_point for s in part.series if s.service_point}),
        meters=tuple(s.meter for s in part.series if s.meter),
        charges=(part.commodity,),
        usage_details=(
            {
                "id": "total",
                "name": f"Total {part.unit}",
                "types": (f"{part.commodity}_usage", "ami_reading"),
                "value": part.used,
                "units": part.unit,
                **days,
            },
        ),
        cost_details=(
            *(
                {
                    "id": kind,
                    "name": name,
                    "types": ("subtotal", kind),
                    "cost": sum((line.cost for line in part.lines if line.id in ids), Decimal()),
                }
                for kind, (name, ids) in totals.items()
            ),
            {
                "id": "total",
                "name": "Total charges",
                "types": ("overall_total",),
                "cost": part.total,
            },
        ),
        line_items=tuple(_line_item(line, part, days) for line in part.lines),
    )


def _line_item(line: Line, part: Part, days: Mapping[str, date]) -> dict[str, Any]:
    measured = {} if line.value is None else {"units": part.unit}
    subtotals = [kind for kind in ("distribution", "supply") if kind in line.types]
    return {
        "id": line.id,
        "name": line.name,
        "types": line.types,
        **days,
        "cost": line.cost,
        "value": line.value,
        **measured,
        "rate": line.rate,
        "related_usage_details": ("total",) if measured else (),
        "related_cost_details": (*subtotals, "total"),
    }


def pdf_lines(bill: Bill) -> Iterator[tuple[str, str]]:
    """Yield the lines of a bill as printed; an empty amount makes a heading."""
    yield f"Account {bill.account_number}", ""
    yield f"Bill of {bill.date}", ""
    yield "Previous balance", _money(bill.previous)
    yield "Payments", _money(-bill.paid)
    for part in bill.parts:
        words = f"{part.contract.name} ({part.contract.contract_number})"
        yield f"{words}, {part.start} to {part.end}: {part.used} {part.unit}", ""
        for line in part.lines:
            yield line.name, _money(line.cost)
    yield "New charges", _money(bill.new)
    yield f"Amount due by {bill.date + timedelta(days=_DAYS_TO_PAY)}", _money(bill.due)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f} {CURRENCY}"


def _parts(
    contracts: Iterable[ServiceContractVersion],
    month: date,
    used: Mapping[tuple[int, date], Decimal],
    series: Sequence[UsageSeries],
) -> Iterator[Part]:
    after = month + relativedelta(months=1)
    for contract in contracts:
        start = max(month, contract.start)
        end = min(after, contract.end or after)
        amount = used.get((contract.contract_id, month))
        if start < end and amount is not None:
            commodity = "electric" if "electric" in contract.service_types else "natural_gas"
            is_business = "commercial" in contract.service_types
            lines = tuple(_lines(commodity, is_business, amount))
            measured = tuple(s for s in series if s.contract_id == contract.contract_id)
            yield Part(contract, commodity, start, end - timedelta(days=1), amount, lines, measured)


def _lines(commodity: str, is_business: bool, used: Decimal) -> Iterator[Line]:
    fixed, delivery, supply = _RATES[commodity, is_business]
    unit = _UNITS[commodity][0]
    lines = [
        Line("base", "Base charge", ("fixed_charge", "distribution"), fixed),
        Line(
            "delivery",
            f"Delivery per {unit}",
            ("usage_charge", "distribution"),
            _cents(used * delivery),
            used,
            delivery,
        ),
        Line(
            "supply",
            f"Supply per {unit}",
            ("usage_charge", "supply"),
            _cents(used * supply),
            used,
            supply,
        ),
    ]
    yield from lines
    taxed = max(sum((line.cost for line in lines), Decimal()), Decimal())
    yield Line("tax", "City utility tax", ("tax",), _cents(taxed * _TAX))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _issued(month: date) -> date:
    return month + relativedelta(months=1, day=3)


def _whole_months(first: date, calendar: Calendar) -> Iterator[date]:
    for month in months(first, calendar.today):
        if _issued(month) <= calendar.today:
            yield month


def _stored_amounts(customer: Customer) -> dict[str, Decimal]:
    rows = BillStatementVersion.objects.current().filter(customer=customer)
    return dict(rows.values_list("statement__source_key", "amount_due"))


def _used_by_month(customer: Customer, calendar: Calendar) -> dict[tuple[int, date], Decimal]:
    """Return the usage of each contract in each local month that has readings from its first day.

    Only the first column of a series is billed: net usage for a home with solar panels.
    """
    used: dict[tuple[int, date], Decimal] = {}
    packs = UsagePack.objects.current().filter(customer=customer, contract__isnull=False)
    first: date | None = None
    for pack in packs.order_by("segment_start"):
        day = pack.segment_start.astimezone(calendar.zone).date()
        first = first or day
        key = (pack.contract_id or 0, day.replace(day=1))
        column = pack.unpacked().columns[0]
        mantissa = int(column.data[column.present].sum())
        used[key] = used.get(key, Decimal()) + Decimal(mantissa).scaleb(-column.scale)
    if first is not None and first.day > 1:
        used = {key: value for key, value in used.items() if key[1] > first}
    return used
