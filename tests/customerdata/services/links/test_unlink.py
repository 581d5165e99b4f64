"""Links to accounts end, and with them what Grants show of these accounts (ADR 5)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consent.models import Grant
from consent.services.grants import change_by_utility as staff
from consent.services.grants.change_by_client import patch_grant
from consent.services.grants.lifecycle import compute_grant as compute_pending
from customerdata.access.compute import compute_grant, recompute_grants_of
from customerdata.models import (
    AccountHolder,
    GrantedObject,
    ServiceContractVersion,
)
from customerdata.services.links.unlink import LinkRefused, end_link
from customerdata.tasks import send_account_unlinked
from portal.models import AuditEvent, OutboxEntry
from registration.models import Message
from tests.customerdata.api.segments_world import (
    COST_ID,
    MARCH,
    NET_ID,
    readings,
    segments,
    series_of,
    usage,
    write,
)
from tests.factories.consent import ReceiptFactory
from tests.factories.customerdata import (
    AccountFactory,
    AccountHolderFactory,
    Household,
    Service,
    chosen,
    contract_entry,
    make_grant,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("offers")]


class Home(Household):
    """Two accounts of one customer, each with a service, both linked to the same person."""

    def __init__(self) -> None:
        super().__init__()
        self.second = AccountFactory.create(customer=self.customer)
        AccountHolderFactory.create(account=self.second, user=self.user)
        self.services.append(Service(self.customer, self.second))

    def link(self, account: Any = None) -> AccountHolder:
        found: AccountHolder = AccountHolder.objects.get(
            user=self.user, account=account or self.account
        )
        return found

    def leave(self, account: Any = None, **values: Any) -> AccountHolder:
        """End a link."""
        values = {"reason": "You moved out.", "by": "system", **values}
        return end_link(holder=self.link(account), **values)

    def grant(self, *indexes: int, **selection: Any) -> Grant:
        """Give usage and contracts of some services."""
        choice = chosen(*self.contract_ids(*indexes), **selection)
        entries = usage(NET_ID), contract_entry("include_contract_numbers")
        made = make_grant(self.user, *((entry, choice) for entry in entries))
        ReceiptFactory.create(grant=made, snapshot={})
        compute_grant(made)
        return made


@pytest.fixture
def home():
    """A person with two accounts."""
    return Home()


def values(grant: Grant) -> list[int]:
    """Return the usage that a token of the Grant reads."""
    return sorted(int(value) for each in segments(grant) for *_, value in readings(each))


def status(grant: Grant) -> str:
    """Return the status as it is stored."""
    return str(Grant.objects.get(pk=grant.pk).status)


def now(grant: Grant) -> Grant:
    """Return the Grant as it is stored."""
    found: Grant = Grant.objects.get(pk=grant.pk)
    return found


def rename(service: Service, number: str, at: datetime, **state: Any) -> None:
    """Let the utility say something new of a contract."""
    old = ServiceContractVersion.objects.current().get(contract=service.contract)
    old.superseded_as_of = at
    old.save()
    old.number += 1
    old.as_of, old.superseded_as_of, old.contract_number = at, None, number
    for name, value in state.items():
        setattr(old, name, value)
    old.save(force_insert=True)


def numbers(grant: Grant) -> set[str]:
    """Return the contract numbers that the Grant shows."""
    from customerdata.access.reading import Reader
    from customerdata.kinds.service_contract import SERVICE_CONTRACT

    reader = Reader(grant, timezone.now())
    return {row.contract_number for row in reader.visible(SERVICE_CONTRACT)}


def test_nothing_newer_flows(home):
    """Usage and structure stay what they were; the Grant says that its data stopped."""
    series = series_of(home.services[0])
    write(series, [1, 2])
    grant = home.grant(0)
    before = numbers(grant)
    home.leave()
    assert status(grant) == "stopped"
    now = timezone.now()
    write(series, [10, 20, 30], as_of=now)
    rename(home.services[0], "NEW", now)
    recompute_grants_of(home.customer)
    assert values(grant) == [1, 2]
    assert numbers(grant) == before
    with time_machine.travel(now + timedelta(days=400)):
        recompute_grants_of(home.customer)
        assert (values(grant), numbers(grant)) == ([1, 2], before)
    (message,) = Message.objects.filter(registration=grant.client.registration)
    assert message.name == "Grant stopped"


def test_what_was_true_before_and_comes_late_still_shows(home):
    """CDS-WG3-01 7.3.1, as for the end of syncing."""
    series = series_of(home.services[0])
    write(series, [1, 2])
    grant = home.grant(0)
    link = home.leave()
    assert link.ended is not None
    write(series, [3], start=MARCH + timedelta(hours=1), as_of=link.ended - timedelta(hours=1))
    assert values(grant) == [1, 2, 3]


def test_the_other_account_goes_on(home):
    """The Grant stays active; the Client learns that a part of it is still."""
    for number, service in enumerate(home.services):
        write(series_of(service), [number + 1])
    grant = home.grant(0, 1)
    home.leave()
    for number, service in enumerate(home.services):
        write(series_of(service), [number + 11], as_of=timezone.now())
    recompute_grants_of(home.customer)
    assert values(grant) == [1, 12]
    assert status(grant) == "active"
    (message,) = Message.objects.filter(registration=grant.client.registration)
    assert (message.name, message.related_type) == ("Grant reduced", "grant")
    home.leave(home.second)
    assert status(grant) == "stopped"


def test_grants_without_the_account_hear_nothing(home):
    """Nothing of theirs changed."""
    grant = home.grant(1)
    modified = grant.modified
    home.leave()
    grant.refresh_from_db()
    assert (grant.status, grant.modified) == ("active", modified)
    assert not Message.objects.exists()
    stranger = Home()
    theirs = stranger.grant(0)
    home.leave(home.second)
    assert status(theirs) == "active"


def test_a_contract_that_moves_on_takes_nothing_along(home):
    """It was shared while it hung on the account; on another one it is somebody else's business."""
    series = series_of(home.services[0])
    write(series, [1])
    grant = home.grant(0, 1)
    home.leave()
    now = timezone.now()
    third = AccountFactory.create(customer=home.customer)
    rename(home.services[0], "MOVED", now, account=third)
    write(series, [99], as_of=now)
    recompute_grants_of(home.customer)
    assert values(grant) == [1]
    assert "MOVED" not in numbers(grant)
    # On an account that the same person still holds it goes on.
    rename(home.services[0], "MINE", now + timedelta(seconds=1), account=home.second)
    with time_machine.travel(now + timedelta(minutes=1)):
        recompute_grants_of(home.customer)
        assert "MINE" in numbers(grant)


