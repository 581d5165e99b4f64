"""Grants that staff create for a request by Message (CDS-WG1-02 6.9)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from consent.models import Grant, Receipt, Selection
from consent.services.authorization.approve_grant_request import GrantRequestCase, GrantWish
from consent.services.grants.lifecycle import lock_person
from portal.errors import DomainError
from portal.models import OutboxEntry
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.services.messages.handlers import handler_of
from registration.services.reviews.case import case_of
from registration.services.reviews.decide import approve_request, reject_request
from registration.services.reviews.presenter import present
from tests.consent.pages.world import MERGED, World
from tests.factories.registration import ClientFactory, MessageFactory
from tests.registration.support import caller


def ask(world: World, *grants: dict[str, Any]) -> Message:
    """Return a waiting request for these Grants."""
    wanted = grants or ({"scope": "cds_usage", "authorization_details": []},)
    made: Message = MessageFactory.create(
        registration=world.client.registration,
        type="grant_request",
        status="pending",
        creator="cl_admin",
        client=world.client,
        grants_requested=list(wanted),
    )
    return made


def approve(message: Message, customer: str = "Alice@example.com") -> Message:
    """Approve as staff."""
    return approve_request(message=message, options={"customer": customer}, by="command:test")


def test_staff_see_each_grant_that_is_asked_for(world: World) -> None:
    """With its entries, and the Client that is to get them."""
    message = ask(
        world,
        {"scope": "cds_usage", "authorization_details": []},
        {"scope": "cds_service_contracts cds_usage", "authorization_details": list(MERGED)},
    )
    assert case_of(message) == GrantRequestCase(
        client_id=world.client.client_id,
        grants=(
            GrantWish(scope="cds_usage", authorization_details=[]),
            GrantWish(scope="cds_service_contracts cds_usage", authorization_details=list(MERGED)),
        ),
    )
    view = present(message)
    lines = {line.name: line.text for line in view.lines}
    assert '"scope": "cds_usage"' in lines["grants"]
    assert "customer=ADDRESS" in lines["options"]
    assert view.version == ""


@pytest.mark.spec("WG1-02 6.9 s")
def test_approval_creates_grants_for_the_named_customer(world: World) -> None:
    """One Grant for each entry, with the customer's services, a receipt and its mail."""
    message = ask(
        world,
        {"scope": "cds_usage", "authorization_details": []},
        {"scope": "cds_service_contracts cds_usage", "authorization_details": list(MERGED)},
    )
    update = approve(message)
    grants = list(Grant.objects.order_by("pk"))
    assert [grant.scope for grant in grants] == ["cds_usage", "cds_service_contracts cds_usage"]
    assert {(grant.user, grant.client, grant.status) for grant in grants} == {
        (world.alice, world.client, "active")
    }
    assert {tuple(row.object_ids) for row in Selection.objects.all()} == {
        ("sc_222222", "sc_333333")
    }
    assert Receipt.objects.count() == 2
    assert OutboxEntry.objects.filter(task="consent.tasks.send_receipt").count() == 2
    message.refresh_from_db()
    assert (message.status, update.status, update.related_type) == (
        "complete",
        "complete",
        "grant_list",
    )


@pytest.mark.spec("WG1-02 6.3 d")
def test_the_link_lists_exactly_these_grants(world: World) -> None:
    """CDS-WG1-02 6.3: a listing with URL parameters, which the party's own token opens."""
    approve(ask(world))
    update = approve(ask(world), "carol@example.com")
    (grant,) = Grant.objects.filter(user=world.carol)
    parts = urlsplit(update.related_uri)
    assert parse_qs(parts.query) == {"grant_ids": [grant.grant_id]}
    admin = (
        ClientFactory.create(admin=True, registration=world.client.registration)
        if not (world.client.registration.clients.filter(scopes=["cds_client_admin"]).exists())
        else world.client.registration.clients.get(scopes=["cds_client_admin"])
    )
    listed = caller(admin).get(update.related_uri).json()["grants"]
    assert [row["grant_id"] for row in listed] == [grant.grant_id]


def test_preselections_narrow_what_is_shared(world: World) -> None:
    """As on the form, where they tick the rows."""
    details = [{"type": "cds_usage", "service_types": ["natural_gas"]}]
    approve(ask(world, {"scope": "cds_usage", "authorization_details": details}))
    assert Selection.objects.get().object_ids == ["sc_333333"]
    (entry,) = Grant.objects.get().authorization_details
    assert "service_types" not in entry


@pytest.mark.parametrize("customer", ["", "nobody@example.com"])
def test_staff_name_a_customer(world: World, customer: str) -> None:
    """Nothing is shared on anybody's behalf."""
    message = ask(world)
    with pytest.raises(InvalidRequest):
        approve(message, customer)
    assert not Grant.objects.exists()
    message.refresh_from_db()
    assert message.status == "pending"


def test_environments_never_mix(world: World) -> None:
    """A sandbox Client gets nothing of real customers."""
    world.catalog.environments = ("production",)
    with pytest.raises(InvalidRequest, match="sandbox environment"):
        approve(ask(world))


def test_nothing_that_fits_is_no_grant(world: World) -> None:
    """One entry without a match undoes the others."""
    details = [{"type": "cds_usage", "contract_numbers": ["999"]}]
    message = ask(
        world,
        {"scope": "cds_usage", "authorization_details": []},
        {"scope": "cds_usage", "authorization_details": details},
    )
    with pytest.raises(InvalidRequest, match="nothing that fits"):
        approve(message)
    assert not Grant.objects.exists()


def test_a_disabled_client_gets_no_grants(world: World) -> None:
    """It may have been stopped while the request waited."""
    message = ask(world)
    Client.objects.filter(pk=world.client.pk).update(cds_status="disabled")
    with pytest.raises(InvalidRequest):
        approve(message)
    message.refresh_from_db()
    with pytest.raises(InvalidRequest):
        handler_of("grant_request").check(message)


def test_only_what_a_customer_can_authorize_is_for_asking(world: World) -> None:
    """Administrative scopes come with a token request."""
    admin = ClientFactory.create(registration=world.client.registration)
    message = ask(world, {"scope": "cds_grant_admin_1", "authorization_details": []})
    message.client = admin
    with pytest.raises(DomainError):
        handler_of("grant_request").check(message)


@pytest.mark.spec("WG1-02 6.9 s")
def test_a_rejection_creates_nothing(world: World) -> None:
    """Only the reason goes out."""
    message = ask(world)
    update = reject_request(message=message, reason="The letter is not signed.", by="system")
    assert update.description == "The letter is not signed."
    assert not Grant.objects.exists()


def test_a_customer_whose_last_link_ends_meanwhile_shares_nothing(
    world: World, monkeypatch: Any
) -> None:
    """Who agreed is asked for under the lock: services to come need none of today."""

    def unlinked(user_pk: int) -> None:
        lock_person(user_pk)
        world.catalog.environments = ()

    monkeypatch.setattr(
        "consent.services.authorization.approve_grant_request.lock_person", unlinked
    )
    details = [{"type": "cds_usage", "cds_servicecontract_ids": ["_include_future"]}]
    message = ask(world, {"scope": "cds_usage", "authorization_details": details})
    with pytest.raises(InvalidRequest, match="no accounts"):
        approve(message)
    assert not Grant.objects.exists()
