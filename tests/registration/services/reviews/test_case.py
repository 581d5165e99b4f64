"""What staff see before they decide, for each kind of request that registration knows."""

import base64
from dataclasses import FrozenInstanceError

import pytest

from registration.models import Client
from registration.services.clients.update import ClientChanges, update_client
from registration.services.messages.handlers import Case, Update
from registration.services.messages.write import open_server_request
from registration.services.onboarding import steps
from registration.services.onboarding.handlers import SubmissionCase
from registration.services.reviews.case import case_of, changeable_facts_of
from registration.services.reviews.presenter import present, summary
from registration.services.reviews.production import ProductionCase
from registration.services.reviews.seen_version import version_of
from tests.factories.registration import ClientFactory
from tests.registration.onboarding_support import PDF, offer_with, register, requirement
from tests.registration.services.onboarding.test_handlers import production_request
from tests.registration.support import offer_demo_scopes, waiting

pytestmark = pytest.mark.django_db


def shown(message):
    """The lines of the presenter, by name."""
    return {line.name: line.text for line in present(message).lines}


def test_changes_of_a_client(settings):
    """Old and new value of each field; a newer wish is another Message, so no version is needed."""
    settings.REVIEWED_CLIENT_FIELDS = ["client_name", "tos_uri"]
    offer_demo_scopes()
    client = ClientFactory.create(
        consent=True, production=True, name="Solar", tos_uri="https://solar.example/terms"
    )
    review = update_client(client=client, payload={"client_name": "Moon"}, by="dev").review
    assert review is not None
    assert case_of(review) == ClientChanges(
        client_id=client.client_id,
        updates=(
            Update(field="client_name", previous_value="Solar", new_value="Moon"),
            Update(field="tos_uri", previous_value="https://solar.example/terms", new_value=None),
        ),
    )
    assert '"new_value": null' in shown(review)["updates"]
    assert "description" not in shown(review)["updates"]
    assert present(review).version == ""


def test_production():
    """The Client as it is, what registration submitted, and the steps that are not met."""
    offer_with("terms_form", optional=("company_kind", "company_registration_pdf"))
    registration = register(
        scope="cds_client_admin cds_service_contracts cds_usage",
        cds_company_kind="public_body",
        cds_company_registration_pdf=base64.b64encode(PDF).decode(),
    )
    request = production_request(registration)
    case = case_of(request)
    assert isinstance(case, ProductionCase)
    sandbox = Client.objects.get(registration=registration, cds_status="sandbox")
    (client,) = case.clients
    assert client.wire["client_id"] == sandbox.client_id
    assert (client.website_confirmed, client.logo_seen_at) == (None, "")
    assert case.submitted["company_kind"] == "public_body"
    assert case.missing == ("terms_form",)
    assert [(file.field, file.size) for file in case.files] == [
        ("company_registration_pdf", len(PDF))
    ]
    assert present(request).version == version_of(case)
    assert len(version_of(case)) == 16
    with pytest.raises(FrozenInstanceError):
        case.missing = ()  # type: ignore[misc]


def test_a_form_that_was_handed_in():
    """Its file; a second one is another version."""
    offer_with("agreement_pdf")
    registration = register()
    form = requirement(registration, "agreement_pdf")
    assert case_of(form.message) == SubmissionCase(step="agreement_pdf")
    assert present(form.message).version == ""
    versions = set()
    for content in (PDF, PDF + b"\n"):
        steps.hand_in_pdf(requirement=form, content=content, by="link:x")
        case = case_of(form.message)
        assert [(file.field, file.size) for file in case.files] == [("agreement_pdf", len(content))]
        versions.add(version_of(case))
    assert len(versions) == 2


def test_a_fee_is_found_by_its_reference():
    """What the payer says about it is no fact to decide on."""
    offer_with("registration_fee")
    fee = requirement(register(), "registration_fee")
    steps.report_payment(requirement=fee, by="link:x")
    case = case_of(fee.message)
    assert case == SubmissionCase(step="registration_fee", reference=fee.reference)
    assert changeable_facts_of(case) == {}
    assert fee.reference in shown(fee.message)["reference"]


def test_a_question_and_a_letter():
    """Types without a handler of their own have what every Case has."""
    asked = open_server_request(
        registration=ClientFactory.create(admin=True).registration,
        name="A question",
        description="We need more.",
        updates_requested=[{"field": "plan", "name": "Plan", "description": "Your plan"}],
        by="staff",
    )
    assert case_of(asked).updates == (Update(field="plan", name="Plan", description="Your plan"),)
    assert "value" not in shown(asked)["updates"]
    letter = waiting(name="Help")
    assert case_of(letter) == Case()
    assert shown(letter)["subject"] == "Help"
    assert summary(letter)[0] == letter.message_id
    assert summary(letter)[-1] == "Help"
