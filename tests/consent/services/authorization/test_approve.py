"""Answering a request: one transaction, one answer, and only what may be chosen."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from consent.models import AuthorizationCode, AuthorizationRequest, Grant, Receipt, Selection
from consent.services.authorization import approve as approval
from consent.services.authorization.answer import WaitsForAnother
from consent.services.authorization.approve import (
    ChoicesRefused,
    Problem,
    ProblemKind,
    show_request,
)
from consent.services.sections.choices import (
    Choices,
    SectionChoice,
    choices_from_json,
    choices_to_json,
)
from portal.models import AuditEvent, OutboxEntry
from tests.consent.oauth.support import answer_of
from tests.consent.pages.world import MERGED, World, service
from tests.factories.consent import GrantFactory


def pick(*ids: str, later: bool = False, section: int = 0) -> Choices:
    """Return choices of one section."""
    return Choices({section: SectionChoice(frozenset(ids), later=later)})


def approve(world: World, request: AuthorizationRequest, choices: Choices) -> str:
    """Approve as alice."""
    return world.approve(request, choices)


@pytest.mark.spec(
    "WG3-01 6 a", "WG3-01 9.1.1 m", "WG3-01 9.1.1 n", "WG3-01 9.1.1 p", "WG3-01 9.4 a"
)
def test_approval_makes_everything_at_once(world: World) -> None:
    """Grant, selections, receipt, audit, mail promise and code belong together."""
    request = world.ask(details=MERGED)
    url = approve(world, request, pick("sc_222222", later=True))
    grant = Grant.objects.get()
    assert answer_of(url)["state"] == "state-1"
    assert (grant.user, grant.client, grant.status) == (world.alice, world.client, "active")
    assert grant.scope == "cds_service_contracts cds_usage"
    assert AuthorizationCode.objects.get().cds_grant == grant
    receipt = Receipt.objects.get(grant=grant)
    mail = OutboxEntry.objects.get(task="consent.tasks.send_receipt")
    assert mail.args == [receipt.pk]
    assert AuditEvent.objects.filter(action="consent.approved").count() == 1
    request.refresh_from_db()
    assert (request.outcome, request.grant) == ("approved", grant)


def test_merged_requests_share_one_choice(world: World) -> None:
    """Each entry of the Grant has a selection of its own, with the same services (7.4.2)."""
    approve(world, world.ask(details=MERGED), pick("sc_222222", later=True))
    rows = Selection.objects.order_by("entry")
    assert [(row.entry, row.scope_id) for row in rows] == [
        (0, "cds_service_contracts"),
        (1, "cds_usage"),
    ]
    assert {tuple(row.object_ids) for row in rows} == {("sc_222222",)}
    assert all(row.include_future and not row.everything for row in rows)


@pytest.mark.spec("WG3-01 9.2.1.4 b")
def test_separate_requests_have_separate_choices(world: World) -> None:
    """Without merging each request section is chosen for itself."""
    choices = Choices(
        {0: SectionChoice(frozenset({"sc_222222"})), 1: SectionChoice(frozenset({"sc_333333"}))}
    )
    approve(world, world.ask(), choices)
    assert [row.object_ids for row in Selection.objects.order_by("entry")] == [
        ["sc_222222"],
        ["sc_333333"],
    ]


@pytest.mark.spec("WG3-01 6.1.9 j", "WG3-01 7.3 b")
def test_grants_carry_absolute_spans_and_no_preselections(world: World) -> None:
    """CDS-WG3-01 6 and 7.3: every field of the scope, resolved at the creation of the Grant."""
    request = world.ask("cds_usage", details=[{"type": "cds_usage", "service_types": ["electric"]}])
    approve(world, request, pick("sc_222222"))
    grant = Grant.objects.get()
    entry = grant.authorization_details[0]
    assert "service_types" not in entry
    assert "contract_numbers" not in entry
    assert entry["segment_start"].endswith("Z")
    assert entry["segment_end"][:4] == str(grant.created.year + 1)
    assert entry["include_meter_numbers"] is True


@pytest.mark.spec("WG3-01 7.3.8 c")
def test_expires_of_an_entry_ends_the_grant(world: World) -> None:
    """The Grant's `expires` is that of its entries (7.3.8)."""
    details = [{"type": name, "expires": "P30D"} for name in ("cds_service_contracts", "cds_usage")]
    request = world.ask(details=details)
    both = Choices({i: SectionChoice(frozenset({"sc_222222"})) for i in (0, 1)})
    approve(world, request, both)
    grant = Grant.objects.get()
    assert grant.expires is not None
    # Days of the calendar: in spring one of them lasts 23 hours.
    began, ends = (timezone.localdate(at) for at in (grant.created, grant.expires))
    assert ends - began == timedelta(days=30)


@pytest.mark.spec("WG3-01 9.2.1.6 e")
def test_a_second_click_gets_the_first_answer(world: World) -> None:
    """9.2.1.6: no duplicate authorization, and the browser still arrives."""
    request = world.ask(details=MERGED)
    first = approve(world, request, pick("sc_222222"))
    assert approve(world, request, pick("sc_333333")) == first
    assert approval.decline_authorization_request(request=request, by=world.alice) == first
    assert Grant.objects.count() == 1