@pytest.mark.spec("WG3-01 6.1.9 o")
@pytest.mark.parametrize("goes_on", [True, False])
def test_of_two_ends_the_later_one_decides_what_usage_shows(home, goes_on):
    """A contract moved to the other account: entries that sync equally long read it until then.

    Each value shows once, in the newest version of all that the Grant opens; what only the first
    entry gives, the cost, stays that of before.
    """
    series = series_of(home.services[0])
    write(series, [1, 2], cost=[5, 6])
    entries = (usage(NET_ID, COST_ID), home.account), (usage(NET_ID), home.second)
    grant = make_grant(
        home.user,
        *(
            (entry, chosen(account.cds_account_id, selection_type="account_selection"))
            for entry, account in entries
        ),
    )
    home.leave()
    moved = timezone.now()
    rename(home.services[0], "MOVED", moved, account=home.second)
    write(series, [11, 12, 13], cost=[15, 16, 17], as_of=moved)
    with time_machine.travel(moved + timedelta(days=1)):
        if not goes_on:
            home.leave(home.second)
        write(series, [21], as_of=timezone.now() + timedelta(days=1))
        recompute_grants_of(home.customer)
    with time_machine.travel(moved + timedelta(days=1, hours=1)):
        assert values(grant) == [5, 6, 11, 12, 13]
        ids = [each["cds_usagesegment_id"] for each in segments(grant)]
        assert len(set(ids)) == len(ids) == 2


def test_future_services_of_the_account_do_not_come(home):
    """`include_future` follows the accounts that are still held."""
    grant = home.grant(0, include_future=True)
    home.leave()
    since = {"cds_created": timezone.now(), "state__as_of": timezone.now()}
    Service(home.customer, home.account, **since)
    later = Service(home.customer, home.second, **since)
    recompute_grants_of(home.customer)
    contracts = GrantedObject.objects.filter(grant=grant, kind="contract", entry=1)
    assert set(contracts.values_list("object_id", flat=True)) == {
        home.services[0].contract.pk,
        later.contract.pk,
    }
    # It can still grow, so its data has not stopped.
    assert status(grant) == "active"


