"""What staff do with Grants: services and their command (CDS-WG1-02 8.2)."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from consent.models import Grant
from consent.services import tokens
from consent.services.authorization.fill_grant import authorize_grant
from consent.services.grants import change_by_utility as staff
from consent.services.grants.lifecycle import (
    ForbiddenTransition,
    GrantTerms,
    compute_grant,
    end_grant,
)
from portal.models import AuditEvent, OutboxEntry
from registration.models import Message
from tests.consent.oauth.support import plug_in_listener
from tests.factories.consent import CustomerFactory, GrantFactory, token_for

pytestmark = pytest.mark.django_db
DETAILS = [{"type": "cds_usage", "sync_until": "infinite"}]


@pytest.fixture(autouse=True)
def listener(monkeypatch):
    """Stand in for the app that computes access."""
    return plug_in_listener(monkeypatch)


def lives(raw):
    """Whether a token opens anything now."""
    token = tokens.find_access_token(raw)
    return token is not None and tokens.is_alive(token, now=timezone.now())


@pytest.mark.spec("WG1-02 8.2 d")
def test_suspending_pauses_and_resuming_gives_back():
    """Temporary: the same tokens work again; both sides are told and the trail knows."""
    grant = GrantFactory.create()
    raw = token_for(grant)
    suspended = staff.suspend_grant(grant=grant, reason="A dispute", by="user:1")
    assert (suspended.status, suspended.enabled_scope) == ("suspended", "")
    assert not lives(raw)
    resumed = staff.resume_grant(grant=grant, by="user:1")
    assert (resumed.status, resumed.enabled_scope) == ("active", grant.scope)
    assert resumed.suspended_from is None
    assert lives(raw)
    names = Message.objects.order_by("pk").values_list("name", "description")
    assert list(names) == [
        ("Grant suspended", "Access is suspended for now: A dispute"),
        ("Grant resumed", "Access is no longer suspended."),
    ]
    events = AuditEvent.objects.order_by("pk").values_list("action", "actor")
    assert list(events) == [("grant.suspended", "user:1"), ("grant.resumed", "user:1")]


def test_a_question_survives_a_suspension():
    """What the Client asked for still waits for the customer, and is still not given."""
    wider = [{**DETAILS[0], "include_meter_apps": True}]
    grant = GrantFactory.create(
        scope="cds_usage",
        status="needs_authorization",
        asked_scope="cds_usage",
        asked_authorization_details=wider,
    )
    staff.suspend_grant(grant=grant, reason="test", by="system")
    resumed = staff.resume_grant(grant=grant, by="system")
    assert resumed.status == "needs_authorization"
    assert resumed.published_details == wider
    assert resumed.enabled_authorization_details == DETAILS


def test_a_limit_survives_a_suspension():
    """Resuming is no way round a limit."""
    grant = GrantFactory.create()
    staff.limit_grant(grant=grant, scope_ids=["cds_usage"], reason="test", by="system")
    staff.suspend_grant(grant=grant, reason="test", by="system")
    resumed = staff.resume_grant(grant=grant, by="system")
    assert (resumed.status, resumed.enabled_scope) == ("partial", "cds_usage")


def test_a_suspended_grant_ends_like_any_other():
    """The customer can stop it meanwhile."""
    grant = GrantFactory.create()
    staff.suspend_grant(grant=grant, reason="test", by="system")
    ended = end_grant(grant=grant, status="revoked", reason="", by="system")
    assert (ended.status, ended.suspended_from) == ("revoked", None)


def test_a_partial_grant_opens_some_scopes():
    """Tokens open what is enabled and nothing else."""
    grant = GrantFactory.create()
    raw = token_for(grant)
    limited = staff.limit_grant(grant=grant, scope_ids=["cds_usage"], reason="test", by="system")
    assert (limited.status, limited.enabled_scope) == ("partial", "cds_usage")
    assert [e["type"] for e in limited.enabled_authorization_details] == ["cds_usage"]
    found = tokens.find_access_token(raw)
    assert found is not None
    assert tokens.open_scopes(found) == {"cds_usage"}
    assert staff.lift_limit(grant=grant, by="system").enabled_scope == grant.scope


@pytest.mark.parametrize(
    "scope_ids", [[], ["cds_usage", "cds_service_contracts"], ["cds_usage", "other"]]
)
def test_a_limit_is_some_of_the_scopes(scope_ids):
    """All would be no limit, none would be a suspension."""
    grant = GrantFactory.create()
    with pytest.raises(staff.InvalidStaffChange):
        staff.limit_grant(grant=grant, scope_ids=scope_ids, reason="test", by="system")
    assert Grant.objects.get().status == "active"


@pytest.mark.parametrize("status", ["delayed", "stopped", "errored"])
def test_data_states_leave_access_alone(status):
    """They tell how the data is doing (8.2); the same report twice is one Message."""
    grant = GrantFactory.create()
    raw = token_for(grant)
    for _ in range(2):
        reported = staff.report_data_state(grant=grant, status=status, by="system")
    assert reported.status == status
    assert lives(raw)
    assert Message.objects.count() == 1
    assert staff.report_data_state(grant=grant, status="active", by="system").status == "active"


def test_nothing_is_active_after_its_last_new_data():
    """The next sweep would undo it; the error names the day. Other reports stay possible."""
    end = datetime(2025, 3, 1, 6, tzinfo=UTC)
    grant = GrantFactory.create(status="stopped", new_data_until=end)
    with pytest.raises(ForbiddenTransition, match="2025-02-28") as refused:
        staff.report_data_state(grant=grant, status="active", by="system")
    assert refused.value.field == "status"
    assert not Message.objects.exists()
    assert staff.report_data_state(grant=grant, status="errored", by="system").status == "errored"


@pytest.mark.parametrize("action", [staff.suspend_grant, staff.disable_grant])
def test_a_reason_is_compulsory(action):
    """The client reads it."""
    with pytest.raises(staff.InvalidStaffChange):
        action(grant=GrantFactory.create(), reason=" ", by="system")


def test_a_parent_goes_on_when_all_its_children_do(listener):
    """CDS-WG1-02 8.2 needs_sub_grants: one tenant of two is not enough; a closed one is no more."""
    parent = GrantFactory.create()
    staff.require_sub_grants(grant=parent, by="system")
    children = [
        GrantFactory.create(user=CustomerFactory.create(), parent=parent, waiting=True)
        for _ in range(3)
    ]
    end_grant(grant=children[2], status="revoked", reason="", by="system")
    seen = []
    for child in children[:2]:
        assert child.user is not None
        authorize_grant(
            grant=child,
            user=child.user,
            by=child.user,
            terms=GrantTerms(authorization_details=DETAILS, scope="cds_usage"),
        )
        seen.append(Grant.objects.get(pk=parent.pk).status)
    assert seen == ["needs_sub_grants", "active"]
    assert parent.grant_id in listener.approved


def test_recomputing_takes_nothing_away():
    """Access goes on while the task works."""
    grant = GrantFactory.create()
    raw = token_for(grant)
    pending = staff.recompute_grant(grant=grant, by="system")
    assert (pending.status, pending.enabled_scope) == ("pending", grant.scope)
    assert lives(raw)
    (entry,) = OutboxEntry.objects.all()
    compute_grant(grant_id=entry.args[0])
    assert Grant.objects.get().status == "active"


@pytest.fixture
def run(staff):
    """Runs the command as staff; returns what it prints."""

    def call(*args):
        out = StringIO()
        call_command("change_grant", *args, "--by", staff.email, stdout=out)
        return out.getvalue().strip()

    return call


def test_the_command(run, staff):
    """Staff work by command until there is a page."""
    grant_id = GrantFactory.create().grant_id
    assert run(grant_id, "suspend", "--reason", "test") == "suspended"
    assert run(grant_id, "resume") == "active"
    assert run(grant_id, "limit", "--scopes", "cds_usage", "--reason", "test") == "partial"
    assert run(grant_id, "lift-limit") == "active"
    assert run(grant_id, "report", "delayed") == "delayed"
    assert run(grant_id, "report", "active") == "active"
    assert run(grant_id, "recompute") == "pending"
    assert run(grant_id, "require-sub-grants") == "needs_sub_grants"
    assert run(grant_id, "disable", "--reason", "test") == "disabled"
    assert set(AuditEvent.objects.values_list("actor", flat=True)) == {f"user:{staff.pk}"}
    with pytest.raises(CommandError, match="cannot become"):
        run(grant_id, "suspend", "--reason", "test")
    with pytest.raises(CommandError, match="no Grant"):
        run("gr_unknown", "resume")


def test_only_what_waits_can_be_resumed_or_lifted():
    """Each service has its own status to start from."""
    grant = GrantFactory.create()
    for action in (staff.resume_grant, staff.lift_limit):
        with pytest.raises(ForbiddenTransition):
            action(grant=grant, by="system")
