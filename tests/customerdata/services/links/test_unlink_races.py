"""A link ends while somebody approves over it: whoever is later sees what the other one did."""

from functools import partial
from typing import Any

import pytest

from consent.catalogue.demo_offers import demo_offers
from consent.models import Grant
from consent.services.authorization import approve, approve_grant_request
from consent.services.authorization.approve import WrongEnvironment, form_mark
from consent.services.sections.choices import Choices, SectionChoice
from customerdata.models import AccountHolder, AccountVersion
from customerdata.services.links import unlink
from portal.models import AuditEvent
from portal.sign_in.openid import claims
from registration.errors import InvalidRequest
from registration.services.catalogue.offers import load_offers
from registration.services.reviews.decide import approve_request
from tests.factories.consent import AuthorizationRequestFactory
from tests.factories.customerdata import Household
from tests.factories.registration import ClientFactory, MessageFactory
from tests.races import after, at_once, stop_in_flight

pytestmark = pytest.mark.django_db(transaction=True)


class Scene:
    """A household, the end of its only link, and two ways to approve usage over it."""

    def __init__(self) -> None:
        load_offers(demo_offers().values())
        self.home = Household()
        self.client = ClientFactory.create(consent=True)
        self.link = AccountHolder.objects.get(user=self.home.user)
        self.ways = {"customer": self.by_customer(), "staff": self.by_staff()}

    def by_customer(self) -> Any:
        """The person approves on the form."""
        user = self.home.user
        request = AuthorizationRequestFactory.create(
            client=self.client, access=[{"type": "cds_usage"}], user=user
        )
        choices = Choices({0: SectionChoice(frozenset(self.home.contract_ids(0)))})
        mark = form_mark(request, user.pk)
        return partial(
            approve.approve_authorization_request,
            request=request,
            user=user,
            choices=choices,
            mark=mark,
            by=user,
        )

    def by_staff(self) -> Any:
        """Staff approve because the person agreed elsewhere."""
        message = MessageFactory.create(
            registration=self.client.registration,
            type="grant_request",
            status="pending",
            creator="cl_admin",
            client=self.client,
            grants_requested=[{"scope": "cds_usage", "authorization_details": []}],
        )
        options = {"customer": self.home.user.email}
        return partial(approve_request, message=message, options=options, by="command:test")

    def leave(self) -> AccountHolder:
        """End the link."""
        return unlink.end_link(holder=self.link, reason="You moved out.", by="system")


@pytest.fixture
def scene():
    """In a database that commits."""
    return Scene()


@pytest.fixture
def in_flight(monkeypatch):
    """Return how to stop a function, by module and name, until somebody else waits for it."""

    return partial(stop_in_flight, monkeypatch)


@pytest.mark.parametrize("way", ["customer", "staff"])
def test_an_approval_waits_for_an_end_of_a_link_and_finds_nothing(scene, in_flight, way):
    """What was on the form is no longer the person's to share."""
    begun = in_flight(unlink, "request_recomputation")
    ended, refused = at_once(scene.leave, partial(after, begun, scene.ways[way]))
    assert ended.ended is not None
    if way == "customer":
        assert isinstance(refused, WrongEnvironment)
    else:
        assert isinstance(refused, InvalidRequest)
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("way", "module"), [("customer", approve), ("staff", approve_grant_request)]
)
def test_an_end_of_a_link_waits_for_an_approval_and_settles_its_grant(
    scene, in_flight, way, module
):
    """The Grant that was being given gets nothing newer than the end."""
    begun = in_flight(module, "issue_receipt")
    _, ended = at_once(scene.ways[way], partial(after, begun, scene.leave))
    assert ended.ended is not None
    grant = Grant.objects.get()
    assert grant.status == "stopped"
    assert grant.given < ended.ended
    (event,) = AuditEvent.objects.filter(action="account.unlinked")
    assert event.details["grants"] == [grant.grant_id]


def test_a_sign_in_that_names_an_account_waits_for_one_that_does_not(scene, in_flight):
    """The later sign-in counts: what it names is linked again."""
    AccountHolder.objects.filter(pk=scene.link.pk).update(asserted_by="utility s1")
    number = AccountVersion.objects.get(account=scene.link.account).account_number

    def sign_in(*numbers: str) -> None:
        rules = {"customer_claim": "", "accounts_claim": "accounts", "test_customers": True}
        told = {"accounts": list(numbers)}
        claims.tell(scene.home.user, provider_id="utility", subject="s1", rules=rules, told=told)

    begun = in_flight(unlink, "request_recomputation")
    at_once(sign_in, partial(after, begun, partial(sign_in, number)))
    assert AccountHolder.objects.filter(ended__isnull=False).count() == 1
    assert AccountHolder.objects.current().get().account == scene.link.account