def limit(grant: Grant) -> None:
    """Open usage only."""
    staff.limit_grant(grant=grant, scope_ids=["cds_usage"], reason="x", by="system")


def suspend(grant: Grant) -> None:
    """Open nothing for a while."""
    staff.suspend_grant(grant=grant, reason="x", by="system")


def ask_for_more(grant: Grant) -> None:
    """Ask for another field, as the Client."""
    first, second = grant.authorization_details
    wanted = [first, {**second, "include_account_numbers": True}]
    patch_grant(grant=grant, changes={"authorization_details": wanted}, by="client:x")


def take_back(grant: Grant) -> None:
    """Be content with what was granted, as the Client."""
    changes = {"authorization_details": grant.authorization_details}
    patch_grant(grant=grant, changes=changes, by="client:x")


def resume(grant: Grant) -> None:
    """End a suspension."""
    staff.resume_grant(grant=grant, by="system")


def lift(grant: Grant) -> None:
    """End a limit."""
    staff.lift_limit(grant=grant, by="system")


def settle(grant: Grant) -> None:
    """Let its sub-Grants be complete: there are none left to wait for."""
    child = make_grant(grant.user, (usage(NET_ID), chosen()), parent=grant)
    staff.report_data_state(grant=child, status="delayed", by="system")


def need_others(grant: Grant) -> None:
    """Wait for sub-Grants."""
    staff.require_sub_grants(grant=grant, by="system")


@pytest.mark.parametrize(
    ("before", "waiting", "afterwards"),
    [
        ([suspend], "suspended", [resume]),
        ([limit], "partial", [lift]),
        ([limit, suspend], "suspended", [resume, lift]),
        ([ask_for_more], "needs_authorization", [take_back]),
        ([need_others], "needs_sub_grants", [settle]),
    ],
)
def test_what_matters_more_comes_first_then_the_data_stopped(home, before, waiting, afterwards):
    """A Grant that gave less when the link ended stops where an active one had stopped then."""
    write(series_of(home.services[0]), [1, 2])
    over, other = home.grant(0), home.grant(1)
    for act in before:
        act(now(over))
        act(now(other))
    home.leave()
    assert (status(over), status(other)) == (waiting, waiting)
    for act in afterwards:
        act(now(over))
        act(now(other))
    assert (status(over), status(other)) == ("stopped", "active")
    assert now(over).enabled_scope == over.scope
    assert values(over) == [1, 2]
    about = Message.objects.filter(related_uri__endswith=over.grant_id, name="Grant stopped")
    assert about.count() == 1


def test_a_large_grant_that_is_being_computed_again(home, settings):
    """The task finds that nothing can change any more."""
    grant = home.grant(0)
    suspend(grant)
    home.leave()
    settings.SYNCHRONOUS_SELECTION_LIMIT = 0
    resume(now(grant))
    assert status(grant) == "pending"
    compute_pending(grant_id=grant.grant_id)
    assert status(grant) == "stopped"


def test_a_client_gives_up_what_still_went_on(home):
    """What is left of the Grant has stopped."""
    entries = (
        (usage(NET_ID), chosen(*home.contract_ids(0))),
        (contract_entry(), chosen(*home.contract_ids(1))),
    )
    grant = make_grant(home.user, *entries)
    compute_grant(grant)
    home.leave()
    assert status(grant) == "active"
    parent = home.grant(1)
    need_others(parent)
    Grant.objects.filter(pk=grant.pk).update(status="errored", parent=parent)
    patch_grant(grant=now(grant), changes={"scope": "cds_usage"}, by="client:x")
    assert status(grant) == "stopped"
    assert status(parent) == "active", "stopped sub-Grants suffice (CDS-WG1-02 8.2)"
    subject = {"subject": f"grant:{grant.grant_id}", "action": "grant.stopped"}
    assert AuditEvent.objects.get(**subject).actor == "system"


def test_it_is_no_news_that_what_has_stopped_gets_nothing_new(home):
    """The Client hears when something is gone."""
    grant = home.grant(0, 1)
    staff.report_data_state(grant=grant, status="stopped", by="system")
    Message.objects.all().delete()
    home.leave()
    assert not Message.objects.exists()
    home.leave(home.second, mistaken=True)
    assert Message.objects.get().name == "Grant reduced"
    assert status(grant) == "stopped"


