"""A customer decides about a part of what a Grant waits for (CDS-WG1-02 8.3, decision 58)."""

from typing import Any

import pytest

from consent.api.grants import to_wire
from consent.models import AuthorizationCode, Grant, Selection
from consent.services.authorization import approve
from consent.services.authorization.fill_grant import authorize_grant
from consent.services.grants.change_by_client import patch_grant
from consent.services.grants.lifecycle import (
    ForbiddenTransition,
    GrantTerms,
    SelectionInput,
    compute_grant,
)
from consent.services.sections.choices import Choices, SectionChoice
from portal.models import OutboxEntry
from tests.consent.pages.world import World
from tests.factories.consent import GrantFactory

BOTH = "cds_service_contracts cds_usage"
IN_A_YEAR, IN_TWO = "2099-01-01T00:00:00Z", "2100-01-01T00:00:00Z"


def pick(*ids: str, sections: int = 1) -> Choices:
    """Return the same choice in each section."""
    return Choices({number: SectionChoice(frozenset(ids)) for number in range(sections)})


def waiting(world: World, **fields: Any) -> Grant:
    """Make a Grant that nobody has authorized yet."""
    grant: Grant = GrantFactory.create(
        client=world.client, user=world.alice, waiting=True, **fields
    )
    return grant


def ask(world: World, grant: Grant, *scopes: str, **params: Any) -> Any:
    return world.ask(*scopes, cds_grant_id=grant.grant_id, **params)


def read(grant: Grant) -> dict[str, Any]:
    return to_wire(Grant.objects.get(pk=grant.pk))


def types(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["type"] for entry in entries]


def chosen(grant: Grant) -> dict[str, list[str]]:
    """Return the selections by the type of their entry."""
    grant.refresh_from_db()
    rows = Selection.objects.filter(grant=grant).order_by("entry")
    assert [row.entry for row in rows] == list(range(len(grant.authorization_details)))
    for row in rows:
        assert grant.authorization_details[row.entry]["type"] == row.scope_id
    return {row.scope_id: row.object_ids for row in rows}


@pytest.mark.spec("WG1-02 8.3 i")
def test_what_is_not_asked_stays_a_question(world: World) -> None:
    """The part opens; the Grant goes on waiting for the rest, and publishes all of it."""
    grant = waiting(world)
    world.approve(ask(world, grant, "cds_usage"), pick("sc_222222"))
    body = read(grant)
    assert (body["status"], body["scope"]) == ("needs_authorization", BOTH)
    assert body["enabled_scope"] == "cds_usage"
    assert types(body["enabled_authorization_details"]) == ["cds_usage"]
    rest, given = body["authorization_details"]
    assert rest == {"type": "cds_service_contracts", "sync_until": "infinite"}
    assert [given] == body["enabled_authorization_details"]
    assert chosen(grant) == {"cds_usage": ["sc_222222"]}
    assert AuthorizationCode.objects.get().scope == "cds_usage"
    assert grant.grant_id in world.listener.approved


@pytest.mark.spec("WG1-02 8.3 i")
def test_the_rest_can_be_asked_for_later(world: World) -> None:
    """Then nothing is left, and what was given first is as it was."""
    grant = waiting(world)
    world.approve(ask(world, grant, "cds_usage", state="first"), pick("sc_222222"))
    first = read(grant)["enabled_authorization_details"]
    world.approve(ask(world, grant, "cds_service_contracts", state="second"), pick("sc_333333"))
    body = read(grant)
    assert (body["status"], body["enabled_scope"], body["scope"]) == ("active", BOTH, BOTH)
    assert body["enabled_authorization_details"] == body["authorization_details"]
    assert first[0] in body["authorization_details"]
    assert chosen(grant) == {"cds_usage": ["sc_222222"], "cds_service_contracts": ["sc_333333"]}
    assert body["states"] == ["first", "second"]
    assert not Grant.objects.get().is_asking


