"""Bill statements: access, windows, listing, files (CDS-WG3-01 7.2.5, 7.3.2, 7.3.3, 10.5)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from joserfc import jwe
from joserfc.jwk import ECKey
from rest_framework.test import APIClient

from customerdata.access.compute import compute_grant
from customerdata.kinds.bill_statement import BillStatementState
from customerdata.kinds.state import InvalidStructure
from customerdata.models import BillFile, BillStatement, BillStatementVersion, GrantedObject
from customerdata.services.bill_files import store_bill_file
from customerdata.services.structure import upsert_object
from tests.customerdata.api.listing import BASE, Bearer, ask, ids
from tests.factories.customerdata import (
    LONG_AGO,
    AccountFactory,
    AccountHolderFactory,
    BillStatementFactory,
    Household,
    bill_entry,
    chosen,
    contract_entry,
    make_grant,
)

pytestmark = pytest.mark.django_db
spec = pytest.mark.spec

ALL = (
    "include_bill_statements",
    "include_bill_statement_files",
    "include_bill_statement_charges",
    "include_bill_statement_programs",
)


def bill(home: Household, day: date = date(2025, 3, 3), **state: Any) -> BillStatement:
    """Make a bill of the household's account."""
    made: BillStatement = BillStatementFactory.create(
        customer=home.customer,
        **{"state__account": home.account, "state__statement_date": day},
        **{f"state__{name}": value for name, value in state.items()},
    )
    return made


def granted(home: Household, *includes: str, **values: Any) -> Any:
    """A computed grant over the household's service."""
    entry = bill_entry(*includes, **values)
    grant = make_grant(home.user, (entry, chosen(*home.contract_ids(0))))
    compute_grant(grant)
    return grant


def with_file(home: Household, content: bytes = b"%PDF-1.7 a bill") -> tuple[BillStatement, Any]:
    """A bill with a file, and a grant that opens it."""
    file = store_bill_file(customer=home.customer, name="bill.pdf", content=content)
    return bill(home, file=file), granted(home, *ALL)


def fetch(grant: Any, url: str, method: str = "get", **headers: Any) -> Any:
    """Ask for a file as a token of the grant would."""
    http = APIClient()
    http.force_authenticate(user=Bearer(grant, frozenset(grant.scope.split())))  # type: ignore[arg-type]
    return getattr(http, method)(url, headers=headers)


@spec("WG3-01 7.2.5 c")
def test_statements_of_the_granted_accounts_alone():
    """Those of the chosen service's account; neither of another account nor without the field."""
    home = Household()
    mine = bill(home)
    other = AccountFactory.create(customer=home.customer)
    BillStatementFactory.create(customer=home.customer, state__account=other)
    bill(Household())
    assert ids(ask(granted(home, *ALL), "bill-statements")) == [mine.cds_billstatement_id]
    assert ids(ask(granted(home), "bill-statements")) == []
    plain = make_grant(home.user, (contract_entry(), chosen(*home.contract_ids(0))))
    compute_grant(plain)
    assert not GrantedObject.objects.filter(grant=plain, kind="bill_statement").exists()


def test_a_contract_that_moved_to_a_foreign_account_brings_no_bills():
    """A bill tells of all services of its account."""
    home = Household()
    other = AccountFactory.create(customer=home.customer)
    BillStatementFactory.create(customer=home.customer, state__account=other)
    home.services[0].contract.versions.update(account=other)
    assert ids(ask(granted(home, *ALL), "bill-statements")) == []


@spec("WG3-01 7.3.2 c", "WG3-01 7.3.3 c")
def test_the_window_of_an_entry_bounds_the_statement_dates():
    """Both days count; infinite is no bound; of two entries the wider one shows."""
    home = Household()
    days = [date(2025, month, 3) for month in (1, 2, 3, 4)]
    bills = [bill(home, day).cds_billstatement_id for day in days]
    window = {"statement_date_start": "2025-02-03", "statement_date_end": "2025-03-03"}
    assert ids(ask(granted(home, *ALL, **window), "bill-statements")) == [bills[2], bills[1]]
    open_end = {**window, "statement_date_end": "infinite"}
    assert ids(ask(granted(home, *ALL, **open_end), "bill-statements")) == bills[:0:-1]
    both = make_grant(
        home.user,
        (bill_entry(*ALL, **window), chosen(*home.contract_ids(0))),
        (bill_entry(ALL[0]), chosen(*home.contract_ids(0))),
    )
    compute_grant(both)
    found = ask(both, "bill-statements")["bill_statements"]
    assert [item["cds_billstatement_id"] for item in found] == bills[::-1]
    assert ["new_charges" in item for item in found] == [False, True, True, False]


