"""Services of the future on accounts that are linked after the Grant (CDS-WG3-01 9.2.3, ADR 7)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from consent.models import Grant
from consent.services.grants import change_by_utility as staff
from consent.tasks import sweep_grants
from customerdata.access.compute import compute_grant
from customerdata.models import (
    Account,
    AccountHolder,
    Customer,
    GrantedObject,
    ServiceContractVersion,
)
from customerdata.services.links.link import link_account
from customerdata.services.links.unlink import end_link
from customerdata.tasks import recompute_customer
from portal.models import OutboxEntry
from registration.models import Message
from tests.factories.customerdata import (
    AccountFactory,
    CustomerFactory,
    Household,
    PersonFactory,
    Service,
    chosen,
    contract_entry,
    make_grant,
    usage_entry,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("offers")]
DAY = timedelta(days=1)


def another(home: Household, customer: Customer | None = None) -> Service:
    """An account of old with a service, which nobody has linked; by default the same customer's."""
    owner = customer or home.customer
    return Service(owner, AccountFactory.create(customer=owner))


def grant_of(home: Household, *entries: dict[str, Any], **selection: Any) -> Grant:
    """Give the first service, and by default those that are added later, ten days ago."""
    choice = {"object_ids": home.contract_ids(0), "include_future": True, **selection}
    wanted = entries or (contract_entry(),)
    made = make_grant(
        home.user, *((entry, choice) for entry in wanted), created=timezone.now() - 10 * DAY
    )
    compute_grant(made)
    return made


def link(home: Household, account: Account) -> AccountHolder:
    """Link an account and let the worker do what is waiting."""
    holder = link_account(user=home.user, account=account, by=home.user)
    work()
    return holder


def work() -> None:
    """Do what linking and its end have put off."""
    waiting = OutboxEntry.objects.filter(task="customerdata.tasks.recompute_customer")
    for entry in waiting.order_by("pk"):
        recompute_customer(*entry.args)
    waiting.delete()


def leave(home: Household, account: Account, **values: Any) -> None:
    """End a link."""
    holder = AccountHolder.objects.current().get(user=home.user, account=account)
    end_link(holder=holder, reason="You moved out.", by="system", **values)
    work()


def contracts(grant: Grant) -> set[int]:
    """Return the contracts that the Grant shows."""
    rows = GrantedObject.objects.filter(grant=grant, kind="contract")
    return set(rows.values_list("object_id", flat=True))


def of(*services: Service) -> set[int]:
    """Return the contracts of services."""
    return {service.contract.pk for service in services}


def move(service: Service, account: Account, at: datetime) -> None:
    """Let the utility hang a contract on another account."""
    version = ServiceContractVersion.objects.current().get(contract=service.contract)
    ServiceContractVersion.objects.filter(pk=version.pk).update(superseded_as_of=at)
    version.number += 1
    version.as_of, version.superseded_as_of, version.account = at, None, account
    version.save(force_insert=True)


def test_services_on_an_account_linked_later_come_along(home):
    """They are added under the customer's control, whoever the utility's customer is."""
    grant, still = grant_of(home), grant_of(home, include_future=False)
    same, other = another(home), another(home, CustomerFactory.create())
    link(home, same.account)
    assert contracts(grant) == of(home.services[0], same)
    link(home, other.account)
    assert contracts(grant) == of(home.services[0], same, other)
    newest = Service(home.customer, same.account, cds_created=timezone.now())
    compute_grant(grant)
    assert contracts(grant) == of(home.services[0], same, other, newest)
    assert contracts(still) == of(home.services[0])


@pytest.mark.spec("WG3-01 6.1.4 h")
def test_whole_accounts_linked_later_come_along(home):
    """9.2.3.1: the same where accounts were chosen."""
    selection = {
        "selection_type": "account_selection",
        "object_ids": [home.account.cds_account_id],
        "include_future": True,
    }
    entry = {"type": "cds_accounts"}
    grant = make_grant(home.user, (entry, selection), created=timezone.now() - DAY)
    compute_grant(grant)
    later = another(home)
    accounts = GrantedObject.objects.filter(grant=grant, kind="account")
    assert set(accounts.values_list("object_id", flat=True)) == {home.account.pk}
    link(home, later.account)
    assert set(accounts.values_list("object_id", flat=True)) == {home.account.pk, later.account.pk}


