"""When the last new data of a Grant comes, and what becomes of it then (CDS-WG1-02 8.2, ADR 8)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from consent.models import Grant
from consent.services.authorization.fill_grant import authorize_grant
from consent.services.grants import change_by_utility as staff
from consent.services.grants.change_by_client import patch_grant
from consent.services.grants.lifecycle import GrantTerms, SelectionInput
from consent.tasks import sweep_grants
from customerdata.access.compute import compute_grant
from customerdata.models import AccountHolder, GrantedObject, ServiceContract
from customerdata.services.links.unlink import end_link
from registration.models import Message
from tests.customerdata.api.listing import ask, ids
from tests.factories.customerdata import (
    AccountFactory,
    AccountHolderFactory,
    Household,
    Service,
    chosen,
    contract_entry,
    make_grant,
    usage_entry,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("offers")]
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    """A whole second, as entries have them."""
    return timezone.now().replace(microsecond=0)


def text(moment: datetime) -> str:
    """Return a datetime as entries have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def grant_of(home: Household, *entries: dict[str, Any]) -> Grant:
    """Give the first service in these entries."""
    choice = chosen(*home.contract_ids(0))
    grant = make_grant(home.user, *((entry, choice) for entry in entries))
    compute_grant(grant)
    return grant


def stored(grant: Grant) -> Grant:
    """Return the row as it is stored."""
    return Grant.objects.get(pk=grant.pk)


def end_of(grant: Grant) -> datetime | None:
    """Return when the last new data comes, as it is stored and in the row at hand."""
    assert stored(grant).new_data_until == grant.new_data_until
    return grant.new_data_until


def test_the_latest_end_of_all_entries_counts(home, now):
    """One that goes on keeps the Grant going."""
    short = contract_entry(sync_until=text(now + DAY))
    long = usage_entry(segment_end=text(now + 3 * DAY), sync_until=text(now + 2 * DAY))
    assert end_of(grant_of(home, short)) == now + DAY
    assert end_of(grant_of(home, short, long)) == now + 2 * DAY
    assert end_of(grant_of(home, short, long, contract_entry())) is None


def test_the_sweep_stops_it_and_what_is_there_stays(home, now):
    """Open-ended Grants never stop by themselves."""
    grant, endless = (
        grant_of(home, contract_entry(sync_until=text(now + DAY))),
        grant_of(home, contract_entry()),
    )
    sweep_grants()
    assert stored(grant).status == "active"
    with time_machine.travel(now + DAY):
        sweep_grants()
        assert stored(grant).status == "stopped"
        assert stored(endless).status == "active"
        contract = home.services[0].contract.cds_servicecontract_id
        assert ids(ask(stored(grant), "service-contracts")) == [contract]


def test_a_window_that_opens_again_leads_back(home, now):
    """The client asks for more (CDS-WG1-02 8.6) and the customer approves (8.3)."""
    grant = grant_of(home, contract_entry(sync_until=text(now + DAY)))
    with time_machine.travel(now + 2 * DAY):
        sweep_grants()
        assert stored(grant).status == "stopped"
        (entry,) = grant.authorization_details
        wider = [{**entry, "sync_until": text(now + 9 * DAY)}]
        patch_grant(grant=grant, changes={"authorization_details": wider}, by="client:test")
        assert stored(grant).status == "needs_authorization"
        sweep_grants()
        assert stored(grant).status == "needs_authorization"
        authorize_grant(
            grant=stored(grant),
            user=home.user,
            by=home.user,
            terms=GrantTerms(
                authorization_details=wider,
                scope=grant.scope,
                selections=[
                    SelectionInput(
                        entry=0,
                        scope_id="cds_service_contracts",
                        selection_type="service_contract_selection",
                        object_ids=tuple(home.contract_ids(0)),
                    )
                ],
            ),
        )
        sweep_grants()
        row = stored(grant)
        assert (row.status, row.new_data_until) == ("active", now + 9 * DAY)


def test_what_a_client_gives_up_stops_it_earlier(home, now):
    """It counts at once (8.6)."""
    grant = grant_of(home, contract_entry(), contract_entry(sync_until=text(now + DAY)))
    assert end_of(grant) is None
    left = grant.authorization_details[1:]
    patch_grant(grant=grant, changes={"authorization_details": left}, by="client:test")
    row = stored(grant)
    assert (row.status, row.new_data_until) == ("active", now + DAY)


def hold_another(home: Household) -> AccountHolder:
    """Let the person hold a second account, with one service: the last one."""
    second = AccountFactory.create(customer=home.customer)
    home.services.append(Service(home.customer, second))
    return AccountHolderFactory.create(account=second, user=home.user, created=timezone.now())


def authorize_usage(home: Household, grant: Grant, contract_id: str) -> None:
    """Let the customer decide about the usage that the Grant waits for, and nothing else."""
    authorize_grant(
        grant=stored(grant),
        user=home.user,
        asked=["cds_usage"],
        by=home.user,
        terms=GrantTerms(
            authorization_details=[usage_entry()],
            scope="cds_usage",
            selections=[
                SelectionInput(0, "cds_usage", "service_contract_selection", (contract_id,)),
            ],
        ),
    )