@spec("WG3-01 6.1.7 h", "WG3-01 6.1.7 i")
def test_chosen_accounts_show_their_statements():
    """Of the accounts that were ticked, not of the others that the person holds."""
    home = Household()
    other = AccountFactory.create(customer=home.customer)
    AccountHolderFactory.create(account=other, user=home.user)
    mine = bill(home)
    BillStatementFactory.create(customer=home.customer, state__account=other)
    entry = {"type": "cds_bill_statements", "include_bill_statement_files": True}
    grant = make_grant(
        home.user,
        (entry, chosen(home.account.cds_account_id, selection_type="account_selection")),
    )
    compute_grant(grant)
    body = ask(grant, "bill-statements")
    assert ids(body) == [mine.cds_billstatement_id]
    assert "file_uri" in body["bill_statements"][0]
    assert "new_charges" not in body["bill_statements"][0]
    assert ids(ask(grant, "accounts")) == [home.account.cds_account_id]


def test_what_came_after_sync_until_is_not_there():
    """A bill that is corrected later is shown as it was known (7.3.1)."""
    home = Household()
    was = bill(home, amount_due=Decimal("84.20"))
    until = datetime(2025, 6, 1, tzinfo=UTC)
    upsert_object(
        customer=home.customer,
        source_key=was.source_key,
        state=state_of(home, amount_due=Decimal("99.99")),
        as_of=until + timedelta(days=1),
        synced=timezone.now(),
    )
    frozen = granted(home, *ALL, sync_until="2025-06-01T00:00:00Z")
    assert ask(frozen, "bill-statements")["bill_statements"][0]["amount_due"] == 84.2
    assert ask(granted(home, *ALL), "bill-statements")["bill_statements"][0]["amount_due"] == 99.99


def state_of(home: Household, **values: Any) -> BillStatementState:
    """What a source says of a bill."""
    return BillStatementState(
        **{
            "account": home.account,
            "account_number": "100-AT-ISSUE",
            "statement_date": date(2025, 3, 3),
            "currency": "USD",
            "amount_due": Decimal(10),
            "amount_due_date": date(2025, 3, 24),
            **values,
        }
    )


@spec("WG3-01 7.2.5 e", "WG3-01 10.5.1 a")
def test_the_wire_form():
    """account_number as at issue, with cents as the bill has them."""
    home = Household()
    bill(home, new_charges_amount=None, account_number="OLD-1")
    (item,) = ask(granted(home, *ALL), "bill-statements")["bill_statements"]
    assert item["cds_account_id"] == home.account.cds_account_id
    assert item["account_number"] == "OLD-1"
    assert (item["amount_due"], item["currency"]) == (84.2, "USD")
    assert "new_charges_amount" not in item
    assert item["new_charges"][0]["amount"] == 84.2
    assert item["file_uri"] is None
    assert "file_mimetype" not in item
    assert item["shutoff_prevention_minimum_due"] is None
    assert item["shutoff_prevention_date"] is None
    assert item["account_programs"] == []
    (bare,) = ask(granted(home, "include_bill_statements"), "bill-statements")["bill_statements"]
    assert set(item) - set(bare) == {
        "file_uri",
        "previous_balance_amount",
        "previous_balance_paid",
        "previous_balance_unpaid",
        "new_charges",
        "new_balance_amount",
        "account_programs",
    }


@spec("WG3-01 10.5.4 c", "WG3-01 10.5.4 d", "WG3-01 10.5.4 e", "WG3-01 10.5.4 g")
def test_filters_and_order():
    """The newest statement first, then the latest change; days are inclusive."""
    home = Household()
    first, second, third = (bill(home, date(2025, 3, day)) for day in (3, 4, 4))
    BillStatementVersion.objects.filter(statement=second).update(arrived=LONG_AGO)
    grant = granted(home, *ALL)
    assert ids(ask(grant, "bill-statements")) == [
        each.cds_billstatement_id for each in (third, second, first)
    ]

    def found(**params: str) -> list[str]:
        return ids(ask(grant, "bill-statements", **params))

    assert found(before="2025-03-03") == [first.cds_billstatement_id]
    assert len(found(after="2025-03-04")) == 2
    assert found(after="2025-03-04", before="2025-03-03") == []
    assert found(cds_billstatement_ids=f"{first.cds_billstatement_id} x") == [
        first.cds_billstatement_id
    ]
    assert len(found(cds_account_ids=home.account.cds_account_id)) == 3
    assert found(cds_account_ids="x") == []
    assert len(found(account_numbers="100-AT-ISSUE")) == 3
    assert found(account_numbers="100-OTHER") == []
    wrong = fetch(grant, f"{BASE}/bill-statements?before=2025-02-30")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_request")


