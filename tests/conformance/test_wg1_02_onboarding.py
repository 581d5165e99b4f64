"""CDS-WG1-02 3.6: what each type of registration field makes the Server do."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from portal.models import User
from registration.models import Client, Message
from registration.services.onboarding.decide import approve_requirement, reject_requirement
from tests.portal.sign_in.openid.support import configure, entry
from tests.registration.onboarding_support import (
    PDF,
    accepted,
    mailed_code,
    offer_with,
    path_of,
    production,
    register,
    requirement,
    statuses,
)
from tests.registration.schemas import problems
from tests.registration.support import caller

pytestmark = pytest.mark.django_db

REQUESTS = {
    "registration_fee": ("payment_request", "payment_form"),
    "email_verification": ("online_form_request", "online_form"),
    "customer_sign_in": ("online_form_request", "online_form"),
    "agreement_pdf": ("pdf_form_request", "pdf_form"),
    "terms_form": ("online_form_request", "online_form"),
}


def listed(registration):
    """The Messages that the party sees, by id."""
    admin = Client.objects.get(registration=registration, scopes=["cds_client_admin"])
    body = caller(admin).get("/cds-api/v1/messages").json()
    return {
        message["message_id"]: message
        for name in ("outstanding", "unread", "read")
        for message in body[name]
    }


@pytest.mark.spec("WG1-02 3.6 f", "WG1-02 6.1 c")
@pytest.mark.parametrize("field_id", REQUESTS)
def test_request_messages(field_id):
    """With a link of the right type, and as the Messages API shows it."""
    offer_with(field_id)
    registration = register()
    asked = requirement(registration, field_id).message
    wire = listed(registration)[asked.message_id]
    type_, related_type = REQUESTS[field_id]
    assert problems("Message", wire) == []
    assert (wire["type"], wire["related_type"]) == (type_, related_type)
    assert (wire["status"], wire["read"], wire["creator"]) == ("open", False, None)
    if field_id == "registration_fee":
        assert (wire["amount"], wire["currency"]) == (100, "USD")


@pytest.mark.spec("WG1-02 3.6 g")
@pytest.mark.parametrize("field_id", REQUESTS)
def test_links_open_repeatedly(field_id):
    """By anyone who has them, as often as wanted."""
    offer_with(field_id)
    found = requirement(register(), field_id)
    uri = found.message.related_uri.removeprefix("http://testserver")
    assert [Browser().get(uri).status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.spec("WG1-02 3.6 h")
@pytest.mark.parametrize("field_id", REQUESTS)
def test_expired_links(field_id):
    """The new request is of the same type and leads to a page that works."""
    offer_with(field_id)
    found = requirement(register(), field_id)
    uri = found.message.related_uri.removeprefix("http://testserver")
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        assert Browser().get(uri).status_code == 410
        renewed = requirement(found.registration, field_id).message
        assert (renewed.type, renewed.previous) == (found.message.type, found.message)
        new = renewed.related_uri.removeprefix("http://testserver")
        assert new != uri
        assert Browser().get(new).status_code == 200


@pytest.mark.spec("WG1-02 3.6 l")
def test_email_verification():
    """No pending step stands between."""
    offer_with("email_verification")
    found = requirement(register(), "email_verification")
    browser = Browser()
    browser.post(path_of(found), {"send": "1"})
    browser.post(path_of(found), {"code": mailed_code()})
    assert statuses(found) == ["complete"]


def submit_terms(path):
    """Accept the terms."""
    browser = Browser()
    browser.post(path, accepted(browser, path))


def submit_sign_in(path):
    """Sign in and confirm."""
    browser = Browser()
    browser.force_login(User.objects.create_user("ana@example.com"))
    mark = re.search(r'name="customer" value="(\w+)"', browser.get(path).content.decode())
    assert mark
    browser.post(path, {"customer": mark[1]})


def submit_pdf(path):
    """Upload the filled form."""
    Browser().post(path, {"file": SimpleUploadedFile("a.pdf", PDF)})


def submit_payment(path):
    """Say that it is paid."""
    Browser().post(path)


@pytest.mark.spec("CDS-WG1-02", "3.6", "sso_verification: documentation names all providers")
def test_sso_documentation(settings):
    """SSO methods and identity providers, where `documentation` leads."""
    offer_with("customer_sign_in")
    assert "by password." in Browser().get("/onboarding/").content.decode()
    configure(
        settings,
        entry("https://id.example", id="one", name="Utility Login"),
        entry("https://id.example", id="two", name="State ID"),
    )
    page = Browser().get("/onboarding/").content.decode()
    assert "by password, or over OpenID Connect with Utility Login, State ID." in page


SUBMISSIONS = {
    "terms_form": submit_terms,
    "customer_sign_in": submit_sign_in,
    "agreement_pdf": submit_pdf,
    "registration_fee": submit_payment,
}


@pytest.mark.spec("WG1-02 3.6 i", "WG1-02 3.6 j")
@pytest.mark.parametrize("field_id", SUBMISSIONS)
def test_submitted_and_accepted(field_id):
    """Each as a request_update that replies to the request."""
    offer_with(field_id)
    found = requirement(register(), field_id)
    SUBMISSIONS[field_id](path_of(found))
    assert statuses(found)[0] == "pending"
    found = requirement(found.registration, field_id)
    if found.status == "pending":
        approve_requirement(requirement=found, by="staff")
    assert statuses(found) == ["pending", "complete"]
    assert listed(found.registration)[found.message.message_id]["status"] == "complete"
    assert len(production(found.registration)) == 1


@pytest.mark.spec("WG1-02 3.6 k")
@pytest.mark.parametrize("field_id", ["agreement_pdf", "registration_fee"])
def test_submitted_and_rejected(field_id):
    """6.3: the description says why."""
    offer_with(field_id)
    found = requirement(register(), field_id)
    SUBMISSIONS[field_id](path_of(found))
    reject_requirement(requirement=found, reason="Not the right one.", by="staff")
    assert statuses(found) == ["pending", "rejected"]
    update = Message.objects.get(type="request_update", status="rejected")
    assert update.description == "Not the right one."
    assert production(found.registration) == []


@pytest.mark.spec("WG1-02 3.6 k")
@pytest.mark.parametrize("field_id", REQUESTS)
def test_rejected_before_anything_was_submitted(field_id):
    """Whatever the step is, its request ends as rejected, and production stays closed."""
    offer_with(field_id)
    found = requirement(register(), field_id)
    reject_requirement(requirement=found, reason="Nobody could be reached.", by="staff")
    assert statuses(found) == ["rejected"]
    shown = listed(found.registration)
    (update,) = [message for message in shown.values() if message["type"] == "request_update"]
    request = shown[found.message.message_id]
    assert update["previous_uri"] == request["uri"]
    assert (update["status"], update["description"]) == ("rejected", "Nobody could be reached.")
    assert request["status"] == "rejected"
    assert production(found.registration) == []


@pytest.mark.spec("WG1-02 3.6 d")
@pytest.mark.parametrize(
    ("field_id", "words"),
    [
        ("registration_fee", ("USD 100.00", "invoice")),
        ("email_verification", ("email address", "code")),
        ("customer_sign_in", ("Sign in", "customer account")),
        ("terms_form", ("terms", "name")),
    ],
)
def test_documentation_tells_how_a_step_goes(field_id, words):
    """What it costs or asks for and its steps, where `documentation` of the field leads."""
    offer_with(field_id)
    metadata = Browser().get("/.well-known/oauth-authorization-server").json()
    path, _, anchor = metadata["cds_registration_fields"][field_id]["documentation"].partition("#")
    page = Browser().get(path.removeprefix("http://testserver")).content.decode()
    section = page.partition(f'id="{anchor}"')[2].partition("</section>")[0]
    assert section.count("<li>") >= 2
    for word in words:
        assert word.lower() in section.lower()


@pytest.mark.spec("CDS-WG1-02", "3.6", "Servers may approve at any point")
@pytest.mark.parametrize("field_id", [*REQUESTS, "internal_review"])
def test_approved_another_way(field_id):
    """A check in the mail, a call, a talk: nothing was done on the page."""
    offer_with(field_id)
    found = requirement(register(), field_id)
    approve_requirement(requirement=found, note="By post.", by="staff")
    assert statuses(found) == ["complete"]
    assert len(production(found.registration)) == 1


@pytest.mark.spec("WG1-02 6.3 e")
def test_receipt():
    """A link that works without signing in."""
    offer_with("registration_fee")
    found = requirement(register(), "registration_fee")
    approve_requirement(requirement=found, by="staff")
    update = Message.objects.get(type="request_update")
    assert update.related_type == "payment_receipt"
    page = Browser().get(update.related_uri.removeprefix("http://testserver"))
    assert "Receipt" in page.content.decode()
    assert found.reference in page.content.decode()


@pytest.mark.spec("WG1-02 3.6 e")
def test_blank_form():
    """From the page that `documentation` names."""
    offer_with("agreement_pdf")
    page = Browser().get("/onboarding/").content.decode()
    assert 'href="forms/agreement_pdf.pdf"' in page
    assert Browser().get("/onboarding/forms/agreement_pdf.pdf").content.startswith(b"%PDF-")


@pytest.mark.spec("WG1-02 4.2 k", "WG1-02 5.3 d", "WG1-02 7.3 d")
def test_production_clients():
    """With a Credential, never both environments in one Client, told by Messages (5.3, 7.3)."""
    offer_with("terms_form", "internal_review")
    registration = register()
    submit_terms(path_of(requirement(registration, "terms_form")))
    assert production(registration) == []
    approve_requirement(requirement=requirement(registration, "internal_review"), by="staff")
    (live,) = production(registration)
    assert live.credentials.count() == 1
    for client in registration.clients.all():
        assert not {"production", "sandbox"} <= set(client.cds_status_options)
    names = [message["name"] for message in listed(registration).values()]
    assert "Client added" in names
    assert "Credential added" in names
    review = next(
        m
        for m in listed(registration).values()
        if m["type"] == "request_update" and m.get("related_type") == "client"
    )
    assert review["related_uri"].endswith(live.client_id)
