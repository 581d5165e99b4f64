"""CDS-WG1-02 8.6: a Client wants more of what the utility itself gave, and people decide."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client as Browser

from consent.models import Grant
from consent.services.grants import change_by_utility as staff
from consent.services.grants.lifecycle import ForbiddenTransition, compute_grant, end_grant
from consent.services.grants.review import GrantChanges
from consent.tasks import sweep_grants
from portal.models import AuditEvent, OutboxEntry
from registration.errors import InvalidRequest
from registration.models import Message
from registration.services.messages.handlers import Update
from registration.services.messages.write import ForbiddenStatus
from registration.services.reviews.case import case_of
from registration.services.reviews.decide import approve_request, reject_request
from registration.services.reviews.presenter import present
from tests.consent.files_party import SCOPE, Party
from tests.consent.oauth.support import offer_demo_scopes, plug_in_listener
from tests.factories.consent import GrantFactory, admin_token_for
from tests.races import at_once
from tests.registration.schemas import problems

pytestmark = pytest.mark.django_db
GRANTS, FILES = "/cds-api/v1/grants", "/cds-api/v1/server-provided-files"


@pytest.fixture(autouse=True)
def _offers(monkeypatch):
    plug_in_listener(monkeypatch)
    offer_demo_scopes()


class World(Party):
    """A party with one shared file and one that it only knows of."""

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"Authorization": f"Bearer {admin_token_for(self.admin)}"}
        self.shared, self.other = self.upload(), self.upload(name="b.csv")
        self.grant = self.share(self.shared)

    def entries(self, *files: Any) -> list[dict[str, str]]:
        return [{"type": SCOPE, "file_id": file.file_id} for file in files]

    def patch(self, body: object, grant: Grant | None = None) -> Any:
        path = f"{GRANTS}/{(grant or self.grant).grant_id}"
        text = json.dumps(body)
        return Browser().patch(path, text, content_type="application/json", headers=self.headers)

    def want(self, *files: Any) -> Any:
        return self.patch({"authorization_details": self.entries(*files)})

    def now(self) -> Grant:
        found: Grant = Grant.objects.get(pk=self.grant.pk)
        return found

    def message(self, **filters: Any) -> Message:
        found: Message = Message.objects.get(type="field_changes", **filters)
        return found

    def readable(self) -> set[str]:
        body = Browser().get(FILES, headers=self.reads(self.now())).json()
        return {file["file_id"] for file in body["files"]}


@pytest.fixture
def party():
    """A party with files."""
    return World()


@pytest.mark.spec("WG1-02 8.6 j", "WG1-02 8.6 k")
def test_more_waits_for_the_utility(party):
    """The wish is published, the access is what it was, and the file granted stays readable."""
    response = party.want(party.shared, party.other)
    assert response.status_code == 202, response.content
    body = response.json()
    assert problems("Grant", body) == []
    assert body["status"] == "pending"
    assert body["eta"] is not None
    assert body["authorization_details"] == party.entries(party.shared, party.other)
    assert (body["scope"], body["enabled_scope"]) == (SCOPE, SCOPE)
    assert body["enabled_authorization_details"] == party.entries(party.shared)
    assert party.readable() == {party.shared.file_id}


@pytest.mark.spec("WG1-02 6.5 c")
def test_a_message_tells_of_the_review(party):
    """Waiting, by the server, leading to the Grant; the contacts hear of it."""
    party.want(party.shared, party.other)
    listed = Browser().get("/cds-api/v1/messages", headers=party.headers).json()
    (shown,) = [m for m in listed["outstanding"] if m["type"] == "field_changes"]
    assert problems("Message", shown) == []
    assert (shown["status"], shown["creator"], shown["read"]) == ("pending", None, False)
    assert shown["related_type"] == "grant"
    assert shown["related_uri"].endswith(f"{GRANTS}/{party.grant.grant_id}")
    (update,) = shown["updates_requested"]
    assert update["field"] == "authorization_details"
    assert update["previous_value"] == party.entries(party.shared)
    assert update["new_value"] == party.entries(party.shared, party.other)
    assert OutboxEntry.objects.filter(args=[shown["message_id"]]).count() == 1
    assert AuditEvent.objects.filter(action="grant.review_opened").exists()


def test_staff_see_the_grant_and_both_values(party):
    """The Message holds the wish, so that no version has to be named."""
    party.want(party.shared, party.other)
    case = case_of(party.message())
    assert isinstance(case, GrantChanges)
    assert (case.grant_id, case.client_id) == (party.grant.grant_id, party.files.client_id)
    assert case.updates == (
        Update(
            field="authorization_details",
            previous_value=party.entries(party.shared),
            new_value=party.entries(party.shared, party.other),
        ),
    )
    view = present(party.message())
    assert party.grant.grant_id in {line.name: line.text for line in view.lines}["grant_id"]
    assert view.version == ""


@pytest.mark.spec("WG1-02 8.6 d")
def test_approval_widens(party, staff, capsys):
    """By the command that staff use; the answer is the Client's request_update."""
    party.want(party.shared, party.other)
    message = party.message()
    call_command("list_requests")
    assert message.message_id in capsys.readouterr().out
    call_command("show_request", message.message_id)
    assert party.other.file_id in capsys.readouterr().out
    call_command("approve_request", message.message_id, by=staff.email)
    grant = party.now()
    assert (grant.status, grant.eta, grant.is_asking, grant.review) == ("active", None, False, None)
    wanted = party.entries(party.shared, party.other)
    assert grant.authorization_details == grant.enabled_authorization_details == wanted
    assert party.readable() == {party.shared.file_id, party.other.file_id}
    update = Message.objects.get(type="request_update", previous=message)
    assert (update.status, update.related_type) == ("complete", "grant")
    assert party.message().status == "complete"
    assert AuditEvent.objects.get(action="grant.widened").actor == f"user:{staff.pk}"
    with pytest.raises(CommandError):
        call_command("approve_request", message.message_id, by=staff.email)


