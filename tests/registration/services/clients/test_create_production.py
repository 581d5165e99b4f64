"""One maker of production Clients, whoever asks; never two for one scope (CDS-WG1-02 4.2, 6.9)."""

import json

import pytest

from portal.models import AuditEvent, OutboxEntry
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.services.clients.create_production import create_production_clients
from registration.services.clients.update import (
    disable_client,
    enable_client,
    update_client,
)
from registration.services.onboarding.decide import approve_requirement
from registration.services.onboarding.requirements import ForbiddenStep
from tests.registration.onboarding_support import offer_with, production, register, requirement
from tests.registration.services.onboarding.test_handlers import production_request
from tests.registration.support import approve_as_seen, caller

pytestmark = pytest.mark.django_db
APP, DEV = "https://app.example/cb", "http://127.0.0.1:9/cb"
BOTH = "cds_client_admin cds_service_contracts cds_usage"


def sandbox_of(registration):
    """The sandbox Client."""
    return Client.objects.get(registration=registration, cds_status="sandbox")


def configured(registration):
    """A sandbox Client whose owner has set everything that a PUT can set."""
    sandbox = sandbox_of(registration)
    own = sandbox.cds_default_redirect_uri
    details = [{"type": scope} for scope in sandbox.scopes]
    payload = {
        "client_name": "Solar",
        "logo_uri": "https://solar.example/logo.png",
        "redirect_uris": [own, APP, DEV],
        "cds_default_redirect_uri": APP,
        "cds_default_authorization_details": details,
    }
    return update_client(client=sandbox, payload=payload, by="dev").client


def ask(registration, client):
    """Ask for production by the API."""
    admin = Client.objects.get(registration=registration, scopes=["cds_client_admin"])
    body = {
        "type": "production_request",
        "name": "",
        "description": "",
        "related_uri": f"http://testserver/cds-api/v1/clients/{client.client_id}",
    }
    return caller(admin).generic(
        "POST", "/cds-api/v1/messages", json.dumps(body), "application/json"
    )


def test_onboarding_keeps_what_the_sandbox_client_says():
    """Redirect URIs that production allows, defaults of its scopes, the logo; told once."""
    offer_with("terms_form")
    registration = register(scope=BOTH)
    sandbox = configured(registration)
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    (live,) = production(registration)
    own = f"http://testserver/oauth/default-redirect/{live.client_id}"
    assert live.redirect_uri_list == [own, APP]
    assert (live.cds_default_redirect_uri, live.name) == (APP, "Solar")
    assert (live.scopes, live.default_scope) == (["cds_usage"], "cds_usage")
    assert live.default_authorization_details == [{"type": "cds_usage"}]
    logos = OutboxEntry.objects.filter(task="registration.tasks.fetch_logo")
    assert [live.client_id] in [entry.args for entry in logos]
    made = AuditEvent.objects.filter(action="client.created")
    assert [event.details["sandbox"] for event in made] == [sandbox.client_id]
    told = Message.objects.filter(registration=registration, name="Client added")
    assert told.count() == 1


def test_a_request_after_onboarding_makes_a_client_for_the_rest():
    """The scope that onboarding has let in is not made twice."""
    offer_with("terms_form")
    registration = register(scope=BOTH)
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    assert ask(registration, sandbox_of(registration)).status_code == 201
    update = approve_as_seen(message=Message.objects.get(creator__startswith="cl_"), by="staff")
    first, second = production(registration)
    assert (first.scopes, second.scopes) == (["cds_usage"], ["cds_service_contracts"])
    assert update.related_uri.endswith(second.client_id)
    assert "does not have cds_usage, because another production Client has" in update.description


def test_a_request_for_what_is_live_is_refused():
    """6.9: there is no equivalent Client left to create; the answer names the one that exists."""
    offer_with("terms_form")
    registration = register()
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    (live,) = production(registration)
    answer = ask(registration, sandbox_of(registration))
    assert answer.status_code == 400
    assert answer.json()["error_description"].startswith("related_uri")
    assert f"/clients/{live.client_id}" in answer.json()["error_description"]


def test_a_request_that_waited_until_all_was_live_leads_to_the_client():
    """6.3: complete links a production Client; here one that was made meanwhile."""
    offer_with("terms_form")
    registration = register()
    request = production_request(registration)
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    update = approve_as_seen(message=request, by="staff")
    (live,) = production(registration)
    assert (update.status, update.related_type) == ("complete", "client")
    assert update.related_uri.endswith(f"/clients/{live.client_id}")


def test_a_disabled_production_client_is_not_replaced():
    """Whoever disabled it would be gone around."""
    offer_with()
    registration = register()
    approve_as_seen(message=production_request(registration), by="staff")
    (live,) = production(registration)
    disable_client(client=live, reason="Complaints.", by="staff")
    assert ask(registration, sandbox_of(registration)).status_code == 400
    assert create_production_clients(registration=registration, scopes=live.scopes, by="x") == []


def test_a_review_waits_while_the_sandbox_client_is_disabled():
    """Nothing is made from a disabled Client; once it is enabled, staff approve."""
    offer_with("internal_review")
    registration = register()
    review = requirement(registration, "internal_review")
    sandbox = sandbox_of(registration)
    disable_client(client=sandbox, reason="Asked to.", by="staff")
    with pytest.raises(ForbiddenStep, match="disabled"):
        approve_as_seen(message=review.message, by="staff")
    enable_client(client=sandbox, by="staff")
    update = approve_as_seen(message=review.message, by="staff")
    (live,) = production(registration)
    assert update.related_uri.endswith(live.client_id)


def test_scopes_that_are_offered_no_more_get_no_client():
    """Nobody could ask for them."""
    offer_with()
    registration = register()
    request = production_request(registration)
    Client.objects.filter(pk=sandbox_of(registration).pk).update(scopes=["gone"])
    with pytest.raises(InvalidRequest, match="no longer offered"):
        approve_as_seen(message=request, by="staff")
    assert production(registration) == []