def test_nothing_comes_after_the_end_of_syncing(home):
    """Each entry follows as long as it is kept up to date (7.3.1)."""
    over, going = timezone.now() - DAY, timezone.now() + DAY
    entries = [contract_entry(sync_until=f"{at:%Y-%m-%dT%H:%M:%SZ}") for at in (over, going)]
    grant = grant_of(home, *entries)
    later = another(home)
    link(home, later.account)
    rows = GrantedObject.objects.filter(grant=grant, kind="contract")
    assert set(rows.filter(entry=0).values_list("object_id", flat=True)) == of(home.services[0])
    assert set(rows.filter(entry=1).values_list("object_id", flat=True)) == of(
        home.services[0], later
    )


def test_what_was_left_unticked_does_not_come_by_another_account(home):
    """The customer decided about it; what was ticked goes on there."""
    grant = grant_of(home)
    ticked, unticked = home.services
    later = another(home)
    link(home, later.account)
    now = timezone.now()
    for service in (ticked, unticked):
        move(service, later.account, now)
    with time_machine.travel(now + timedelta(minutes=1)):
        compute_grant(grant)
        assert contracts(grant) == of(ticked, later)
        leave(home, home.account)
        assert contracts(grant) == of(ticked, later)
        row = GrantedObject.objects.get(grant=grant, kind="contract", object_id=ticked.contract.pk)
        assert row.cutoff > timezone.now() + DAY, "it hangs on an account that is still held"


def test_what_has_left_the_accounts_of_then_stays_away(home):
    """A new account brings what hangs on it, not what was chosen on another one long ago."""
    grant = grant_of(home, object_ids=home.contract_ids(0, 1))
    foreign = another(home)
    move(home.services[0], foreign.account, timezone.now())
    compute_grant(grant)
    leave(home, home.account)
    later = another(home)
    link(home, later.account)
    assert contracts(grant) == of(home.services[1], later)


def test_the_end_of_a_later_link_counts_like_any_other(home):
    """Nothing newer, also for Grants that are older than the link (ADR 5)."""
    grant = grant_of(home)
    later = another(home)
    link(home, later.account)
    leave(home, later.account)
    row = GrantedObject.objects.get(grant=grant, kind="contract", object_id=later.contract.pk)
    assert row.cutoff <= timezone.now()
    grant.refresh_from_db()
    assert grant.status == "active"
    assert Message.objects.get().name == "Grant reduced"
    mistake = another(home)
    link(home, mistake.account)
    assert contracts(grant) == of(home.services[0], later, mistake)
    leave(home, mistake.account, mistaken=True)
    assert contracts(grant) == of(home.services[0], later)


def test_linking_again_starts_nothing_for_services_of_the_future_either(home):
    """The person was told that it ended, and is asked again (ADR 5)."""
    grant = grant_of(home)
    later = another(home)
    for account in (home.account, later.account):
        holder = AccountHolder.objects.current().filter(user=home.user, account=account).first()
        holder = holder or link(home, account)
        leave(home, account)
        link(home, account)
    since = {"cds_created": timezone.now(), "state__as_of": timezone.now()}
    Service(home.customer, home.account, **since)
    Service(home.customer, later.account, **since)
    compute_grant(grant)
    assert contracts(grant) == of(home.services[0], later)
    rows = GrantedObject.objects.filter(grant=grant)
    assert not rows.filter(cutoff__gt=timezone.now()).exists()


