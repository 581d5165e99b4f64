"""From a Client's wish to the customer's approval (CDS-WG1-02 8.3 and 8.6), on the real form."""

from consent.models import Grant
from consent.services.authorization import approve
from consent.services.grants.change_by_client import patch_grant
from consent.services.sections.choices import Choices, SectionChoice
from tests.consent.pages.world import World

ONE = Choices({0: SectionChoice(frozenset({"sc_222222"}))})


def test_the_approval_settles_what_was_asked(world: World) -> None:
    """The same Grant, with what the customer approved: not more, and nothing left to ask."""
    first = world.ask("cds_usage")
    world.approve(first, ONE)
    grant = Grant.objects.get()
    (granted,) = grant.authorization_details
    wider = [{**granted, "include_coordinates": True}]
    patch_grant(grant=grant, changes={"authorization_details": wider}, by="client:test")
    waiting = Grant.objects.get()
    assert (waiting.status, waiting.enabled_authorization_details) == (
        "needs_authorization",
        [granted],
    )
    assert waiting.selections.get().object_ids == ["sc_222222"]

    again = world.ask("cds_usage", details=[{"type": "cds_usage", "include_coordinates": True}])
    again.params = {**again.params, "cds_grant_id": grant.grant_id}
    again.save()
    approve.check_person(again, world.alice)
    world.approve(again, ONE)
    after = Grant.objects.get()
    assert (after.status, after.is_asking) == ("active", False)
    assert after.enabled_authorization_details == after.authorization_details
    assert after.authorization_details[0]["include_coordinates"] is True
    assert after.receipts.count() == 2


def test_declining_leaves_what_was_granted(world: World) -> None:
    """The wish stays a wish; access is as before."""
    first = world.ask("cds_usage")
    world.approve(first, ONE)
    grant = Grant.objects.get()
    changes = {"scope": "cds_usage cds_service_contracts"}
    patch_grant(grant=grant, changes=changes, by="client:test")
    again = world.ask("cds_service_contracts")
    approve.decline_authorization_request(request=again, by=world.alice)
    after = Grant.objects.get()
    assert after.open_scope_ids == ["cds_usage"]
    assert after.authorization_details == grant.authorization_details
