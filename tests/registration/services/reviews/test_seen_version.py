"""What staff see is what they approve, and nothing unseen gets into production (6.9)."""

import base64
import io
import json
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from registration.fields.types import FieldType, RegistrationField
from registration.models import Client, Message
from registration.models.onboarding import ClientLogo, Requirement
from registration.services.catalogue.fields import set_field
from registration.services.clients.update import (
    disable_client,
    enable_client,
    update_client,
)
from registration.services.messages.write import open_server_request
from registration.services.onboarding import steps
from registration.services.onboarding.decide import approve_requirement
from registration.services.reviews.case import case_of
from registration.services.reviews.decide import approve_request
from registration.services.reviews.seen_version import NotAsSeen, version_of
from tests.factories.registration import ClientFactory
from tests.registration.onboarding_support import (
    PDF,
    offer_with,
    production,
    register,
    requirement,
)
from tests.registration.services.onboarding.test_handlers import production_request
from tests.registration.support import approve_as_seen, caller

pytestmark = pytest.mark.django_db
PHISH: dict[str, Any] = {
    "client_name": "State Energy Ministry",
    "client_uri": "https://phish.example/",
    "redirect_uris": ["https://phish.example/cb"],
}
PURPOSES = {"": {"name": "A", "content": "B", "related_uri": None, "related_name": None}}


def run(command: str, *args: Any, **options: Any) -> str:
    """What a command prints."""
    out = io.StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def sandbox_of(registration):
    """The sandbox Client."""
    return Client.objects.get(registration=registration, cds_status="sandbox")


def change(client, **fields: Any) -> None:
    """What a PUT of the party does."""
    update_client(client=client, payload=fields or PHISH, by="dev")


def version(message: Message) -> str:
    """The version that staff would see now."""
    return version_of(case_of(message))


def test_staff_see_the_client_as_it_is_now():
    """Not the name with which it registered: the one that customers will read."""
    offer_with()
    registration = register()
    sandbox = sandbox_of(registration)
    change(sandbox)
    shown = run("show_request", production_request(registration).message_id)
    for words in (PHISH["client_name"], "https://phish.example/cb", "website_confirmed"):
        assert words in shown
    assert shown.splitlines()[-1].startswith("version: ")


@pytest.mark.parametrize(
    "fields",
    [
        {"client_name": "State Energy Ministry"},
        {"client_uri": "https://phish.example/"},
        {"contacts": ["ana@phish.example"]},
        {"redirect_uris": ["https://phish.example/cb"]},
        {"cds_purposes": PURPOSES},
    ],
)
def test_a_client_changed_after_the_look_is_not_approved(fields):
    """Staff look again; only then does it get into production."""
    offer_with(scope="cds_usage_reviewed")
    registration = register(scope="cds_client_admin cds_usage_reviewed")
    request = production_request(registration)
    seen = version(request)
    change(sandbox_of(registration), **fields)
    with pytest.raises(NotAsSeen):
        approve_request(message=request, seen=seen, by="staff")
    assert production(registration) == []
    approve_as_seen(message=request, by="staff")
    assert len(production(registration)) == 1


def test_nobody_approves_without_a_look(staff):
    """The command says where to look."""
    offer_with("internal_review")
    registration = register()
    request = requirement(registration, "internal_review").message
    for options in ({}, {"seen": ""}, {"seen": "x"}):
        with pytest.raises(CommandError, match=f"show_request {request.message_id}"):
            run("approve_request", request.message_id, by=staff.email, **options)
    assert production(registration) == []


def test_what_was_found_out_meanwhile_is_looked_at_too():
    """The picture of the logo, and a step that holds a scope back no more."""
    offer_with("terms_form")
    registration = register(scope="cds_client_admin cds_service_contracts cds_usage")
    sandbox = sandbox_of(registration)
    change(sandbox, logo_uri="https://solar.example/logo.png")
    request = production_request(registration)
    versions = [version(request)]
    logo = ClientLogo(client=sandbox, source_uri="https://solar.example/logo.png")
    logo.image.save("logo", ContentFile(b"x"), save=False)
    logo.save()
    assert logo.token in run("show_request", request.message_id)
    versions.append(version(request))
    assert "terms_form" in run("show_request", request.message_id)
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    versions.append(version(request))
    assert len(set(versions)) == 3