def test_a_removed_request_gives_nothing(world: World) -> None:
    """The Grant has only what the customer left in."""
    choices = pick("sc_222222").with_removed(frozenset({1}))
    approve(world, world.ask(), choices)
    assert Grant.objects.get().scope == "cds_service_contracts"
    assert Selection.objects.count() == 1


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        (pick(), Problem(ProblemKind.NOTHING_CHOSEN, 0)),
        (pick("sc_444444"), Problem(ProblemKind.NOT_YOURS, 0)),
        (pick("sc_222222", "nonsense"), Problem(ProblemKind.NOT_YOURS, 0)),
        (pick("sc_555555"), Problem(ProblemKind.NOT_YOURS, 0)),
        (Choices(removed=frozenset({0})), Problem(ProblemKind.ALL_REMOVED, 0)),
    ],
)
def test_what_cannot_be_approved(world: World, choices: Choices, problem: Problem) -> None:
    """Nothing chosen, another customer's service, an unavailable one, everything removed."""
    world.own(service(222222), service(555555, unavailable_reason="Closed."))
    with pytest.raises(ChoicesRefused) as caught:
        approve(world, world.ask(details=MERGED), choices)
    assert problem in caught.value.problems
    assert not Grant.objects.exists()
    assert not Receipt.objects.exists()


@pytest.mark.spec("WG3-01 7.4.5 c")
def test_a_fixed_request_cannot_be_cut(world: World) -> None:
    """7.4.5: with allow_scope_modifications false it is all or nothing."""
    fixed = [{"type": scope, "allow_scope_modifications": False} for scope in ("cds_usage",)]
    choices = pick("sc_222222").with_removed(frozenset({1}))
    with pytest.raises(ChoicesRefused) as caught:
        approve(world, world.ask(details=fixed), choices)
    assert Problem(ProblemKind.NOT_REMOVABLE, 1) in caught.value.problems


def test_services_added_later_are_enough(world: World) -> None:
    """A customer without services yet can share the ones to come."""
    world.own()
    approve(world, world.ask(details=MERGED), pick(later=True))
    assert all(row.include_future for row in Selection.objects.all())


def test_somebody_else_cannot_answer(world: World) -> None:
    """A request belongs to the person who opened it."""
    request = world.ask(details=MERGED)
    approval.show_request(request=request, user=world.carol)
    with pytest.raises(WaitsForAnother):
        approve(world, request, pick("sc_222222"))


def test_an_expired_request_cannot_be_answered(world: World) -> None:
    """A form left open for too long authorizes nothing."""
    request = world.ask(details=MERGED)
    AuthorizationRequest.objects.update(expires=timezone.now())
    with pytest.raises(approval.RequestExpired):
        approve(world, request, pick("sc_222222"))


def test_a_failure_leaves_no_trace(world: World, monkeypatch: Any) -> None:
    """When the last step fails there is neither Grant nor receipt."""

    def broken(**_: Any) -> str:
        raise RuntimeError("broken")

    monkeypatch.setattr(approval, "answer_with_code", broken)
    with pytest.raises(RuntimeError):
        approve(world, world.ask(details=MERGED), pick("sc_222222"))
    assert not Grant.objects.exists()
    assert not OutboxEntry.objects.exists()


@pytest.mark.spec("WG3-01 9.1.1 l")
def test_declining_tells_the_client(world: World) -> None:
    """9.1.1: access_denied, and nothing is made."""
    url = approval.decline_authorization_request(request=world.ask(), by=world.alice)
    assert answer_of(url)["error"] == "access_denied"
    assert not Grant.objects.exists()


def test_large_selections_are_computed_later(world: World) -> None:
    """More services than can be computed while the customer waits: pending, but answered."""
    world.listener.objects = 201
    url = approve(world, world.ask(details=MERGED), pick("sc_222222"))
    assert "code" in answer_of(url)
    assert Grant.objects.get().status == "pending"


@pytest.mark.spec("WG3-01 9.1.1 m", "WG3-01 9.4 i")
@pytest.mark.spec("WG1-02 8.3 i")
def test_an_existing_grant_is_updated(world: World) -> None:
    """CDS-WG1-02 8.3: cds_grant_id authorizes that Grant, and adds a receipt to it."""
    waiting = GrantFactory.create(client=world.client, user=world.alice, waiting=True)
    request = world.ask(details=MERGED, cds_grant_id=waiting.grant_id)
    approve(world, request, pick("sc_222222"))
    waiting.refresh_from_db()
    assert waiting.status == "active"
    assert Grant.objects.count() == 1
    assert Receipt.objects.get().grant == waiting


def test_another_customers_grant_is_not_for_this_one(world: World) -> None:
    """CDS-WG1-02 8.3, second check."""
    waiting = GrantFactory.create(client=world.client, user=world.carol, waiting=True)
    request = world.ask(details=MERGED, cds_grant_id=waiting.grant_id)
    with pytest.raises(approval.GrantOfAnother):
        approval.check_person(request, world.alice)
    approval.check_person(request, world.carol)
    approval.check_person(world.ask(), world.alice)


def test_choices_survive_storage() -> None:
    """What is kept with the request is what was ticked."""
    choices = Choices({1: SectionChoice(frozenset({"a"}), True, "main", True)}, frozenset({0}))
    assert choices_from_json(choices_to_json(choices)) == choices
    assert choices_from_json({}) == Choices()


def test_the_first_person_at_the_form_keeps_it(world: World) -> None:
    """Two people with the same link at once: the second one's copy of the row is old."""
    request = world.ask(details=MERGED)
    stale = AuthorizationRequest.objects.get(pk=request.pk)
    show_request(request=request, user=world.alice)
    with pytest.raises(WaitsForAnother):
        show_request(request=stale, user=world.carol)
    assert AuthorizationRequest.objects.get().user == world.alice
