"""Versions of structure: idempotent, never overwritten, on the source's time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from customerdata.kinds.account import AccountState
from customerdata.kinds.service_contract import ContractState
from customerdata.kinds.state import InvalidStructure
from customerdata.models import Account, AccountVersion
from customerdata.services.structure import upsert_customer, upsert_object, upsert_objects
from portal.models import OutboxEntry
from tests.factories.customerdata import AccountFactory, CustomerFactory

pytestmark = pytest.mark.django_db

JAN, FEB, MAR = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))


def tell(customer, name, as_of, synced=None):
    """Store a statement about the customer's only account."""
    state = AccountState(
        account_number="1", name=name, types=["customer"], programs=[{"id": "1", "types": ("x",)}]
    )
    return upsert_object(
        customer=customer, source_key="a", state=state, as_of=as_of, synced=synced or as_of
    )


def name_at(instant):
    """The name that was true as of an instant."""
    return AccountVersion.objects.as_of(instant).values_list("name", flat=True).first()


@pytest.mark.spec("WG3-01 7.3.1 f")
def test_the_same_statement_again_only_moves_synced():
    """Idempotent: no version, no recomputation, but the check itself is recorded."""
    customer = CustomerFactory.create()
    assert tell(customer, "A", JAN).created
    OutboxEntry.objects.all().delete()
    again = tell(customer, "A", FEB, synced=MAR)
    assert (again.created, again.changed) == (False, False)
    assert AccountVersion.objects.count() == 1
    assert Account.objects.get().cds_synced == MAR
    assert not OutboxEntry.objects.exists()


def test_a_late_statement_takes_its_place_in_history():
    """True in February, told after March's: the present stays, February changes."""
    customer = CustomerFactory.create()
    tell(customer, "A", JAN)
    tell(customer, "C", MAR)
    tell(customer, "B", FEB)
    at = [name_at(t + timedelta(days=1)) for t in (JAN, FEB, MAR)]
    assert at == ["A", "B", "C"]
    assert name_at(JAN - timedelta(days=1)) is None
    assert AccountVersion.objects.current().get().name == "C"


def test_a_correction_for_the_same_instant_keeps_what_was_said_before():
    """The wrong version stays as an empty span."""
    customer = CustomerFactory.create()
    tell(customer, "wrong", JAN)
    tell(customer, "right", JAN)
    assert name_at(JAN) == "right"
    wrong = AccountVersion.objects.get(name="wrong")
    assert wrong.superseded_as_of == wrong.as_of


def test_a_change_asks_for_one_recomputation():
    """Many statements in a row leave one waiting task for the customer."""
    customer = CustomerFactory.create()
    for name, as_of in (("A", JAN), ("B", FEB), ("C", MAR)):
        tell(customer, name, as_of)
    assert OutboxEntry.objects.filter(args=[customer.customer_id]).count() == 1


def test_many_objects_cost_as_many_queries_as_one(django_assert_max_num_queries):
    """Imports of a thousand contracts are one statement."""
    customer = CustomerFactory.create()
    states = {
        str(i): AccountState(account_number=str(i), name="x", types=["customer"]) for i in range(50)
    }
    with django_assert_max_num_queries(16):
        written = upsert_objects(customer=customer, states=states, as_of=JAN, synced=JAN)
    assert sum(one.changed for one in written.values()) == 50


def test_other_customers_objects_cannot_be_referred_to():
    """A wrong reference would leak one customer's ids to another."""
    customer, stranger = CustomerFactory.create(), AccountFactory.create()
    state = ContractState(
        account=stranger, contract_number="1", service_types=["electric"], start=JAN.date()
    )
    with pytest.raises(InvalidStructure):
        upsert_object(customer=customer, source_key="c", state=state, as_of=JAN, synced=JAN)


@pytest.mark.spec("WG3-01 10.1.1 b", "WG3-01 10.1.3 a")
@pytest.mark.parametrize("wrong", [{"status": "single_meter"}, {"types": []}])
def test_impossible_states_are_refused(wrong):
    """Values that the standard does not have never get in (decision 36)."""
    values = {"account_number": "1", "name": "x", "types": ["customer"], **wrong}
    with pytest.raises(InvalidStructure):
        upsert_object(
            customer=CustomerFactory.create(),
            source_key="a",
            state=AccountState(**values),
            as_of=JAN,
            synced=timezone.now(),
        )


@pytest.mark.spec("WG3-01 10.2.3 a")
def test_a_contract_has_a_status_of_the_standard():
    """As an account has."""
    account = AccountFactory.create()
    state = ContractState(
        account=account,
        contract_number="1",
        service_types=["electric"],
        start=JAN.date(),
        status="open",
    )
    with pytest.raises(InvalidStructure):
        upsert_object(customer=account.customer, source_key="c", state=state, as_of=JAN, synced=JAN)


def test_a_customer_never_changes_its_environment():
    """Sandbox and production stay apart."""
    upsert_customer(source_key="c", name="A", is_test=True)
    assert upsert_customer(source_key="c", name="B", is_test=True).name == "B"
    with pytest.raises(InvalidStructure):
        upsert_customer(source_key="c", name="B", is_test=False)
