"""Requirements met and decided through Messages: the API's way and the staff queue's way."""

import base64
import json

import pytest

from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.models.onboarding import Requirement
from registration.services.messages.handlers import Outcome, RequestHandler
from registration.services.onboarding.decide import approve_requirement
from registration.services.onboarding.handlers import with_reviews
from registration.services.onboarding.requirements import ForbiddenStep
from registration.services.reviews.decide import reject_request
from tests.registration.onboarding_support import (
    PDF,
    offer_with,
    production,
    register,
    requirement,
    statuses,
)
from tests.registration.support import approve_as_seen, caller

pytestmark = pytest.mark.django_db


def submission(registration, request, **fields):
    """Answer a request by the API and return the response."""
    admin = Client.objects.get(registration=registration, scopes=["cds_client_admin"])
    uri = f"http://testserver/cds-api/v1/messages/{request.message_id}"
    payload = {
        "previous_uri": uri,
        "type": "client_submission",
        "name": "",
        "description": "",
        **fields,
    }
    return caller(admin).generic(
        "POST", "/cds-api/v1/messages", json.dumps(payload), "application/json"
    )


def attached(content=PDF):
    """The filled form as an attachment."""
    data = base64.b64encode(content).decode()
    return [{"filename": "form.pdf", "mime_type": "application/pdf", "data": data}]


def test_a_pdf_by_message():
    """CDS-WG1-02 3.6: the file attached to a client_submission, then pending."""
    offer_with("agreement_pdf")
    registration = register()
    form = requirement(registration, "agreement_pdf")
    answer = submission(registration, form.message, attachments=attached())
    assert answer.status_code == 201, answer.content
    form = requirement(registration, "agreement_pdf")
    assert (form.status, statuses(form)) == ("pending", ["pending"])
    assert form.file.content.read() == PDF
    approve_as_seen(message=form.message, by="staff")
    form = requirement(registration, "agreement_pdf")
    assert (form.status, statuses(form)) == ("complete", ["pending", "complete"])
    assert len(production(registration)) == 1


def test_a_link_to_a_pdf_by_message():
    """Kept for staff; this server never opens it."""
    offer_with("agreement_pdf")
    registration = register()
    form = requirement(registration, "agreement_pdf")
    link = [{"field": "agreement_pdf", "uri": "https://solar.example/form.pdf"}]
    answer = submission(registration, form.message, updates_requested=link)
    assert answer.status_code == 201, answer.content
    form = requirement(registration, "agreement_pdf")
    assert (form.status, form.answer) == ("pending", {"uri": "https://solar.example/form.pdf"})


def test_another_partys_request_cannot_be_answered():
    """It does not exist for them."""
    offer_with("agreement_pdf")
    first, second = register(), register()
    form = requirement(first, "agreement_pdf")
    assert submission(second, form.message, attachments=attached()).status_code in {400, 404}
    assert requirement(first, "agreement_pdf").status == "open"


def test_staff_reject_by_message():
    """The requirement and the Message say the same."""
    offer_with("agreement_pdf")
    registration = register()
    form = requirement(registration, "agreement_pdf")
    submission(registration, form.message, attachments=attached())
    reject_request(message=form.message, reason="No signature.", by="staff")
    form = requirement(registration, "agreement_pdf")
    assert (form.status, form.reason) == ("rejected", "No signature.")
    assert statuses(form) == ["pending", "rejected"]


def test_a_payment_approved_by_message_has_its_receipt():
    """The same link as by the command (6.3)."""
    offer_with("registration_fee")
    registration = register()
    fee = requirement(registration, "registration_fee")
    Message.objects.filter(pk=fee.message.pk).update(status="pending")
    update = approve_as_seen(message=fee.message, by="staff")
    assert (update.status, update.related_type) == ("complete", "payment_receipt")
    assert requirement(registration, "registration_fee").status == "complete"


def test_reviews_among_production_requests():
    """A review of the server's ends with the Client of the requirement; others go on as before."""
    offer_with("internal_review", "terms_form")
    registration = register()
    inner_calls = []

    def approve(request, options, by):
        inner_calls.append(request)
        return Outcome()

    handler = with_reviews(RequestHandler(approve=approve))
    review = requirement(registration, "internal_review")
    foreign = Message.objects.create(
        registration=registration, type="support_request", status="pending", creator="cl_x"
    )
    handler.approve(foreign, {}, "staff")
    assert inner_calls == [foreign]
    terms = requirement(registration, "terms_form")
    Requirement.objects.filter(pk=terms.pk).update(status="complete", decided=terms.created)
    outcome = handler.approve(review.message, {}, "staff")
    (live,) = production(registration)
    assert outcome.related_uri.endswith(live.client_id)
    assert len(inner_calls) == 1


def test_staff_cannot_pass_a_review_around_the_other_requirements():
    """The queue's way to decide knows what is missing, and completes the requirement itself."""
    offer_with("internal_review", "terms_form")
    registration = register()
    review = requirement(registration, "internal_review")
    with pytest.raises(ForbiddenStep, match="terms_form"):
        approve_as_seen(message=review.message, by="staff")
    assert requirement(registration, "internal_review").status == "pending"
    assert production(registration) == []
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    approve_as_seen(message=review.message, by="staff")
    assert requirement(registration, "internal_review").status == "complete"
    (live,) = production(registration)
    assert live.scopes == ["cds_usage"]


def production_request(registration):
    """A request of the party itself for its sandbox Client."""
    sandbox = Client.objects.get(registration=registration, response_types=["code"])
    return Message.objects.create(
        registration=registration,
        type="production_request",
        status="pending",
        creator="cl_x",
        client=sandbox,
    )


def test_a_production_request_leaves_out_what_is_not_met():
    """CDS-WG1-02 3.4: requirements come before production, whoever asks for it."""
    offer_with("terms_form")
    registration = register(scope="cds_client_admin cds_service_contracts cds_usage")
    update = approve_as_seen(message=production_request(registration), by="staff")
    assert "does not have cds_usage" in update.description
    (live,) = production(registration)
    assert live.scopes == ["cds_service_contracts"]
    assert live.default_scope == "cds_service_contracts"


def test_a_production_request_waits_when_nothing_is_met():
    """There would be nothing in the new Client."""
    offer_with("terms_form")
    registration = register()
    request = production_request(registration)
    with pytest.raises(InvalidRequest, match="terms_form"):
        approve_as_seen(message=request, by="staff")
    request.refresh_from_db()
    assert request.status == "pending"
    assert production(registration) == []


def test_narrower_clients_have_only_the_purposes_of_their_scopes():
    """A purpose belongs to scopes; one without any could not be sent back in a PUT."""
    offer_with("terms_form", scope="cds_usage_reviewed")
    registration = register(scope="cds_client_admin cds_usage cds_usage_reviewed")
    approve_as_seen(message=production_request(registration), by="staff")
    (plain,) = production(registration)
    assert (plain.scopes, plain.purposes) == (["cds_usage"], {})
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    (reviewed,) = [client for client in production(registration) if client != plain]
    assert reviewed.scopes == ["cds_usage_reviewed"]
    assert {s for p in reviewed.purposes.values() for s in p["scopes_supported"]} == {
        "cds_usage_reviewed"
    }