@pytest.mark.spec("WG1-02 6.3 f")
def test_rejection_leaves_what_was_granted(party):
    """A reason is compulsory; afterwards the Grant is as if nobody had asked."""
    party.want(party.shared, party.other)
    message = party.message()
    with pytest.raises(InvalidRequest):
        reject_request(message=message, reason=" ", by="system")
    assert party.now().status == "pending"
    update = reject_request(message=message, reason="That file is not for you.", by="system")
    assert (update.status, update.description) == ("rejected", "That file is not for you.")
    body = Browser().get(f"{GRANTS}/{party.grant.grant_id}", headers=party.headers).json()
    assert (body["status"], body["eta"]) == ("active", None)
    assert body["authorization_details"] == party.entries(party.shared)
    assert party.readable() == {party.shared.file_id}
    assert AuditEvent.objects.filter(action="grant.widening_rejected").exists()


@pytest.mark.spec("WG1-02 8.6 e", "WG1-02 8.6 i")
def test_less_is_done_at_once(party):
    """200, whatever else is going on."""
    grant = party.share(party.shared, party.other)
    response = party.patch({"authorization_details": party.entries(party.other)}, grant)
    assert (response.status_code, response.json()["status"]) == (200, "active")
    assert response.json()["enabled_authorization_details"] == party.entries(party.other)
    assert not Message.objects.filter(type="field_changes").exists()


def test_another_file_instead_of_the_granted_one(party):
    """The old one is given back at once; once the new one is refused nothing is left to give."""
    response = party.want(party.other)
    assert response.status_code == 202
    body = response.json()
    assert (body["enabled_scope"], body["enabled_authorization_details"]) == ("", [])
    assert (body["scope"], body["authorization_details"]) == (SCOPE, party.entries(party.other))
    assert party.ask(party.now()).status_code == 400
    reject_request(message=party.message(), reason="no", by="system")
    assert party.now().status == "closed"


def test_another_file_instead_approved(party):
    """Then the Grant is about that one alone."""
    party.want(party.other)
    approve_request(message=party.message(), by="system")
    assert party.readable() == {party.other.file_id}


def test_the_same_wish_again_changes_nothing(party):
    """Neither a second review nor a new date."""
    party.want(party.shared, party.other)
    before = party.now()
    response = party.want(party.shared, party.other)
    assert response.status_code == 200
    assert party.now().modified == before.modified
    assert party.message().status == "pending"


