"""The life of a Grant (CDS-WG1-02 8.2)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consent import tasks
from consent.models import AccessToken, Grant, RefreshToken
from consent.services.authorization.fill_grant import authorize_grant
from consent.services.grants.lifecycle import (
    ForbiddenTransition,
    GrantTerms,
    SelectionInput,
    create_grant,
    end_grant,
)
from consent.services.grants.sweep import start_grant, stop_new_data
from portal.models import AuditEvent, OutboxEntry
from registration.models import Message
from tests.consent.oauth.support import plug_in_listener
from tests.factories.consent import (
    CustomerFactory,
    GrantFactory,
    refresh_token_for,
    token_for,
)
from tests.factories.registration import ClientFactory

pytestmark = pytest.mark.django_db
DETAILS = [{"type": "cds_usage", "sync_until": "infinite"}]
CHOSEN = SelectionInput(
    entry=0, scope_id="cds_usage", selection_type="service_contracts", object_ids=("sc_1",)
)


@pytest.fixture
def listener(monkeypatch):
    """Stand in for the app that computes access."""
    return plug_in_listener(monkeypatch)


def make(**changes):
    values: dict[str, Any] = {
        "client": ClientFactory.create(consent=True),
        "user": CustomerFactory.create(),
        "by": "system",
    }
    terms = {"selections": [CHOSEN]} | {
        name: changes.pop(name) for name in ("selections", "not_before") if name in changes
    }
    given = GrantTerms(authorization_details=DETAILS, scope="cds_usage", **terms)
    return create_grant(terms=given, **(values | changes))


def test_a_small_selection_is_computed_at_once(listener):
    """The customer's approval and the access are one transaction (design.md 5)."""
    created = timezone.now() - timedelta(seconds=5)
    grant = make(created=created)
    assert (grant.status, grant.eta) == ("active", None)
    assert grant.enabled_scope == grant.scope
    assert grant.enabled_authorization_details == DETAILS
    assert grant.created == grant.modified == created
    assert listener.approved == [grant.grant_id]
    chosen = grant.selections.get()
    assert (chosen.entry, chosen.object_ids, chosen.everything) == (0, ["sc_1"], False)
    assert not OutboxEntry.objects.exists()
    event = AuditEvent.objects.get(action="grant.created")
    assert event.subject == f"grant:{grant.grant_id}"
    assert event.registration == grant.client.registration.registration_id


@pytest.mark.spec("WG3-01 6 c", "WG3-01 6 f")
def test_a_large_selection_is_computed_by_a_task(listener, settings):
    """The Grant starts pending with an eta; the task makes it active, once."""
    settings.SYNCHRONOUS_SELECTION_LIMIT = 200
    listener.objects = 201
    grant = make()
    assert grant.status == "pending"
    assert grant.eta > timezone.now()
    listener.approved.clear()
    entry = OutboxEntry.objects.get()
    assert (entry.task, entry.args) == ("consent.tasks.compute_grant", [grant.grant_id])
    for _ in range(2):
        tasks.compute_grant(*entry.args)
    grant.refresh_from_db()
    assert (grant.status, grant.eta, grant.enabled_scope) == ("active", None, "cds_usage")
    assert listener.approved == [grant.grant_id]


def test_a_pending_grant_gives_what_is_ready(listener, settings, monkeypatch):
    """CDS-WG1-02 8.2, decision 48: the first objects at once, and Grant Admin tokens with them."""
    settings.SYNCHRONOUS_SELECTION_LIMIT = 3
    listener.objects = 5
    computed: list[list[list[str]]] = []

    def grant_approved(grant):
        chosen = Grant.objects.get(pk=grant.pk).selections.order_by("entry")
        computed.append([selection.object_ids for selection in chosen])

    monkeypatch.setattr(listener, "grant_approved", grant_approved)
    two = [
        SelectionInput(
            entry=entry, scope_id="cds_usage", selection_type="s", object_ids=tuple(object_ids)
        )
        for entry, object_ids in enumerate(["ab", "cde"])
    ]
    grant = make(selections=two)
    assert (grant.status, grant.enabled_scope) == ("pending", "cds_usage")
    assert grant.enabled_authorization_details == DETAILS
    tasks.compute_grant(grant.grant_id)
    assert computed == [[["a", "b"], ["c"]], [["a", "b"], ["c", "d", "e"]]]


@pytest.mark.spec("WG3-01 6 e")
def test_an_overdue_grant_gets_a_new_promise(listener, settings):
    """`eta` says when something is expected, so it never lies in the past for long."""
    settings.SYNCHRONOUS_SELECTION_LIMIT, listener.objects = 1, 2
    grant = make()
    Grant.objects.update(eta=timezone.now() - timedelta(seconds=1))
    for _ in range(2):
        tasks.sweep_grants()
    grant.refresh_from_db()
    assert grant.status == "pending"
    assert grant.eta > timezone.now()
    assert OutboxEntry.objects.filter(task="consent.tasks.compute_grant").count() == 2


