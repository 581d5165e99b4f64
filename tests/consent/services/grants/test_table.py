"""The whole table of Grant statuses, drawn through the real services (CDS-WG1-02 8.2)."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consent.catalogue.demo_offers import FILES_ID
from consent.models import Grant
from consent.services.authorization.fill_grant import authorize_grant
from consent.services.grants import change_by_utility as staff
from consent.services.grants.change_by_client import patch_grant
from consent.services.grants.lifecycle import (
    TRANSITIONS,
    ForbiddenTransition,
    GrantTerms,
    compute_grant,
    end_grant,
)
from consent.services.grants.sweep import start_grant
from registration.services.files.upload import upload_file
from tests.consent.oauth.support import offer_demo_scopes, plug_in_listener
from tests.factories.consent import GrantFactory

pytestmark = pytest.mark.django_db
Status = Grant.Status

# Rows lead to the columns marked with x. A second copy on purpose: a slip in one shows.
TABLE = """
                     ac fu pe pa na ns di su re cl ex de st er
active               .  .  x  x  x  x  x  x  x  x  x  x  x  x
future               x  .  x  .  .  .  x  .  x  x  x  .  .  .
pending              x  .  .  x  x  x  x  x  x  x  x  x  x  x
partial              x  .  x  .  .  .  x  x  x  x  x  .  .  .
needs_authorization  x  x  x  .  .  .  x  x  x  x  x  .  .  .
needs_sub_grants     x  .  x  .  .  .  x  x  x  x  x  .  .  .
disabled             .  .  .  .  .  .  .  .  .  .  .  .  .  .
suspended            x  .  x  x  x  x  x  .  x  x  x  .  .  .
revoked              .  .  .  .  .  .  .  .  .  .  .  .  .  .
closed               .  .  .  .  .  .  .  .  .  .  .  .  .  .
expired              .  .  .  .  .  .  .  .  .  .  .  .  .  .
delayed              x  .  x  .  x  .  x  x  x  x  x  .  x  x
stopped              x  .  x  .  x  .  x  x  x  x  x  x  .  x
errored              x  .  x  .  x  .  x  x  x  x  x  x  x  .
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
STATUSES = [status.value for status in Status]
PAIRS = [
    pytest.param(start, target, mark == "x", id=f"{start}-{target}")
    for start, *marks in ROWS
    for target, mark in zip(STATUSES, marks, strict=True)
]
LARGE = {Status.PENDING}
HICCUPS = {Status.DELAYED, Status.STOPPED, Status.ERRORED}


@pytest.fixture
def listener(monkeypatch, settings):
    """Stand in for the app that computes access; two objects are a large selection."""
    settings.SYNCHRONOUS_SELECTION_LIMIT = 1
    return plug_in_listener(monkeypatch)


def test_the_table_is_complete():
    """A status nobody thought of would fail here; the two copies agree."""
    assert [row[0] for row in ROWS] == STATUSES
    drawn = {
        start: {t for t, mark in zip(STATUSES, marks, strict=True) if mark == "x"}
        for start, *marks in ROWS
    }
    assert {start: set(targets) for start, targets in TRANSITIONS.items()} == drawn


def grant_that_is(status: str, *, resumes_as: str = "active") -> Grant:
    """Return a Grant of a customer with this status, as the services leave one."""
    offer_demo_scopes()
    values: dict[str, Any] = {"status": status}
    if status in {*Grant.WITHOUT_ACCESS, Status.NEEDS_SUB_GRANTS, Status.NEEDS_AUTHORIZATION}:
        values |= {"enabled_scope": "", "enabled_authorization_details": []}
    if status == Status.PARTIAL:
        values |= {
            "enabled_scope": "cds_usage",
            "enabled_authorization_details": [{"type": "cds_usage", "sync_until": "infinite"}],
        }
    if status == Status.PENDING:
        values["eta"] = timezone.now() + timedelta(minutes=1)
    if status == Status.SUSPENDED:
        scope = "cds_usage" if resumes_as == Status.PARTIAL else ""
        values["suspended_from"] = {"status": resumes_as, "scope": scope}
    if status == Status.FUTURE:
        values["not_before"] = timezone.now()
    return GrantFactory.create(**values)


def ask_for_a_file(grant: Grant) -> None:
    """Let the Client of a Grant without a customer want a file as well; the utility reviews it."""
    client = grant.client
    client.scopes = [*client.scopes, FILES_ID]
    client.save()
    file = upload_file(
        registration=client.registration, name="a.csv", content=io.BytesIO(b"1"), by="system"
    )
    wanted = [*grant.authorization_details, {"type": FILES_ID, "file_id": file.file_id}]
    patch_grant(grant=grant, changes={"authorization_details": wanted}, by="client:test")


