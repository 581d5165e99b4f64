"""The life of a Grant (CDS-WG1-02 8.2)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consent import tasks
from consent.models import AccessToken, Grant, RefreshToken
from consent.services.grants import (
    TRANSITIONS,
    ForbiddenTransition,
    SelectionInput,
    _apply,
    authorize_grant,
    create_grant,
    end_grant,
    start_grant,
)
from portal.models import AuditEvent, OutboxEntry
from tests.consent.oauth.support import plug_in_listener
from tests.factories.consent import (
    AuthorizationRequestFactory,
    CustomerFactory,
    GrantFactory,
    refresh_token_for,
    token_for,
)
from tests.factories.registration import ClientFactory

pytestmark = pytest.mark.django_db
S = Grant.Status
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
        "authorization_details": DETAILS,
        "scope": "cds_usage",
        "selections": [CHOSEN],
        "expires": None,
        "by": "system",
    }
    return create_grant(**(values | changes))


# The whole table, written down a second time: rows lead to the columns marked with x.
TABLE = """
                     ac fu pe pa na ns di su re cl ex de st er
active               .  .  x  x  x  .  x  x  x  x  x  x  x  x
future               x  .  x  .  .  .  x  .  x  x  x  .  .  .
pending              x  .  .  x  .  x  x  x  x  x  x  x  x  x
partial              x  .  x  .  .  .  x  x  x  x  x  x  x  x
needs_authorization  x  x  x  .  .  .  x  x  x  x  x  .  .  .
needs_sub_grants     x  .  x  x  .  .  x  x  x  x  x  .  .  .
disabled             .  .  .  .  .  .  .  .  .  .  .  .  .  .
suspended            x  .  x  x  .  .  x  .  x  x  x  .  .  .
revoked              .  .  .  .  .  .  .  .  .  .  .  .  .  .
closed               .  .  .  .  .  .  .  .  .  .  .  .  .  .
expired              .  .  .  .  .  .  .  .  .  .  .  .  .  .
delayed              x  .  .  .  .  .  x  x  x  x  x  .  x  x
stopped              x  .  .  .  .  .  x  x  x  x  x  x  .  x
errored              x  .  x  .  .  .  x  x  x  x  x  x  x  .
"""


def test_every_transition_allowed_and_forbidden():
    """All 196 pairs; a status nobody thought of would fail here."""
    statuses = [status.value for status in S]
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    assert [row[0] for row in rows] == statuses
    assert set(TRANSITIONS) == set(statuses)
    for start, *marks in rows:
        for target, mark in zip(statuses, marks, strict=True):
            grant = Grant(status=start)
            if mark == "x":
                _apply(grant, target)
                assert grant.status == target
                assert (grant.eta is not None) == (target == "pending")
            else:
                with pytest.raises(ForbiddenTransition):
                    _apply(grant, target)


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


def test_a_large_selection_is_computed_by_a_task(listener, settings):
    """The Grant starts pending with an eta; the task makes it active, once."""
    settings.SYNCHRONOUS_SELECTION_LIMIT = 200
    listener.objects = 201
    grant = make()
    assert grant.status == "pending"
    assert grant.eta > timezone.now()
    assert grant.enabled_scope == ""
    assert listener.approved == []
    entry = OutboxEntry.objects.get()
    assert (entry.task, entry.args) == ("consent.tasks.compute_grant", [grant.grant_id])
    for _ in range(2):
        tasks.compute_grant(*entry.args)
    grant.refresh_from_db()
    assert (grant.status, grant.eta, grant.enabled_scope) == ("active", None, "cds_usage")
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
    assert list(grant.replacing.all()) == [older]
    assert list(older.replaced_by.all()) == [grant]


def test_a_waiting_grant_takes_what_was_approved(listener):
    """CDS-WG1-02 8.3: the Grant is updated, not doubled."""
    waiting, user = GrantFactory.create(waiting=True, user=None), CustomerFactory.create()
    values: dict[str, Any] = {
        "authorization_details": DETAILS,
        "scope": "cds_usage",
        "expires": None,
        "by": user,
    }
    grant = authorize_grant(grant=waiting, user=user, selections=[CHOSEN], **values)
    assert (grant.pk, grant.user, grant.status) == (waiting.pk, user, "active")
    assert grant.enabled_scope == "cds_usage"
    with pytest.raises(ForbiddenTransition):
        authorize_grant(grant=waiting, user=user, selections=[], **values)


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


def test_the_sweep_forgets_the_long_dead(listener):
    """Tokens would pile up for ever; what may still be replayed stays."""
    grant, now = GrantFactory.create(), timezone.now()
    token_for(grant, expires=now - timedelta(days=31))
    token_for(grant, expires=now - timedelta(days=29))
    refresh_token_for(grant)
    AuthorizationRequestFactory.create(expires=now - timedelta(days=2))
    AuthorizationRequestFactory.create(expires=now - timedelta(hours=2))
    tasks.sweep_grants()
    assert AccessToken.objects.count() == 1
    assert RefreshToken.objects.count() == 1
    assert AuthorizationRequestFactory._meta.model.objects.count() == 1


def test_administrative_grants_have_no_computed_access(listener):
    """The app above never hears of them."""
    grant = GrantFactory.create(user=None, request_digest="x" * 64, scope="cds_client_admin")
    end_grant(grant=grant, status="closed", reason="", by="system")
    assert listener.ended == []