@pytest.mark.spec("WG1-02 8.2 d")
def test_a_grant_for_later_computes_nothing_yet(listener):
    """CDS-WG1-02 8.1 `not_before`: no access until then, not even a computed one."""
    begins = timezone.now() + timedelta(hours=1)
    grant = make(not_before=begins)
    assert (grant.status, grant.eta, grant.enabled_scope) == ("future", None, "")
    assert listener.approved == []
    Grant.objects.update(not_before=timezone.now())
    tasks.sweep_grants()
    grant.refresh_from_db()
    assert (grant.status, grant.enabled_scope) == ("active", "cds_usage")
    assert listener.approved == [grant.grant_id]


def test_exactly_the_limit_is_still_small(listener, settings):
    """200 services while the customer waits."""
    settings.SYNCHRONOUS_SELECTION_LIMIT = listener.objects = 200
    assert make().status == "active"


def test_the_task_leaves_an_ended_grant_alone(listener):
    """The customer may revoke before the computation begins."""
    grant = GrantFactory.create(pending=True)
    end_grant(grant=grant, status="revoked", reason="test", by="system")
    tasks.compute_grant(grant.grant_id)
    tasks.compute_grant("gr_unknown")
    assert listener.approved == []
    grant.refresh_from_db()
    assert grant.status == "revoked"


def test_a_superseded_grant_is_linked(listener):
    """CDS-WG1-02 8.1 `replacing`."""
    older = GrantFactory.create()
    grant = make(replaces=[older])
    before = older.modified
    older.refresh_from_db()
    assert older.modified > before
    assert list(grant.replacing.all()) == [older]
    assert list(older.replaced_by.all()) == [grant]


def test_a_waiting_grant_takes_what_was_approved(listener):
    """CDS-WG1-02 8.3: the Grant is updated, not doubled."""
    waiting, user = GrantFactory.create(waiting=True, user=None), CustomerFactory.create()
    terms = GrantTerms(authorization_details=DETAILS, scope="cds_usage", selections=[CHOSEN])
    grant = authorize_grant(grant=waiting, user=user, terms=terms, by=user)
    assert (grant.pk, grant.user, grant.status) == (waiting.pk, user, "active")
    assert grant.enabled_scope == "cds_usage"
    with pytest.raises(ForbiddenTransition):
        authorize_grant(grant=waiting, user=user, terms=terms, by=user)


@pytest.mark.parametrize("status", ["revoked", "closed", "expired", "disabled"])
def test_ending_takes_everything_away(listener, status):
    """Enabled fields, tokens and computed access, in one transaction."""
    grant = GrantFactory.create()
    token_for(grant)
    refresh_token_for(grant)
    before = grant.modified
    ended = end_grant(grant=grant, status=status, reason="because", by="system")
    assert (ended.status, ended.ended_reason) == (status, "because")
    assert (ended.enabled_scope, ended.enabled_authorization_details) == ("", [])
    assert ended.scope == grant.scope
    assert ended.modified > before
    assert not AccessToken.objects.filter(expires__gt=timezone.now()).exists()
    assert not RefreshToken.objects.filter(revoked__isnull=True).exists()
    assert listener.ended == [grant.grant_id]
    assert AuditEvent.objects.get(action=f"grant.{status}").details == {"reason": "because"}


def test_ending_twice_changes_nothing(listener):
    """The customer's second click, the sweep's second run."""
    grant = GrantFactory.create()
    first = end_grant(grant=grant, status="revoked", reason="one", by="system")
    second = end_grant(grant=grant, status="revoked", reason="two", by="system")
    assert (second.modified, second.ended_reason) == (first.modified, "one")
    assert listener.ended == [grant.grant_id]
    with pytest.raises(ForbiddenTransition):
        end_grant(grant=grant, status="closed", reason="", by="system")


def test_only_ends_end(listener):
    """end_grant is no back door to other statuses."""
    with pytest.raises(ForbiddenTransition):
        end_grant(grant=GrantFactory.create(), status="suspended", reason="", by="system")


def test_the_sweep_ends_what_is_over_and_nothing_else(listener):
    """Twice in a row, as two workers may."""
    now = timezone.now()
    over = GrantFactory.create(expires=now - timedelta(seconds=1))
    later, endless = GrantFactory.create(expires=now + timedelta(hours=1)), GrantFactory.create()
    revoked = GrantFactory.create(revoked=True, expires=now - timedelta(days=1))
    for _ in range(2):
        tasks.sweep_grants()
    found = {g.pk: g.status for g in Grant.objects.all()}
    assert found == {
        over.pk: "expired",
        later.pk: "active",
        endless.pk: "active",
        revoked.pk: "revoked",
    }
    assert listener.ended == [over.grant_id]