def test_a_review_shows_all_clients_that_it_lets_in(tmp_path):
    """Each with a scope of the review, what registration submitted, and the files."""
    offer_with("internal_review", optional=("company_kind", "company_registration_pdf"))
    registration = register(
        cds_company_kind="public_body",
        cds_company_registration_pdf=base64.b64encode(PDF).decode(),
    )
    review = requirement(registration, "internal_review")
    other = ClientFactory.create(consent=True, registration=registration, name="The other one")
    shown = run("show_request", review.message.message_id, save_files=tmp_path / "files")
    first = Client.objects.filter(registration=registration, cds_status="sandbox").earliest("pk")
    for words in (first.client_id, other.client_id, "public_body"):
        assert words in shown
    (saved,) = (tmp_path / "files").iterdir()
    assert saved.read_bytes() == PDF


def test_a_form_handed_in_again_after_the_look_is_not_accepted(tmp_path, staff):
    """Staff read the first file; the second waits for another look."""
    offer_with("agreement_pdf")
    registration = register()
    form = requirement(registration, "agreement_pdf")
    steps.hand_in_pdf(requirement=form, content=PDF, by="link:x")
    shown = run("show_request", form.message.message_id, save_files=tmp_path / "files")
    (saved,) = (tmp_path / "files").iterdir()
    assert saved.read_bytes() == PDF
    seen = shown.rpartition("version: ")[2].strip()
    steps.hand_in_pdf(requirement=form, content=PDF + b"\n", by="link:x")
    with pytest.raises(CommandError, match="has changed since you reviewed it"):
        run("approve_request", form.message.message_id, seen=seen, by=staff.email)
    approve_as_seen(message=form.message, by="staff")
    assert requirement(registration, "agreement_pdf").status == "complete"


def test_a_further_submission_is_looked_at():
    """A server_request takes answers as long as it waits."""
    admin = ClientFactory.create(admin=True)
    field = {"field": "plan", "name": "Plan", "description": "Your plan"}
    request = open_server_request(
        registration=admin.registration,
        name="A question",
        description="We need more.",
        updates_requested=[field],
        by="staff",
    )
    body = {
        "type": "client_submission",
        "name": "",
        "description": "",
        "previous_uri": f"http://testserver/cds-api/v1/messages/{request.message_id}",
        "updates_requested": [{"field": "plan", "description": "first"}],
    }
    seen = []
    for _ in range(2):
        answer = caller(admin).generic(
            "POST", "/cds-api/v1/messages", json.dumps(body), "application/json"
        )
        assert answer.status_code == 201, answer.content
        seen.append(version(request))
    with pytest.raises(NotAsSeen):
        approve_request(message=request, seen=seen[0], by="staff")
    approve_request(message=request, seen=seen[1], by="staff")


def test_steps_that_need_a_look_are_not_approved_by_name(staff):
    """Neither a review nor a form that was handed in; an open form may be met another way."""
    offer_with("internal_review", "agreement_pdf", "registration_fee")
    registration = register()
    form = requirement(registration, "agreement_pdf")
    steps.hand_in_pdf(requirement=form, content=PDF, by="link:x")
    fee = requirement(registration, "registration_fee")
    steps.report_payment(requirement=fee, by="link:x")
    for field_id in ("internal_review", "agreement_pdf"):
        step = requirement(registration, field_id)
        with pytest.raises(CommandError, match=f"show_request {step.message.message_id}"):
            run("onboarding", "approve", step.requirement_id, by=staff.email)
    Requirement.objects.filter(pk=form.pk).update(status="open")
    for step in (fee, form):
        run("onboarding", "approve", step.requirement_id, by=staff.email)
    assert set(Requirement.objects.unmet().values_list("field_id", flat=True)) == {
        "internal_review"
    }


def test_a_step_lets_in_no_scope_of_another():
    """What got no Client when it was ready waits for a request, which shows what it says by now."""
    offer_with("terms_form")
    registration = register(scope="cds_client_admin cds_usage")
    sandbox = sandbox_of(registration)
    disable_client(client=sandbox, reason="Asked to.", by="staff")
    approve_requirement(requirement=requirement(registration, "terms_form"), by="staff")
    enable_client(client=sandbox, by="staff")
    change(sandbox)
    other = Requirement.objects.create(
        registration=registration,
        field_id="email_verification",
        type="email_verification",
        scopes=["cds_service_contracts"],
    )
    approve_requirement(requirement=other, by="staff")
    assert production(registration) == []


def test_reviews_of_one_client_end_together():
    """They share the one request that can wait for a Client."""
    second = RegistrationField(
        id="legal_review", type=FieldType.INTERNAL_REVIEW, name="Legal", description="By lawyers."
    )
    set_field(field=second, by="staff")
    offer_with("internal_review", "legal_review")
    registration = register()
    request = requirement(registration, "internal_review").message
    assert requirement(registration, "legal_review").message == request
    update = approve_as_seen(message=request, by="staff")
    (live,) = production(registration)
    assert update.related_uri.endswith(live.client_id)
    assert not Requirement.objects.unmet().exists()
