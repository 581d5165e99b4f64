"""The structural listings in time: what a Grant shows that no longer syncs."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from customerdata.access.compute import compute_grant
from customerdata.kinds.account import AccountState
from customerdata.kinds.service_contract import ContractState
from customerdata.services.structure import upsert_object
from tests.customerdata.api.listing import EVERYTHING, ask, ids
from tests.factories.customerdata import (
    Household,
    chosen,
    contract_entry,
    make_grant,
    usage_entry,
)

pytestmark = pytest.mark.django_db


@pytest.mark.spec("WG3-01 7.3.1 c", "WG3-01 7.3.1 d", "WG3-01 7.3.1 e")
def test_changes_after_sync_until_stay_hidden_and_late_truths_show():
    """CDS-WG3-01 7.3.1: what was valid before the end shows, however late it arrives."""
    home = Household()
    cutoff = timezone.now() - timedelta(days=10)
    grant = make_grant(
        home.user,
        (
            contract_entry(*EVERYTHING, sync_until=cutoff.strftime("%Y-%m-%dT%H:%M:%SZ")),
            chosen(*home.contract_ids(0)),
        ),
        created=cutoff - timedelta(days=10),
    )
    compute_grant(grant)
    contract = home.services[0].contract

    def tell(plan, as_of):
        upsert_object(
            customer=home.customer,
            source_key=contract.source_key,
            state=ContractState(
                account=home.account,
                contract_number="SA-1",
                service_types=["electric"],
                start=date(2021, 5, 1),
                rateplan_code=plan,
            ),
            as_of=as_of,
            synced=timezone.now(),
        )
        compute_grant(grant)
        return ask(grant, "service-contracts")["service_contracts"][0]["rateplan_code"]

    assert tell("AFTER", cutoff + timedelta(days=1)) == "E-1"
    assert tell("LATE", cutoff - timedelta(days=1)) == "LATE"
    assert ids(ask(grant, "service-contracts", q="AFTER")) == []
    assert len(ids(ask(grant, "service-contracts", q="late"))) == 1


def test_frozen_objects_were_confirmed_for_no_later_time():
    """CDS-WG3-01 7.3.1, 10.1.1: `cds_synced` stands still with the data it speaks of."""
    home, now = Household(), timezone.now()
    cutoff = (now - timedelta(days=10)).replace(microsecond=0)
    frozen = {"sync_until": cutoff.strftime("%Y-%m-%dT%H:%M:%SZ")}
    chose = chosen(*home.contract_ids(0))
    old = make_grant(home.user, (contract_entry(**frozen), chose), created=cutoff)
    # Another entry of the same Grant goes on: what it shows is read as of now.
    both = make_grant(
        home.user, (contract_entry(**frozen), chose), (contract_entry(), chose), created=cutoff
    )
    for grant in (old, both):
        compute_grant(grant)

    def synced(grant):
        (contract,) = ask(grant, "service-contracts")["service_contracts"]
        (account,) = ask(grant, "accounts")["accounts"]
        assert contract["cds_synced"] == account["cds_synced"]
        return contract["cds_synced"]

    def check(at):
        type(home.account).objects.update(cds_synced=at)
        type(home.services[0].contract).objects.update(cds_synced=at)

    before, after = cutoff - timedelta(days=1), cutoff + timedelta(days=9)
    check(before)
    assert synced(old) == synced(both) == before.strftime("%Y-%m-%dT%H:%M:%SZ")
    check(after)
    assert synced(old) == frozen["sync_until"]
    assert synced(both) == after.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_each_field_is_read_as_of_the_latest_entry_that_enables_it():
    """Base fields at the latest end of all entries, optional ones at their own (decision 53)."""
    home = Household()
    early, late = timezone.now() - timedelta(days=20), timezone.now() - timedelta(days=5)
    grant = make_grant(
        home.user,
        (
            contract_entry(
                "include_account_numbers", sync_until=early.strftime("%Y-%m-%dT%H:%M:%SZ")
            ),
            chosen(*home.contract_ids(0)),
        ),
        (
            usage_entry(
                "include_accounts",
                "include_service_contracts",
                sync_until=late.strftime("%Y-%m-%dT%H:%M:%SZ"),
            ),
            chosen(*home.contract_ids(0)),
        ),
        created=early - timedelta(days=1),
    )
    old = home.account.versions.get()
    contract = home.services[0].contract
    before = contract.versions.get()
    upsert_object(
        customer=home.customer,
        source_key=home.account.source_key,
        state=AccountState(account_number="NEW", name=old.name, types=old.types),
        as_of=early + timedelta(days=1),
        synced=timezone.now(),
    )
    upsert_object(
        customer=home.customer,
        source_key=contract.source_key,
        state=ContractState(
            account=home.account,
            contract_number=before.contract_number,
            service_types=["electric"],
            start=before.start,
            status="closed",
        ),
        as_of=early + timedelta(days=2),
        synced=timezone.now(),
    )
    compute_grant(grant)
    (shown,) = ask(grant, "service-contracts")["service_contracts"]
    assert shown["contract_status"] == "closed"
    assert shown["account_number"] == old.account_number
    (account,) = ask(grant, "accounts")["accounts"]
    assert account["account_number"] == old.account_number
    assert ids(ask(grant, "accounts", account_numbers="NEW")) == []
    assert ids(ask(grant, "service-contracts", account_numbers="NEW")) == []
    assert len(ids(ask(grant, "service-contracts", account_numbers=old.account_number))) == 1