def authorize(grant: Grant, **values) -> Grant:
    """Let the customer approve the Grant."""
    assert grant.user is not None
    return authorize_grant(
        grant=grant,
        user=grant.user,
        by="system",
        terms=GrantTerms(
            authorization_details=grant.authorization_details, scope=grant.scope, **values
        ),
    )


def go_on(grant: Grant, target: str) -> Grant:
    """Call the service by which a Grant gets going: to `active`, or `pending` when it is large."""
    if grant.status == Status.FUTURE:
        return start_grant(grant=grant, by="system")
    if grant.status == Status.NEEDS_AUTHORIZATION:
        return authorize(grant)
    if grant.status == Status.SUSPENDED:
        return staff.resume_grant(grant=grant, by="system")
    if grant.status == Status.NEEDS_SUB_GRANTS:
        child = GrantFactory.create(parent=grant, pending=True)
        compute_grant(grant_id=child.grant_id)
        return grant
    if grant.status == Status.PARTIAL:
        return staff.lift_limit(grant=grant, by="system")
    if grant.status == Status.PENDING and target == Status.ACTIVE:
        compute_grant(grant_id=grant.grant_id)
        return grant
    if target == Status.PENDING or grant.status == Status.ACTIVE:
        return staff.recompute_grant(grant=grant, by="system")
    return staff.report_data_state(grant=grant, status=Status.ACTIVE, by="system")


def move(grant: Grant, target: str) -> None:
    """Call the service that leads to a status."""
    if target in Grant.ENDED:
        if grant.status == target:
            raise ForbiddenTransition("ending twice changes nothing, see test_grants")
        end_grant(grant=grant, status=target, reason="test", by="system")
    elif target == Status.SUSPENDED:
        staff.suspend_grant(grant=grant, reason="test", by="system")
    elif target == Status.FUTURE:
        authorize(grant, not_before=timezone.now() + timedelta(hours=1))
    elif grant.status == Status.SUSPENDED and target in Grant.LIMITED:
        staff.resume_grant(grant=grant, by="system")
    elif target == Status.NEEDS_SUB_GRANTS:
        staff.require_sub_grants(grant=grant, by="system")
    elif target == Status.PARTIAL:
        staff.limit_grant(grant=grant, scope_ids=["cds_usage"], reason="test", by="system")
    elif target == Status.NEEDS_AUTHORIZATION:
        wider = [{**grant.authorization_details[0], "include_meter_apps": True}]
        changes = {"scope": "cds_service_contracts", "authorization_details": wider}
        patch_grant(grant=grant, changes=changes, by="client:test")
        if Grant.objects.get(pk=grant.pk).status == grant.status:
            raise ForbiddenTransition("the question changed, not the status")
    elif grant.status == target:
        raise ForbiddenTransition("reporting twice changes nothing, see test_grants_staff")
    elif target == Status.PENDING and grant.status in HICCUPS:
        ask_for_a_file(grant)
    elif target in HICCUPS:
        staff.report_data_state(grant=grant, status=target, by="system")
    else:
        go_on(grant, target)


@pytest.mark.parametrize(("start", "target", "allowed"), PAIRS)
def test_every_transition(listener, start, target, allowed):
    """All 196 pairs: the service gets there, or refuses and leaves the Grant as it was."""
    listener.objects = 2 if target in LARGE else 1
    grant = grant_that_is(start, resumes_as=target)
    if start in HICCUPS and target == Status.PENDING:
        Grant.objects.filter(pk=grant.pk).update(user=None)
        grant.refresh_from_db()
    if not allowed:
        with pytest.raises(ForbiddenTransition):
            move(grant, target)
        if start != Status.NEEDS_AUTHORIZATION or target != start:
            assert Grant.objects.get(pk=grant.pk).modified == grant.modified
        assert Grant.objects.get(pk=grant.pk).status == start
        return
    move(grant, target)
    after = Grant.objects.get(pk=grant.pk)
    assert after.status == target
    assert (after.eta is not None) == (target == Status.PENDING)
    assert after.gives_access(timezone.now()) == (target not in Grant.WITHOUT_ACCESS)
    if target in {Status.ACTIVE, Status.PENDING, Status.DELAYED, Status.STOPPED, Status.ERRORED}:
        assert after.enabled_scope == after.scope
        assert after.enabled_authorization_details == after.authorization_details