def test_the_last_link_ends_what_could_still_grow(home):
    """Nothing that it shows changes with that link, yet nothing can come any more."""
    grant = home.grant(0, include_future=True)
    home.leave()
    assert status(grant) == "active"
    home.leave(home.second)
    assert status(grant) == "stopped"


def test_a_mistake_shows_nothing_at_all(home):
    """The past was never this person's to share."""
    write(series_of(home.services[0]), [1, 2])
    grant, both = home.grant(0), home.grant(0, 1)
    home.leave(mistaken=True)
    assert (status(grant), status(both)) == ("disabled", "active")
    assert not GrantedObject.objects.filter(grant=grant).exists()
    assert values(both) == []
    assert numbers(both) == {
        ServiceContractVersion.objects.get(contract=home.services[1].contract).contract_number
    }
    disabled = Message.objects.get(name="Grant disabled")
    assert "no longer linked" in disabled.description


def test_a_grant_for_the_future_that_would_find_nothing(home):
    """It ends before it begins; with another account left it waits on."""
    soon = timezone.now() + timedelta(days=3)
    nothing_open: dict[str, Any] = {"enabled_scope": "", "enabled_authorization_details": []}
    grant = make_grant(
        home.user,
        (contract_entry(), chosen(*home.contract_ids(0))),
        status="future",
        not_before=soon,
        **nothing_open,
    )
    home.leave()
    assert status(grant) == "future"
    Grant.objects.filter(pk=grant.pk).update(status="active")
    assert compute_grant(grant) == 0, "what was lost before the beginning was never shared"
    Grant.objects.filter(pk=grant.pk).update(status="future")
    home.leave(home.second)
    assert status(grant) == "disabled"


def test_the_person_is_locked_first_and_no_lock_keeps_tokens_out(home):
    """Approvals wait for ends of links, token requests for neither."""
    home.grant(0)
    with CaptureQueriesContext(connection) as queries:
        home.leave()
    locks = [
        each["sql"] for each in queries if "FOR UPDATE" in each["sql"] or "NO KEY" in each["sql"]
    ]
    assert 'FROM "portal_user"' in locks[0]
    of_grants = [text for text in locks if 'FROM "consent_grant"' in text]
    assert of_grants
    assert all("FOR NO KEY UPDATE" in text for text in [locks[0], *of_grants])


def test_linking_again_starts_nothing(home):
    """The person is asked again; a new Grant shows what is true now."""
    series = series_of(home.services[0])
    write(series, [1])
    old = home.grant(0)
    home.leave()
    AccountHolderFactory.create(user=home.user, account=home.account, created=timezone.now())
    write(series, [5], as_of=timezone.now())
    recompute_grants_of(home.customer)
    assert values(old) == [1]
    assert values(home.grant(0)) == [5]


def test_the_person_gets_a_mail(home):
    """With the reason, whose Grants it is about, and no more of the number than its end."""
    grant = home.grant(0)
    link = home.leave()
    entry = OutboxEntry.objects.get(task="customerdata.tasks.send_account_unlinked")
    send_account_unlinked(*entry.args)
    (message,) = mail.outbox
    assert message.to == [home.user.email]
    assert "You moved out." in message.body
    assert grant.client.client_name in message.body
    number = link.account.versions.get().account_number
    assert number not in message.body
    assert number[-2:] in message.body
    assert "/sharing/" in message.body
    (event,) = AuditEvent.objects.filter(action="account.unlinked")
    assert event.details["grants"] == [grant.grant_id]


def test_it_needs_a_reason_and_a_link(home):
    """Nothing happens otherwise."""
    with pytest.raises(LinkRefused):
        home.leave(reason=" ")
    home.leave()
    with pytest.raises(LinkRefused):
        home.leave()


def test_the_command(home, staff, capsys):
    """Staff name the person and the number."""
    number = home.account.versions.get().account_number
    with pytest.raises(CommandError):
        call_command(
            "end_account_link", "nobody@example.com", number, "--reason", "x", "--by", staff.email
        )
    call_command(
        "end_account_link",
        home.user.email.upper(),
        number,
        "--reason",
        "Wrong person.",
        "--mistake",
        "--by",
        staff.email,
    )
    link = home.link()
    assert link.mistaken
    assert link.ended is not None
    assert "has ended" in capsys.readouterr().out