def test_the_sweep_stops_what_gets_nothing_new(listener):
    """CDS-WG1-02 8.2 `stopped`: access stays, other states matter more, nobody is written to."""
    now = timezone.now()
    over, ahead = now - timedelta(seconds=1), now + timedelta(hours=1)
    due = GrantFactory.create(new_data_until=over)
    others = [
        GrantFactory.create(new_data_until=ahead),
        GrantFactory.create(),
        GrantFactory.create(new_data_until=over, status="delayed"),
        GrantFactory.create(new_data_until=over, waiting=True),
        GrantFactory.create(new_data_until=over, revoked=True),
    ]
    for _ in range(2):
        tasks.sweep_grants()
    stopped = Grant.objects.get(pk=due.pk)
    assert (stopped.status, stopped.enabled_scope) == ("stopped", due.scope)
    assert stopped.gives_access(timezone.now())
    assert stopped.modified > due.modified
    for grant in others:
        assert Grant.objects.get(pk=grant.pk).status == grant.status
        assert stop_new_data(grant=grant, by="system").status == grant.status
    assert AuditEvent.objects.filter(action="grant.stopped").count() == 1
    assert not Message.objects.exists(), "it was to be foreseen"


def test_a_parent_goes_on_when_its_last_child_stops(listener):
    """Stopped sub-Grants suffice (CDS-WG1-02 8.2)."""
    parent = GrantFactory.create(status="needs_sub_grants")
    child = GrantFactory.create(parent=parent, new_data_until=timezone.now())
    tasks.sweep_grants()
    assert Grant.objects.get(pk=child.pk).status == "stopped"
    assert Grant.objects.get(pk=parent.pk).status == "active"


def test_the_sweep_starts_what_begins(listener):
    """CDS-WG1-02 8.2 `future`."""
    now = timezone.now()
    values = {"status": "future", "enabled_scope": "", "enabled_authorization_details": []}
    due = GrantFactory.create(**values, not_before=now - timedelta(seconds=1))
    later = GrantFactory.create(**values, not_before=now + timedelta(hours=1))
    tasks.sweep_grants()
    due.refresh_from_db()
    assert (due.status, due.enabled_scope) == ("active", due.scope)
    assert start_grant(grant=later, by="system").status == "future"
    assert listener.approved == [due.grant_id]


def test_one_broken_grant_does_not_stop_the_sweep(listener, monkeypatch):
    """The others must still expire on time."""
    past = timezone.now() - timedelta(seconds=1)
    broken, fine = (
        GrantFactory.create(expires=past - timedelta(1)),
        GrantFactory.create(expires=past),
    )

    def grant_ended(grant):
        if grant.pk == broken.pk:
            raise RuntimeError("out of order")

    monkeypatch.setattr(listener, "grant_ended", grant_ended)
    tasks.sweep_grants()
    fine.refresh_from_db()
    broken.refresh_from_db()
    assert (fine.status, broken.status) == ("expired", "active")


def test_children_end_with_their_parent(listener):
    """Sub-Grants are part of it; grandchildren too, and others not."""
    parent = GrantFactory.create()
    child = GrantFactory.create(parent=parent)
    grandchild = GrantFactory.create(parent=child)
    closed = GrantFactory.create(parent=parent, revoked=True)
    other = GrantFactory.create()
    raw = token_for(grandchild)
    end_grant(grant=parent, status="expired", reason="expired", by="system")
    found = {g.pk: g.status for g in Grant.objects.all()}
    assert found == {
        parent.pk: "expired",
        child.pk: "expired",
        grandchild.pk: "expired",
        closed.pk: "revoked",
        other.pk: "active",
    }
    assert raw
    assert not AccessToken.objects.filter(expires__gt=timezone.now()).exists()


def test_a_child_may_end_alone(listener):
    """One tenant stops; the building's Grant is another matter."""
    parent = GrantFactory.create()
    child = GrantFactory.create(parent=parent)
    end_grant(grant=child, status="revoked", reason="", by="system")
    parent.refresh_from_db()
    assert parent.status == "active"


def test_a_new_child_dates_its_parent(listener):
    """`children` changed, so `modified` does (CDS-WG1-02 8.1); ended Grants get none."""
    parent = GrantFactory.create(modified=timezone.now() - timedelta(days=1))
    make(parent=parent)
    before = parent.modified
    parent.refresh_from_db()
    assert parent.modified > before
    with pytest.raises(ForbiddenTransition):
        make(parent=GrantFactory.create(revoked=True))


@pytest.mark.spec("WG1-02 6 a")
@pytest.mark.parametrize(
    ("status", "told"), [("revoked", 1), ("disabled", 1), ("closed", 0), ("expired", 0)]
)
def test_the_client_is_told_what_others_did(listener, status, told):
    """CDS-WG1-02 6; closing was its own doing, and the end date it knows."""
    grant = GrantFactory.create()
    end_grant(grant=grant, status=status, reason="because", by="system")
    messages = Message.objects.filter(registration=grant.client.registration)
    assert messages.count() == told
    for message in messages:
        assert message.related_type == "grant"
        assert message.related_uri.endswith(grant.grant_id)


def test_administrative_grants_have_no_computed_access(listener):
    """The app above never hears of them."""
    grant = GrantFactory.create(user=None, request_digest="x" * 64, scope="cds_client_admin")
    end_grant(grant=grant, status="closed", reason="", by="system")
    assert listener.ended == []