def test_a_newer_wish_takes_the_place_of_the_older(party):
    """Staff decide about the newest alone, and it says what is granted, not what was wanted."""
    third = party.upload(name="c.csv")
    party.want(party.shared, party.other)
    first = party.message()
    assert party.want(party.shared, third).status_code == 202
    second = party.message(status="pending")
    assert second.updates_requested[0]["previous_value"] == party.entries(party.shared)
    first.refresh_from_db()
    assert first.status == "rejected"
    with pytest.raises(ForbiddenStatus):
        approve_request(message=first, by="system")
    approve_request(message=second, by="system")
    assert party.readable() == {party.shared.file_id, third.file_id}


@pytest.mark.parametrize("status", ["active", "delayed", "stopped", "errored"])
@pytest.mark.parametrize("how", ["approve", "reject", "take back"])
def test_the_grant_goes_back_to_how_its_data_was(party, status, how):
    """A wish does not make late data punctual."""
    staff.report_data_state(grant=party.grant, status=status, by="system")
    assert party.want(party.shared, party.other).status_code == 202
    if how == "approve":
        approve_request(message=party.message(), by="system")
    elif how == "reject":
        reject_request(message=party.message(), reason="no", by="system")
    else:
        response = party.want(party.shared)
        assert (response.status_code, response.json()["status"]) == (200, status)
        assert party.message().status == "rejected"
    assert (party.now().status, party.now().eta) == (status, None)
    assert party.now().enabled_scope == SCOPE


def test_an_end_ends_the_review(party):
    """Nobody is left with a decision about nothing."""
    party.want(party.shared, party.other)
    response = party.patch({"status": "closed"})
    assert (response.status_code, response.json()["status"]) == (200, "closed")
    assert response.json()["authorization_details"] == party.entries(party.shared)
    assert party.message().status == "rejected"
    assert not party.now().is_asking


def test_a_review_that_failed_holds_nothing_up(party, staff):
    """Staff say that it could not be processed: the Grant can still end."""
    party.want(party.shared, party.other)
    by = staff.email
    call_command("update_request", party.message().message_id, "errored", text="Broken", by=by)
    assert party.patch({"status": "closed"}).json()["status"] == "closed"


def test_suspended_meanwhile(party):
    """The suspension goes on, whatever is decided; resumed, the Grant gives what was approved."""
    party.want(party.shared, party.other)
    staff.suspend_grant(grant=party.now(), reason="test", by="system")
    assert party.now().enabled_scope == ""
    staff.resume_grant(grant=party.now(), by="system")
    assert (party.now().status, party.now().is_under_review) == ("pending", True)
    assert party.readable() == {party.shared.file_id}
    staff.suspend_grant(grant=party.now(), reason="test", by="system")
    approve_request(message=party.message(), by="system")
    assert (party.now().status, party.now().enabled_scope) == ("suspended", "")
    staff.resume_grant(grant=party.now(), by="system")
    assert party.now().status == "active"
    assert party.readable() == {party.shared.file_id, party.other.file_id}


def test_decided_while_suspended_a_stopped_grant_is_stopped_again(party):
    """What staff reported of its data still holds."""
    party.share(party.shared)
    staff.report_data_state(grant=party.now(), status="stopped", by="system")
    assert (
        party.patch({"authorization_details": party.entries(party.shared, party.other)}).status_code
        == 202
    )
    staff.suspend_grant(grant=party.now(), reason="test", by="system")
    approve_request(message=party.message(), by="system")
    staff.resume_grant(grant=party.now(), by="system")
    assert party.now().status == "stopped"


def test_suspended_and_taken_back(party):
    """Giving a wish up is possible at any time, a new one is not."""
    party.want(party.shared, party.other)
    staff.suspend_grant(grant=party.now(), reason="test", by="system")
    assert party.want(party.shared).status_code == 200
    assert (party.now().status, party.now().review) == ("suspended", None)
    assert party.want(party.shared, party.other).status_code == 400


def test_staff_decide_before_they_change_anything_else(party):
    """Limits and reports would hide that something waits."""
    party.want(party.shared, party.other)
    grant = party.now()
    for change in (
        partial(staff.limit_grant, scope_ids=[SCOPE], reason="x"),
        partial(staff.report_data_state, status="delayed"),
        staff.require_sub_grants,
        staff.recompute_grant,
    ):
        with pytest.raises(ForbiddenTransition):
            change(grant=grant, by="system")
    assert party.now().modified == grant.modified