def test_cost_does_not_depend_on_the_number_of_rows():
    """The same queries for 1 bill and for 20."""
    small, large = Household(), Household()
    for home, count in ((small, 1), (large, 20)):
        file = store_bill_file(customer=home.customer, name="bill.pdf", content=b"%PDF-1.7")
        for month in range(count):
            bill(home, date(2024, 1, 3) + timedelta(days=30 * month), file=file)
    counts = []
    for home in (small, large):
        grant = granted(home, *ALL)
        with CaptureQueriesContext(connection) as queries:
            ask(grant, "bill-statements")
        counts.append(len(queries))
    assert counts == [5, 5]


@spec("WG3-01 10.5.1 b", "WG3-01 10.5.1 c")
def test_a_file_is_behind_the_same_token():
    """The bytes as stored, by ranges too; nothing for another token or without the field."""
    home = Household()
    _, grant = with_file(home)
    (item,) = ask(grant, "bill-statements")["bill_statements"]
    assert item["file_mimetype"] == "application/pdf"
    url = item["file_uri"].removeprefix("http://testserver")
    answer = fetch(grant, url, **{"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 a bill"
    assert answer["Content-Length"] == "15"
    assert not answer.has_header("Content-Encoding")
    part = fetch(grant, url, Range="bytes=9-")
    assert (part.status_code, part["Content-Range"]) == (206, "bytes 9-14/15")
    assert b"".join(part.streaming_content) == b"a bill"
    assert fetch(grant, url, Range="bytes=99-").status_code == 416
    assert fetch(grant, url, "head")["Content-Length"] == "15"
    other = Household()
    bill(other)
    for stranger in (granted(other, *ALL), granted(home, "include_bill_statements")):
        assert fetch(stranger, url).status_code == 404
    assert APIClient().get(url).status_code == 401
    assert fetch(grant, f"{BASE}/bill-statements/x%00/file").status_code == 404


def test_a_file_of_a_grant_with_a_key_is_encrypted():
    """Whole, with the type of the file inside."""
    key = ECKey.generate_key("P-256")
    home = Household()
    file = store_bill_file(customer=home.customer, name="bill.pdf", content=b"%PDF-1.7 a bill")
    made = bill(home, file=file)
    grant = granted(home, *ALL, jwk=key.as_dict(private=False))
    url = f"{BASE}/bill-statements/{made.cds_billstatement_id}/file"
    answer = fetch(grant, url, Range="bytes=0-3")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/jose")
    opened = jwe.decrypt_compact(answer.content, key)
    assert (opened.plaintext, opened.headers()["cty"]) == (b"%PDF-1.7 a bill", "application/pdf")


def test_a_file_is_stored_once():
    """The same bill again is the same row; other bytes are another."""
    home = Household()
    first = store_bill_file(customer=home.customer, name="bill.pdf", content=b"1")
    assert store_bill_file(customer=home.customer, name="bill.pdf", content=b"1") == first
    assert store_bill_file(customer=home.customer, name="bill.pdf", content=b"2") != first
    assert BillFile.objects.count() == 2
    wrongs: Any = ({"name": "../x"}, {"mime_type": "pdf"}, {"content": b""})
    for wrong in wrongs:
        with pytest.raises(InvalidStructure):
            store_bill_file(
                **{"customer": home.customer, "name": "a.pdf", "content": b"1", **wrong}
            )


@spec("WG3-01 10.5.2 a")
@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "usd"},
        {"new_charges": ({"id": "1", "name": "x"},)},
        {"shutoff_prevention_date": date(2025, 4, 1)},
        {"file": "of another customer"},
        {"account": "of another customer"},
    ],
)
def test_impossible_statements_are_refused(wrong):
    """Nothing is stored."""
    home, other = Household(), Household()
    if "file" in wrong:
        wrong = {"file": store_bill_file(customer=other.customer, name="b.pdf", content=b"1")}
    if "account" in wrong:
        wrong = {"account": other.account}
    with pytest.raises(InvalidStructure):
        upsert_object(
            customer=home.customer,
            source_key="b",
            state=state_of(home, **wrong),
            as_of=LONG_AGO,
            synced=LONG_AGO,
        )
    assert not BillStatement.objects.exists()


def test_the_same_statement_again_is_no_version():
    """Amounts are equal as numbers, charges as the texts that are stored."""
    home = Household()
    charges = (
        {
            "id": "1",
            "name": "Electric",
            "types": ("electric_total",),
            "amount": Decimal("10.50"),
            "included_in_amount_due": True,
        },
    )
    said: Any = {
        "customer": home.customer,
        "source_key": "b",
        "state": state_of(home, new_charges=charges, amount_due=Decimal("10.5")),
        "as_of": LONG_AGO,
        "synced": LONG_AGO,
    }
    assert upsert_object(**said).created
    assert not upsert_object(**said).changed
    stored: Any = BillStatementVersion.objects.get()
    assert stored.new_charges[0]["amount"] == "10.5"
