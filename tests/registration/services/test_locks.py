"""Decisions, submissions and changes of one party at once, each on a real connection of its own."""

import json
import threading
from functools import partial
from typing import Any

import pytest

from portal.errors import DomainError
from registration.models import Client
from registration.services.catalogue.fields import current_fields
from registration.services.clients.update import update_client
from registration.services.messages import handlers as message_handlers
from registration.services.messages.handlers import RequestHandler, request_handlers
from registration.services.onboarding import steps
from registration.services.onboarding.decide import approve_requirement
from registration.services.onboarding.renew import renew_link
from registration.services.onboarding.requirements import ForbiddenStep
from tests.races import after, at_once, wait_until_somebody_waits
from tests.registration.onboarding_support import offer_with, production, register, requirement
from tests.registration.support import approve_as_seen, caller

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES = "/cds-api/v1/messages"


@pytest.fixture
def decision_begun(monkeypatch):
    """Set once a decision about a production request holds its locks; it then lets others run."""
    begun = threading.Event()
    inner = request_handlers.get("production_request")
    assert inner is not None

    def approve(request, options, by):
        begun.set()
        wait_until_somebody_waits()
        return inner.approve(request, options, by)

    handlers = {"production_request": RequestHandler(approve=approve)}
    monkeypatch.setattr(message_handlers, "request_handlers", handlers)
    return begun


def waiting_review():
    """A registration whose review waits for its terms."""
    offer_with("internal_review", "terms_form")
    return register()


def test_a_review_is_decided_while_the_last_form_comes_in(decision_begun):
    """One after the other, never each waiting for the other."""
    registration = waiting_review()
    review = requirement(registration, "internal_review").message
    accept = partial(
        steps.accept_terms,
        requirement=requirement(registration, "terms_form"),
        shown=steps.terms_digest(current_fields()["terms_form"].body),
        name="Dev",
        title="CEO",
        by="link:x",
    )
    decided, accepted = at_once(
        partial(approve_as_seen, message=review, by="staff"), partial(after, decision_begun, accept)
    )
    assert isinstance(decided, ForbiddenStep)
    assert accepted.status == "complete"
    assert production(registration) == []


@pytest.mark.parametrize("number", range(3))
def test_all_writers_of_a_party_at_once(number):
    """Whatever they do, each waits its turn; nobody is thrown out."""
    registration = waiting_review()
    clients = Client.objects.filter(registration=registration)
    admin, sandbox = clients.get(scopes=["cds_client_admin"]), clients.get(cds_status="sandbox")
    review = requirement(registration, "internal_review").message
    terms = requirement(registration, "terms_form")
    uri = f"http://testserver/cds-api/v1/clients/{sandbox.client_id}"
    letter = {"type": "production_request", "name": "", "description": "", "related_uri": uri}

    def send(method: str, path: str, body: dict[str, Any]) -> Any:
        return caller(admin).generic(method, path, json.dumps(body), "application/json")

    results = at_once(
        partial(approve_as_seen, message=review, by="staff"),
        partial(approve_requirement, requirement=terms, by="staff"),
        partial(update_client, client=sandbox, payload={"client_name": "A"}, by="dev"),
        partial(update_client, client=sandbox, payload={"cds_status": "disabled"}, by="dev"),
        partial(renew_link, requirement=terms),
        partial(send, "POST", MESSAGES, letter),
        partial(send, "PATCH", f"{MESSAGES}/{review.message_id}", {"read": True}),
    )
    refused = [each for each in results if isinstance(each, Exception)]
    assert all(isinstance(each, DomainError) for each in refused), refused
    assert results[5].status_code in {201, 400}
    assert results[6].status_code == 200
    assert requirement(registration, "terms_form").status == "complete"