def test_the_promised_time_moves_on(party):
    """A late review is postponed; no computation decides in the place of people."""
    party.want(party.shared, party.other)
    first = party.now().eta
    assert first is not None
    with time_machine.travel(first + timedelta(minutes=1), tick=False):
        sweep_grants()
        assert party.now().eta > first + timedelta(days=1)
    compute_grant(grant_id=party.grant.grant_id)
    assert (party.now().status, party.now().is_under_review) == ("pending", True)
    assert not OutboxEntry.objects.filter(task="consent.tasks.compute_grant").exists()


@pytest.mark.spec("WG1-02 8.6 g")
def test_what_cannot_be_asked(party):
    """Another party's file looks like one that does not exist; customers' data needs customers."""
    theirs = World()
    unknown = [{"type": SCOPE, "file_id": "file_unknown"}]
    foreign = party.entries(theirs.shared)
    answers = [
        party.patch({"authorization_details": party.entries(party.shared) + more})
        for more in (unknown, foreign)
    ]
    assert [a.status_code for a in answers] == [400, 400]
    assert answers[0].json()["field"] == answers[1].json()["field"] == "file_id"
    assert answers[0].json()["error_description"] == answers[1].json()["error_description"]
    for body in (
        {"scope": f"{SCOPE} cds_usage"},
        {"scope": f"{SCOPE} cds_client_admin"},
        {"authorization_details": [{"type": "cds_usage"}]},
    ):
        assert party.patch(body).status_code == 400
    own = Grant.objects.get(client=party.admin)
    assert party.patch({"scope": f"cds_client_admin {SCOPE}"}, own).status_code == 400
    assert party.now().modified == party.grant.modified
    assert not Message.objects.filter(type="field_changes").exists()


def test_a_limited_grant_is_the_utilitys_to_widen(party):
    """As with the Grants of customers."""
    values = {"enabled_scope": "", "enabled_authorization_details": []}
    for status in ("future", "needs_sub_grants", "partial"):
        grant = GrantFactory.create(
            client=party.files,
            user=None,
            scope=SCOPE,
            authorization_details=party.entries(party.shared),
            status=status,
            **values,
        )
        wish = {"authorization_details": party.entries(party.shared, party.other)}
        assert party.patch(wish, grant).status_code == 400


def test_the_decision_meets_todays_facts(party):
    """A Client that was disabled meanwhile gets no more."""
    party.want(party.shared, party.other)
    client = party.files
    client.cds_status = "disabled"
    client.save()
    with pytest.raises(InvalidRequest):
        approve_request(message=party.message(), by="system")
    assert party.now().status == "pending"
    assert party.message().status == "pending"


def test_reviews_of_clients_and_grants_keep_apart(party):
    """Both are field_changes of the same Client; a PUT replaces its own wishes alone."""
    party.want(party.shared, party.other)
    waiting = party.message()
    client = party.files
    client.cds_status_options = ["production", "disabled"]
    client.cds_status = "production"
    client.save()
    url = f"/cds-api/v1/clients/{client.client_id}"
    body = Browser().get(url, headers=party.headers).json() | {"client_name": "Another name"}
    response = Browser().put(
        url, json.dumps(body), content_type="application/json", headers=party.headers
    )
    assert response.status_code == 202, response.content
    waiting.refresh_from_db()
    assert waiting.status == "pending"
    assert Message.objects.filter(type="field_changes", status="pending").count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["approve", "reject", "patch", "end"])
def test_at_once(other):
    """Staff approve while somebody else does something: one of them is later, nobody is stuck."""
    party = World()
    party.want(party.shared, party.other)
    message = party.message()
    calls = {
        "approve": partial(approve_request, message=message, by="system"),
        "reject": partial(reject_request, message=message, reason="no", by="system"),
        "patch": partial(party.want, party.shared),
        "end": partial(end_grant, grant=party.now(), status="disabled", reason="test", by="system"),
    }
    seen = at_once(calls["approve"], calls[other])
    assert not any(isinstance(each, OperationalError) for each in seen)
    grant = party.now()
    assert not grant.is_under_review
    assert party.message().status in {"complete", "rejected"}
    assert grant.status == ("disabled" if other == "end" else "active")
    if grant.status == "active":
        count = len(grant.enabled_authorization_details)
        assert grant.enabled_authorization_details == grant.authorization_details
        assert count == (1 if other == "patch" or party.message().status == "rejected" else 2)