def test_a_wider_wish_can_be_settled_in_parts(world: World) -> None:
    """What the Client got before and asks nothing new of stays open as it was."""
    entry = {"type": "cds_usage", "sync_until": IN_A_YEAR}
    contracts = {"type": "cds_service_contracts", "sync_until": IN_A_YEAR}
    grant = GrantFactory.create(
        client=world.client,
        user=world.alice,
        scope=BOTH,
        authorization_details=[contracts, entry],
    )
    for number, scope_id in enumerate(BOTH.split()):
        Selection.objects.create(
            grant=grant, entry=number, scope_id=scope_id, selection_type="s", object_ids=["sc_1"]
        )
    wider = [{**contracts, "sync_until": IN_TWO}, {**entry, "sync_until": IN_TWO}]
    patch_grant(grant=grant, changes={"authorization_details": wider}, by="client:test")
    world.approve(ask(world, grant, "cds_usage"), pick("sc_222222"))
    body = read(grant)
    assert body["status"] == "needs_authorization"
    assert body["authorization_details"][0]["sync_until"] == IN_TWO
    assert body["enabled_authorization_details"][0]["sync_until"] == IN_A_YEAR
    assert chosen(grant) == {"cds_service_contracts": ["sc_1"], "cds_usage": ["sc_222222"]}


def test_nothing_is_left_when_the_others_are_as_granted(world: World) -> None:
    """A wish about one scope alone is settled by a request for it alone."""
    contracts = {"type": "cds_service_contracts", "sync_until": IN_A_YEAR}
    grant = GrantFactory.create(
        client=world.client,
        user=world.alice,
        scope="cds_service_contracts",
        authorization_details=[contracts],
    )
    patch_grant(grant=grant, changes={"scope": BOTH}, by="client:test")
    world.approve(ask(world, grant, "cds_usage"), pick("sc_222222"))
    body = read(grant)
    assert (body["status"], body["enabled_scope"]) == ("active", BOTH)
    assert body["authorization_details"][0] == contracts


def test_what_the_customer_leaves_out_is_declined(world: World) -> None:
    """It was asked; only what was not asked stays."""
    grant = waiting(world)
    choices = pick("sc_222222", sections=2).with_removed(frozenset({1}))
    world.approve(ask(world, grant), choices)
    assert read(grant)["scope"] == "cds_service_contracts"
    assert read(grant)["status"] == "active"


def test_a_grant_ends_with_its_earliest_part(world: World) -> None:
    """It ends as a whole (CDS-WG3-01 7.3.8): a later part prolongs nothing."""
    grant = waiting(world)
    world.approve(
        ask(world, grant, "cds_usage", details=[{"type": "cds_usage", "expires": "P30D"}]),
        pick("sc_222222"),
    )
    ends = Grant.objects.get().expires
    assert ends is not None
    details = [{"type": "cds_service_contracts", "expires": "P60D"}]
    world.approve(ask(world, grant, "cds_service_contracts", details=details), pick("sc_333333"))
    assert Grant.objects.get().expires == ends


def test_a_large_part_opens_piece_by_piece(world: World, settings: Any) -> None:
    """The task computes what was granted, although the Grant still waits."""
    settings.SYNCHRONOUS_SELECTION_LIMIT = 1
    world.listener.objects = 2
    grant = waiting(world)
    world.approve(ask(world, grant, "cds_usage"), pick("sc_222222", "sc_333333"))
    assert OutboxEntry.objects.filter(task="consent.tasks.compute_grant").count() == 1
    assert chosen(grant) == {"cds_usage": ["sc_222222", "sc_333333"]}
    assert compute_grant(grant_id=grant.grant_id)
    assert read(grant)["status"] == "needs_authorization"


def test_a_grant_that_waits_for_less_by_now_is_not_widened(world: World) -> None:
    """The Client gave a scope up while the form was open: asked again, the request fails."""
    grant = waiting(world)
    request = ask(world, grant)
    approve.check_person(request, world.alice)
    patch_grant(grant=grant, changes={"scope": "cds_usage"}, by="client:test")
    with pytest.raises(approve.GrantNotWaiting):
        approve.check_person(request, world.alice)
    with pytest.raises(ForbiddenTransition):
        authorize_grant(
            grant=grant,
            user=world.alice,
            asked=BOTH.split(),
            by="system",
            terms=GrantTerms(
                authorization_details=[],
                scope=BOTH,
                selections=[SelectionInput(0, "cds_usage", "s")],
            ),
        )
