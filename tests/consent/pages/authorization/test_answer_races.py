"""Answers to one form at once: what the customer's approval holds goes to the customer alone."""

from functools import partial
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from consent.models import AuthorizationRequest
from consent.pages.authorization import views
from consent.services.authorization import approve
from consent.services.authorization.answer import WaitsForAnother
from consent.services.authorization.approve import form_mark
from consent.services.grants.change_by_client import patch_grant
from consent.services.grants.lifecycle import lock_person
from consent.services.sections.choices import Choices, NoLongerOffered, SectionChoice
from tests.consent.oauth.support import answer_of
from tests.consent.pages.world import MERGED, World, answer, form_url, make_world
from tests.factories.consent import GrantFactory
from tests.races import after, at_once, stop_in_flight

pytestmark = pytest.mark.django_db(transaction=True)
CHOSEN = Choices({0: SectionChoice(frozenset({"sc_222222"}))})


@pytest.fixture
def world(monkeypatch) -> World:
    """In a database that commits."""
    return make_world(monkeypatch)


@pytest.fixture
def in_flight(monkeypatch):
    """Return how to stop an approval before its receipt, until somebody else waits for it."""
    return stop_in_flight(monkeypatch, approve, "issue_receipt")


def signed_in(user) -> Browser:
    """A browser of somebody."""
    browser = Browser()
    browser.force_login(user)
    return browser


def declining(browser: Browser, request: AuthorizationRequest) -> Any:
    """Post what the button for declining posts."""
    return browser.post(form_url(request), {"action": "decline"})


@pytest.mark.parametrize("who", ["a stranger", "somebody else"])
def test_a_decline_during_the_approval_gets_no_code(world, in_flight, who):
    """Anybody who knows the form's address can post there, the company as well."""
    request = world.ask(details=MERGED)
    browser = Browser() if who == "a stranger" else signed_in(world.carol)
    url, response = at_once(
        partial(world.approve, request, CHOSEN),
        partial(after, in_flight, partial(declining, browser, request)),
    )
    code = answer_of(url)["code"]
    assert code not in response.get("Location", "")
    assert code not in response.content.decode()
    request.refresh_from_db()
    assert (request.outcome, request.user) == ("approved", world.alice)


def test_the_customers_own_second_answer_gets_the_first_one(world, in_flight):
    """Two tabs, or two clicks: nothing is lost."""
    request = world.ask(details=MERGED)
    url, response = at_once(
        partial(world.approve, request, CHOSEN),
        partial(after, in_flight, partial(declining, signed_in(world.alice), request)),
    )
    assert response["Location"] == url


@pytest.mark.parametrize("action", ["show", "answer"])
def test_a_refusal_during_the_approval_gets_no_code(world, in_flight, action):
    """Somebody for whom the Grant was not made is told so only when nobody has answered."""
    waiting = GrantFactory.create(
        client=world.client,
        user=world.alice,
        status="needs_authorization",
        scope="cds_service_contracts cds_usage",
    )
    request = world.ask(details=MERGED, cds_grant_id=waiting.grant_id)
    browser = signed_in(world.carol)
    fields = answer("sc_444444", mark=form_mark(request, world.carol.pk))

    def come() -> Any:
        if action == "show":
            return browser.get(form_url(request))
        return browser.post(form_url(request), fields)

    url, response = at_once(
        partial(world.approve, request, CHOSEN), partial(after, in_flight, come)
    )
    assert answer_of(url)["code"] not in response.get("Location", "")
    assert response.status_code == 404


def test_a_scope_that_went_during_the_approval_hands_out_no_code(world, in_flight, monkeypatch):
    """Whoever meets an offer that is gone ends the request, unless it was answered meanwhile."""
    request = world.ask(details=MERGED)
    browser = signed_in(world.carol)

    def gone(*args: Any) -> Any:
        raise NoLongerOffered("cds_usage is no longer offered", field="scope")

    monkeypatch.setattr(views, "form_of", gone)
    url, response = at_once(
        partial(world.approve, request, CHOSEN),
        partial(after, in_flight, partial(browser.get, form_url(request))),
    )
    assert answer_of(url)["code"] not in response.get("Location", "")


def test_somebody_elses_open_form_is_not_ended(world):
    """A look at a request that nobody had opened ends nothing once somebody has opened it."""
    request = world.ask(details=MERGED)
    approve.show_request(request=request, user=world.alice)
    stale = AuthorizationRequest.objects.select_related("client__registration").get(pk=request.pk)
    stale.user = None
    with pytest.raises(WaitsForAnother):
        approve.refuse_authorization_request(
            request=stale,
            error="cds_grant_id_invalid_user",
            description="The Grant was made for another user.",
            by=world.carol,
        )
    request.refresh_from_db()
    assert request.outcome == "open"


def test_choices_and_time_are_those_of_the_person_who_has_the_form_now(world):
    """A post that began before another person took the form over writes nothing into it."""
    request = world.ask(details=MERGED)
    approve.show_request(request=request, user=world.alice)
    approve.release_request(request=request)
    approve.show_request(request=request, user=world.carol)
    before = AuthorizationRequest.objects.get(pk=request.pk)
    approve.keep_choices(request=request, user_pk=world.alice.pk, choices=CHOSEN)
    approve.extend_request(request=request, user=world.alice)
    now = AuthorizationRequest.objects.get(pk=request.pk)
    assert (now.choices, now.expires) == ({}, before.expires)


def test_an_approval_asks_again_whose_the_services_are(world, monkeypatch):
    """Services to come can be chosen without any: the last link may end while the form is sent."""
    request = world.ask(details=MERGED)
    mark = form_mark(request, world.alice.pk)

    def unlinked(user_pk: int) -> None:
        lock_person(user_pk)
        world.catalog.environments = ()

    monkeypatch.setattr("consent.services.authorization.approve.lock_person", unlinked)
    fields = answer(later=True, mark=mark)
    response = world.browser.post(form_url(request), fields)
    assert response.status_code == 403
    request.refresh_from_db()
    assert request.outcome == "open"


@pytest.mark.parametrize("change", [{"status": "closed"}, {"scope": "cds_usage"}])
def test_a_grant_that_changed_under_the_form_refuses_the_request(world, monkeypatch, change):
    """The Client has closed or narrowed what it asked for: it reads so, not the customer."""
    waiting = GrantFactory.create(
        client=world.client,
        user=world.alice,
        status="needs_authorization",
        scope="cds_service_contracts cds_usage",
    )
    request = world.ask(details=MERGED, cds_grant_id=waiting.grant_id)
    world.browser.get(form_url(request))
    patch_grant(grant=waiting, changes=change, by="client:test")
    response = world.browser.post(form_url(request), answer("sc_222222"))
    assert answer_of(response["Location"])["error"] == "cds_grant_id_invalid_value"
    request.refresh_from_db()
    assert request.outcome == "failed"


def test_the_receipt_of_a_request_is_its_own_persons(world):
    """Also where the person is gone, and the request names nobody any more."""
    request = world.ask(details=MERGED)
    world.approve(request, CHOSEN)
    AuthorizationRequest.objects.filter(pk=request.pk).update(user=None)
    response = signed_in(world.carol).get(form_url(request))
    assert response.status_code == 404
    assert reverse("consent:receipt", args=["x"])[:-2] not in response.content.decode()
