"""What a registration does before production use, step by step (CDS-WG1-02 3.6)."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from portal.errors import NotFound
from portal.models import AuditEvent, OutboxEntry, User
from registration.models import Client, Credential, Message, Registration
from registration.models.onboarding import Requirement
from registration.services.onboarding import steps
from registration.services.onboarding.decide import (
    approve_requirement,
    reject_requirement,
    reopen_requirement,
    submit,
)
from registration.services.onboarding.requirements import TRANSITIONS, ForbiddenStep, open_link
from tests.registration.onboarding_support import (
    PDF,
    offer_with,
    path_of,
    production,
    refusal,
    register,
    requirement,
    statuses,
)
from tests.registration.support import register_demo_client

pytestmark = pytest.mark.django_db

Status = Requirement.Status


def test_nothing_is_asked_where_nothing_is_required():
    """The ten-minute path: no Message, no requirement."""
    offer_with()
    registration = register()
    assert not Requirement.objects.exists()
    assert not Message.objects.exists()
    assert production(registration) == []


def test_each_requirement_is_asked_in_the_registration_request():
    """Message and link exist when the response arrives."""
    offer_with("terms_form", "email_verification", "registration_fee", "agreement_pdf")
    registration = register()
    asked = Message.objects.filter(registration=registration).order_by("pk")
    assert [message.type for message in asked] == [
        "online_form_request",
        "online_form_request",
        "payment_request",
        "pdf_form_request",
    ]
    assert {message.status for message in asked} == {"open"}
    assert AuditEvent.objects.filter(action="requirement.asked").count() == 4


def test_the_sandbox_works_before_anything_is_met():
    """CDS-WG1-02 4.2: testing begins at once, production does not."""
    offer_with("terms_form")
    registration = register()
    consent = Client.objects.get(registration=registration, response_types=["code"])
    assert consent.cds_status == "sandbox"
    assert consent.credentials.count() == 1
    assert production(registration) == []


def test_the_last_requirement_brings_the_production_client():
    """With a Credential, and Messages for both (5.3, 7.3)."""
    offer_with("terms_form", "registration_fee")
    registration = register()
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    assert production(registration) == []
    approve_requirement(requirement=requirement(registration, "registration_fee"), by="staff")
    (live,) = production(registration)
    assert live.cds_status_options == ["production", "disabled"]
    assert live.redirect_uri_list == [live.cds_default_redirect_uri]
    assert Credential.objects.filter(client=live).count() == 1
    names = Message.objects.filter(type="private_message").values_list("name", flat=True)
    assert {"Client added", "Credential added"} <= set(names)
    sandbox = Client.objects.get(registration=registration, cds_status="sandbox")
    assert sandbox.cds_status_options == ["sandbox", "disabled"]


def test_a_scope_without_requirements_does_not_come_along():
    """It shares the sandbox Client, but nobody has let it into production."""
    offer_with("terms_form")
    registration = register(scope="cds_client_admin cds_usage cds_service_contracts")
    sandbox = Client.objects.get(registration=registration, cds_status="sandbox")
    assert set(sandbox.scopes) == {"cds_usage", "cds_service_contracts"}
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    (live,) = production(registration)
    assert live.scopes == ["cds_usage"]
    assert live.default_scope == "cds_usage"


def test_a_public_client_stays_public_in_production():
    """And gets no secret."""
    offer_with("terms_form")
    registration = register(token_endpoint_auth_method="none")
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    (live,) = production(registration)
    assert live.is_public
    assert live.pkce_required
    assert not live.credentials.exists()


def test_a_requirement_is_decided_once():
    """A second approval makes no second Client."""
    offer_with("terms_form")
    registration = register()
    terms = requirement(registration, "terms_form")
    approve_requirement(requirement=terms, by="staff")
    with pytest.raises(ForbiddenStep):
        approve_requirement(requirement=terms, by="staff")
    with pytest.raises(ForbiddenStep):
        reject_requirement(requirement=terms, reason="late", by="staff")
    assert len(production(registration)) == 1


@pytest.mark.parametrize("old", list(Status))
@pytest.mark.parametrize("new", list(Status))
def test_the_table_of_steps(old, new):
    """Every pair: allowed ones happen, others are refused."""
    allowed = {
        ("open", "pending"),
        ("open", "complete"),
        ("open", "rejected"),
        ("pending", "open"),
        ("pending", "complete"),
        ("pending", "rejected"),
        ("rejected", "open"),
        ("rejected", "pending"),
    }
    assert (new in TRANSITIONS[old]) == ((old.value, new.value) in allowed)


def test_reject_and_ask_again():
    """The reason goes to the party; asking again is a new Message that replies to the old one."""
    offer_with("agreement_pdf")
    registration = register()
    form = requirement(registration, "agreement_pdf")
    first = form.message
    steps.hand_in_pdf(requirement=form, content=PDF, by="link:x")
    with pytest.raises(ForbiddenStep, match="reason"):
        reject_requirement(requirement=form, reason=" ", by="staff")
    reject_requirement(requirement=form, reason="No signature.", by="staff")
    assert statuses(form) == ["pending", "rejected"]
    assert first.replies.last().description == "No signature."
    with pytest.raises(ForbiddenStep):
        submit(requirement=form, by="link:x")
    reopen_requirement(requirement=form, by="staff")
    again = requirement(registration, "agreement_pdf")
    assert (again.status, again.decided) == ("open", None)
    assert again.message.previous == first
    assert production(registration) == []


def test_a_review_is_a_production_request_of_the_server():
    """Decision 31, as 12.8 prints it; it ends with the production Client."""
    offer_with("internal_review")
    registration = register()
    review = requirement(registration, "internal_review")
    sandbox = Client.objects.get(registration=registration, cds_status="sandbox")
    assert (review.message.type, review.message.status) == ("production_request", "pending")
    assert review.message.related_uri.endswith(f"/clients/{sandbox.client_id}")
    approve_requirement(requirement=review, by="staff")
    (live,) = production(registration)
    update = review.message.replies.get()
    assert (update.status, update.related_type) == ("complete", "client")
    assert update.related_uri.endswith(f"/clients/{live.client_id}")


def test_a_review_is_the_last_step():
    """Passed earlier, it would let in what the Client says when the last form comes in."""
    offer_with("internal_review", "terms_form")
    registration = register()
    review = requirement(registration, "internal_review")
    with pytest.raises(ForbiddenStep, match="terms_form"):
        approve_requirement(requirement=review, by="staff")
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    assert production(registration) == []
    approve_requirement(requirement=review, by="staff")
    assert statuses(review) == ["complete"]
    assert len(production(registration)) == 1


def test_a_payment_ends_with_its_receipt():
    """CDS-WG1-02 6.3, with amount and currency on the request."""
    offer_with("registration_fee")
    registration = register()
    fee = requirement(registration, "registration_fee")
    assert (fee.message.amount, fee.message.currency) == (fee.amount, "USD")
    steps.report_payment(requirement=fee, by="link:x")
    approve_requirement(requirement=fee, by="staff")
    assert statuses(fee) == ["pending", "complete"]
    receipt = fee.message.replies.last()
    assert receipt.related_type == "payment_receipt"
    assert receipt.related_uri.startswith("http://testserver/onboarding/")


def test_registration_with_a_mail_to_verify_needs_a_mail():
    """Otherwise the code could go nowhere."""
    offer_with("email_verification")
    assert refusal(contacts=["tel:+1-555-0100"])["field"] == "contacts"
    assert not Registration.objects.exists()
    register(contacts=["tel:+1-555-0100", "mailto:ops@solar.example"])


def test_failure_undoes_everything(settings):
    """Clients, Messages and requirements of one registration come together or not at all."""
    offer_with("terms_form", "registration_fee")
    # More than the column holds: the last write of the registration fails.
    settings.REGISTRATION_FEE_AMOUNT = Decimal("99999999999.00")
    assert register_demo_client().status_code == 500
    for model in (Registration, Client, Requirement, Message, OutboxEntry):
        assert not model.objects.exists()


def test_forged_and_foreign_links_are_not_found():
    """The signature is judged before the database is asked."""
    offer_with("terms_form")
    path = path_of(requirement(register(), "terms_form"))
    token = path.split("/")[2]
    assert open_link(token).requirement.field_id == "terms_form"
    link_id = token.split(".")[0]
    for forged in (link_id, f"{link_id}.x", f"{token}x", "x", ""):
        with pytest.raises(NotFound):
            open_link(forged)


def test_staff_decide_by_command(staff, capsys):
    """By id, or by the reference on the invoice."""
    offer_with("registration_fee", "internal_review")
    registration = register()
    fee = requirement(registration, "registration_fee")
    call_command("onboarding", "list")
    assert fee.reference in capsys.readouterr().out
    call_command("onboarding", "approve", fee.reference, by=staff.email)
    review = requirement(registration, "internal_review")
    with pytest.raises(CommandError, match="reason"):
        call_command("onboarding", "reject", review.requirement_id, by=staff.email)
    call_command("onboarding", "list")
    assert fee.reference not in capsys.readouterr().out.splitlines()[-1:]


@pytest.mark.parametrize("by", ["", "nobody@example.com", "ana@example.com"])
def test_only_staff_decide(by, staff):
    """A login that is no staff decides nothing."""
    offer_with("internal_review")
    review = requirement(register(), "internal_review")
    User.objects.create_user("ana@example.com")
    with pytest.raises(CommandError, match="--by"):
        call_command("onboarding", "approve", review.requirement_id, by=by)
    with pytest.raises(CommandError, match="no requirement"):
        call_command("onboarding", "approve", "", by=staff.email)