def test_a_stopped_grant_goes_on_with_a_new_account(home):
    """Moving house: the old account ends, the new one is a service that was added later."""
    grant, still = grant_of(home), grant_of(home, include_future=False)
    leave(home, home.account)
    later = another(home)
    move(home.services[0], later.account, timezone.now())
    Message.objects.all().delete()
    link_account(user=home.user, account=later.account, by=home.user)
    for each, status in ((grant, "active"), (still, "stopped")):
        each.refresh_from_db()
        assert each.status == status
    (message,) = Message.objects.filter(registration=grant.client.registration)
    assert message.name == "Grant active"
    work()
    # It hung on the account that is gone, and this Grant follows no new one.
    row = GrantedObject.objects.get(grant=still, kind="contract")
    assert row.cutoff <= timezone.now()


def test_what_staff_stopped_stays_stopped(home):
    """While something of it can still change (ADR 7)."""
    grant = grant_of(home)
    Grant.objects.filter(pk=grant.pk).update(status="stopped")
    later = another(home)
    link(home, later.account)
    grant.refresh_from_db()
    assert grant.status == "stopped"
    assert contracts(grant) == of(home.services[0], later)


def test_what_staff_stopped_begins_again_after_its_links_have_ended(home):
    """Then it is like any other that has stopped; a suspension that ends does the same (ADR 7)."""
    grant = grant_of(home)
    staff.report_data_state(grant=grant, status="stopped", by="system")
    leave(home, home.account)
    grant.refresh_from_db()
    assert grant.status == "stopped"
    link(home, another(home).account)
    grant.refresh_from_db()
    assert grant.status == "active"
    staff.report_data_state(grant=grant, status="stopped", by="system")
    staff.suspend_grant(grant=grant, reason="x", by="system")
    assert staff.resume_grant(grant=grant, by="system").status == "active"


def test_no_new_account_opens_a_window_that_is_over(home):
    """The sweep would stop it again, and the Client would have been told that it is active."""
    soon = timezone.now() + DAY
    grant = grant_of(home, usage_entry(segment_end=f"{soon:%Y-%m-%dT%H:%M:%SZ}"))
    with time_machine.travel(soon):
        sweep_grants()
        leave(home, home.account)
        link(home, another(home).account)
        grant.refresh_from_db()
        assert grant.status == "stopped"
        assert not Message.objects.exists()


def test_a_grant_that_follows_nothing_ends_when_its_accounts_do(home):
    """An account linked later keeps nothing waiting that it has no part in."""
    later = another(home)
    soon = timezone.now() + DAY
    waiting: dict[str, Any] = {
        "status": "future",
        "not_before": soon,
        "enabled_scope": "",
        "enabled_authorization_details": [],
    }
    grant = make_grant(home.user, (contract_entry(), chosen(*home.contract_ids(0))), **waiting)
    link(home, later.account)
    leave(home, home.account)
    grant.refresh_from_db()
    assert grant.status == "disabled"


def test_the_page_for_linking_names_who_will_see_the_account(home, client):
    """The box was ticked long ago; who links an account reads again what follows from it."""
    url = reverse("customerdata:account-link")
    client.force_login(home.user)
    now = timezone.now()
    over = contract_entry(sync_until=f"{now - DAY:%Y-%m-%dT%H:%M:%SZ}")
    for name, grant in (
        ("Follows", grant_of(home)),
        ("Named", grant_of(home, include_future=False)),
        ("Frozen", grant_of(home, over)),
        ("Expired", grant_of(home)),
        ("Ended", grant_of(home)),
    ):
        type(grant.client).objects.filter(pk=grant.client_id).update(name=f"{name} Inc")
    by_name = Grant.objects.filter
    by_name(client__name="Expired Inc").update(expires=now - DAY)
    ended = {"status": "closed", "enabled_scope": "", "enabled_authorization_details": []}
    by_name(client__name="Ended Inc").update(**ended)
    html = client.get(url).content.decode()
    assert "services you add later: Follows Inc." in html
    for name in ("Named", "Frozen", "Expired", "Ended"):
        assert f"{name} Inc" not in html
    client.force_login(PersonFactory.create())
    assert "services you add later" not in client.get(url).content.decode()