def wanting_usage(home: Household, *, include_future: bool = False) -> Grant:
    """Give the first service; the company asks for usage as well."""
    choice = chosen(*home.contract_ids(0), include_future=include_future)
    grant = make_grant(home.user, (contract_entry(), choice))
    compute_grant(grant)
    wanted = {"scope": "cds_service_contracts cds_usage"}
    patch_grant(grant=grant, changes=wanted, by="client:test")
    return grant


def opened(grant: Grant) -> dict[int, set[str]]:
    """Return the ids of the contracts that each entry opens."""
    rows = GrantedObject.objects.filter(grant=grant, kind="contract")
    names = dict(ServiceContract.objects.values_list("pk", "cds_servicecontract_id"))
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(row.entry, set()).add(names[row.object_id])
    return found


def test_a_part_authorized_later_takes_nothing_from_what_was_chosen_before(home, now):
    """Services added since belong to the first choice; the second one names its own (8.3)."""
    grant = wanting_usage(home, include_future=True)
    with time_machine.travel(now + DAY):
        hold_another(home)
    with time_machine.travel(now + 2 * DAY):
        authorize_usage(home, grant, *home.contract_ids(-1))
        first, second = home.contract_ids(0)[0], home.contract_ids(-1)[0]
        assert opened(grant) == {0: {first, second}, 1: {second}}


def test_what_ended_between_two_choices_stays_with_the_first(home, now):
    """The customer moved out: what could be read up to then stays, and more was never chosen."""
    grant = wanting_usage(home)
    with time_machine.travel(now + DAY):
        hold_another(home)
        link = AccountHolder.objects.get(account=home.account)
        end_link(holder=link, reason="You moved out.", by="system")
    with time_machine.travel(now + 2 * DAY):
        authorize_usage(home, grant, *home.contract_ids(-1))
        assert opened(grant) == {0: {home.contract_ids(0)[0]}, 1: {home.contract_ids(-1)[0]}}


def test_links_that_ended_count(home, now):
    """An entry over accounts that are gone ended with them, however long its own spans (ADR 5)."""
    hold_another(home)
    grant = make_grant(
        home.user,
        (contract_entry(), chosen(*home.contract_ids(0))),
        (contract_entry(sync_until=text(now + DAY)), chosen(*home.contract_ids(-1))),
    )
    future = chosen(*home.contract_ids(0), include_future=True)
    growing = make_grant(home.user, (contract_entry(), future))
    for each in (grant, growing):
        compute_grant(each)
    assert (end_of(grant), end_of(growing)) == (None, None)
    link = AccountHolder.objects.get(account=home.account)
    end_link(holder=link, reason="You moved out.", by="system")
    assert stored(grant).new_data_until == now + DAY
    # Services may still be added on the other account.
    assert stored(growing).new_data_until is None
    with time_machine.travel(now + DAY):
        sweep_grants()
        assert (stored(grant).status, stored(growing).status) == ("stopped", "active")


def test_an_entry_that_a_mistake_left_empty_has_no_say(home):
    """It shows nothing and never will: what is left decides, and the page can name a day."""
    second = hold_another(home)
    first = AccountHolder.objects.get(account=home.account)
    grant = make_grant(
        home.user,
        (contract_entry(), chosen(*home.contract_ids(0))),
        (contract_entry(), chosen(*home.contract_ids(-1))),
    )
    compute_grant(grant)
    end_link(holder=first, reason="A mistake.", mistaken=True, by="system")
    assert (stored(grant).status, stored(grant).new_data_until) == ("active", None)
    end = end_link(holder=second, reason="You moved out.", by="system").ended
    assert (stored(grant).status, stored(grant).new_data_until) == ("stopped", end)


def test_where_nothing_is_left_the_links_say_when(home):
    """A Grant that opens nothing any more has an end as well."""
    grant = grant_of(home, contract_entry())
    end = timezone.now()
    AccountHolder.objects.filter(user=home.user).update(ended=end, mistaken=True)
    assert compute_grant(grant) == 0
    assert end_of(grant) == end


def test_an_entry_without_objects_waits_where_no_link_has_ended(home, now):
    """What was chosen may still come to the account."""
    grant = make_grant(
        home.user,
        (contract_entry(), chosen("nothing yet")),
        (contract_entry(sync_until=text(now + DAY)), chosen(*home.contract_ids(0))),
    )
    compute_grant(grant)
    assert end_of(grant) is None


def test_spans_that_end_while_another_status_matters_are_left_to_the_sweep(home, now):
    """The Client knows them and gets no Message, other than for links that ended."""
    grant = grant_of(home, contract_entry(sync_until=text(now + DAY)))
    staff.suspend_grant(grant=grant, reason="x", by="system")
    with time_machine.travel(now + DAY):
        assert staff.resume_grant(grant=grant, by="system").status == "active"
        sweep_grants()
        assert stored(grant).status == "stopped"
    assert not Message.objects.filter(name="Grant stopped").exists()
