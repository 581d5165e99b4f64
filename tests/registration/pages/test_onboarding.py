"""The pages behind the links: anyone with the link, as often as wanted, until it expires."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePath

import pytest
import time_machine
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from portal import ids
from portal.models import AuditEvent, OutboxEntry, User
from registration.models import Message
from registration.models.onboarding import Requirement, VerificationCode
from registration.services.catalogue.fields import current_fields, set_field
from registration.services.messages import write
from registration.services.onboarding.decide import reopen_requirement
from registration.services.onboarding.renew import NOTHING_CAME, renew_expired_links
from registration.services.onboarding.tasks import renew_onboarding_links
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
    text_of,
)

pytestmark = pytest.mark.django_db


def start(field_id):
    """Register with one requirement; return the browser, the requirement and its path."""
    offer_with(field_id)
    found = requirement(register(), field_id)
    return Browser(), found, path_of(found)


def mark_of(page):
    """Return what the page carries to say whom it asked."""
    found = re.search(r'name="customer" value="(\w+)"', page.content.decode())
    assert found
    return found[1]


def test_email_verification():
    """A code by mail, entered on the page: complete at once, without a pending step."""
    browser, found, path = start("email_verification")
    page = browser.get(path)
    assert "o***@solar.example" in text_of(page)
    assert "ops@solar.example" not in text_of(page)
    assert browser.post(path, {"send": "1"}).status_code == 303
    assert browser.post(path, {"code": mailed_code()}).status_code == 303
    assert statuses(found) == ["complete"]
    assert "This is done" in text_of(browser.get(path))
    assert len(production(found.registration)) == 1
    assert not VerificationCode.objects.exclude(ciphertext="").exists()


def test_a_wrong_code_counts_and_five_are_too_many():
    """Then the right one does not help either; a new code does."""
    browser, found, path = start("email_verification")
    browser.post(path, {"send": "1"})
    right = mailed_code()
    wrong = "2222-2222"
    for _ in range(5):
        assert "This code does not work" in text_of(browser.post(path, {"code": wrong}))
    assert "This code does not work" in text_of(browser.post(path, {"code": right}))
    browser.post(path, {"send": "1"})
    assert browser.post(path, {"code": mailed_code()}).status_code == 303
    assert statuses(found) == ["complete"]


def test_a_code_is_read_as_people_type_it():
    """Small letters, blanks, without the hyphen; anything else is no code and no try."""
    browser, found, path = start("email_verification")
    browser.post(path, {"send": "1"})
    code = mailed_code()
    assert "eight letters and digits" in text_of(browser.post(path, {"code": "000000"}))
    assert VerificationCode.objects.get().attempts == 0
    typed = f" {code[:2]} {code[2:4]}{code[5:].lower()} "
    assert browser.post(path, {"code": typed}).status_code == 303
    assert statuses(found) == ["complete"]


def test_codes_are_too_many_to_guess():
    """40 bits: addresses of one domain and links may be had without end."""
    codes = {ids.typed_code() for _ in range(2000)}
    assert len(codes) == 2000
    assert len(set("".join(codes)) - {"-"}) == 32


def test_an_old_code_does_not_work():
    """Neither after half an hour, nor after a newer one was sent."""
    browser, found, path = start("email_verification")
    browser.post(path, {"send": "1"})
    first = mailed_code()
    browser.post(path, {"send": "1"})
    second = mailed_code()
    assert browser.post(path, {"code": first}).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        assert browser.post(path, {"code": second}).status_code == 200
    assert statuses(found) == []


def test_codes_are_limited():
    """Nobody's mailbox is filled through us."""
    browser, _, path = start("email_verification")
    now = timezone.now()
    answers = []
    for hours in range(4):
        with time_machine.travel(now + timedelta(hours=hours, minutes=hours), tick=False):
            answers += [browser.post(path, {"send": "1"}).status_code for _ in range(11)]
    assert answers == ([303] * 10 + [429]) * 2 + [429] * 22


def test_codes_are_limited_for_a_mailbox():
    """From however many registrations, each with its own part after the plus."""
    offer_with("email_verification")
    answers = []
    for number in range(11):
        found = register(contacts=[f"ops+{number}@solar.example"])
        path = path_of(requirement(found, "email_verification"))
        answers.append(Browser().post(path, {"send": "1"}).status_code)
    assert answers == [303] * 10 + [429]


def test_a_code_of_another_registration_does_not_work():
    """Codes are bound to their requirement."""
    browser, _, path = start("email_verification")
    browser.post(path, {"send": "1"})
    code = mailed_code()
    other = requirement(register(), "email_verification")
    Browser().post(path_of(other), {"send": "1"})
    other_code = mailed_code()
    assert other_code != code
    assert Browser().post(path_of(other), {"code": code}).status_code == 200
    assert statuses(other) == []


def test_online_form():
    """The typed name and the text that was read are kept; accepted at once."""
    browser, found, path = start("terms_form")
    page = text_of(browser.get(path))
    assert "within 72 hours" in page
    assert "Tick this box" in text_of(browser.post(path, {"name": "Dev", "title": "CEO"}))
    sent = accepted(browser, path)
    assert browser.post(path, sent).status_code == 303
    assert statuses(found) == ["pending", "complete"]
    answer = Requirement.objects.get(pk=found.pk).answer
    assert (answer["name"], answer["title"]) == ("Dev", "CEO")
    assert any("within 72 hours" in line for line in answer["text"])
    assert browser.post(path, sent).status_code == 200
    assert statuses(found) == ["pending", "complete"]


def test_terms_that_changed_under_the_page():
    """Nobody accepts a text that they have not seen; the new one is shown, with what was typed."""
    browser, found, path = start("terms_form")
    sent = accepted(browser, path)
    terms = replace(current_fields()["terms_form"], body=("You pay a fee.",))
    set_field(field=terms, by="staff")
    page = text_of(browser.post(path, sent))
    assert "These terms have changed since you opened the page" in page
    assert "You pay a fee." in page
    assert "These terms have changed" in text_of(
        browser.post(path, {name: text for name, text in sent.items() if name != "shown"})
    )
    assert statuses(found) == []
    assert browser.post(path, accepted(browser, path)).status_code == 303
    assert Requirement.objects.get(pk=found.pk).answer["text"] == ["You pay a fee."]


def test_pdf_form():
    """The blank form as often as wanted, the filled one as a file; staff look at it."""
    browser, found, path = start("agreement_pdf")
    for _ in range(2):
        blank = browser.get(f"{path}form.pdf")
        assert blank["Content-Type"] == "application/pdf"
        assert blank.content.startswith(b"%PDF-")
    bad = browser.post(path, {"file": SimpleUploadedFile("a.pdf", b"no")})
    assert "must be a PDF file" in text_of(bad)
    assert "field is required" in text_of(browser.post(path, {}))
    assert browser.post(path, {"file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 303
    assert statuses(found) == ["pending"]
    stored = requirement(found.registration, "agreement_pdf").file
    assert stored.content.read() == PDF
    assert PurePath(stored.content.name).name != "a.pdf"
    assert "We have received this" in text_of(browser.get(path))


def test_a_pdf_over_the_limit():
    """Refused before anything reads it."""
    browser, found, path = start("agreement_pdf")
    large = SimpleUploadedFile("a.pdf", PDF + b" " * 10 * 1_048_576)
    assert "at most 10 MB" in text_of(browser.post(path, {"file": large}))
    assert statuses(found) == []


def test_payment(settings):
    """An invoice with a reference; the payer's word is no payment."""
    settings.PAYMENT_INSTRUCTIONS = "Bank: 12-34"
    browser, found, path = start("registration_fee")
    page = text_of(browser.get(path))
    assert found.reference in page
    assert "USD 100.00" in page
    assert "Bank: 12-34" in page
    assert browser.post(path).status_code == 303
    assert statuses(found) == ["pending"]
    assert production(found.registration) == []


def test_sso_verification():
    """Sign in, confirm, and the account is linked to the registration for self-access."""
    browser, found, path = start("customer_sign_in")
    page = browser.get(path)
    assert f"/accounts/login/?next={path}" in page.content.decode()
    assert browser.post(path).status_code == 200
    assert statuses(found) == []
    ana = User.objects.create_user("ana@example.com", "demo-password-2026")
    browser.force_login(ana)
    page = browser.get(path)
    assert "You are signed in as ana@example.com" in text_of(page)
    assert "Link my account to Solar Helper" in text_of(page)
    assert browser.post(path, {"customer": mark_of(page)}).status_code == 303
    assert statuses(found) == ["pending", "complete"]
    assert list(ana.linked_registrations.values_list("registration", flat=True)) == [
        found.registration_id
    ]


def test_sso_verification_links_whom_the_page_named():
    """Somebody else signed in meanwhile: they are asked, and nothing is linked before."""
    browser, found, path = start("customer_sign_in")
    ana, bo = (User.objects.create_user(f"{name}@example.com") for name in ("ana", "bo"))
    browser.force_login(ana)
    asked_ana = {"customer": mark_of(browser.get(path))}
    browser.force_login(bo)
    for sent in (asked_ana, {}, {"customer": "x"}):
        page = browser.post(path, sent)
        assert page.status_code == 200
        assert "You are signed in as bo@example.com" in text_of(page)
        assert ("A different account is now signed in" in text_of(page)) is bool(sent)
    assert statuses(found) == []
    assert browser.post(path, {"customer": mark_of(page)}).status_code == 303
    assert requirement(found.registration, "customer_sign_in").customer == bo


def test_sso_verification_with_another_account():
    """Signed out, back on the page, and providers will ask who it is."""
    browser, found, path = start("customer_sign_in")
    browser.force_login(User.objects.create_user("ana@example.com"))
    assert browser.post(path, {"switch": "1"})["Location"] == path
    assert "_auth_user_id" not in browser.session
    assert "sign_in_afresh" in browser.session
    assert "Sign in with a password" in text_of(browser.get(path))
    assert statuses(found) == []


def test_looking_changes_nothing():
    """Mail programs open links; only a button acts."""
    for field_id in (
        "email_verification",
        "terms_form",
        "agreement_pdf",
        "registration_fee",
        "customer_sign_in",
    ):
        browser, found, path = start(field_id)
        for _ in range(3):
            page = browser.get(path)
            assert page.status_code == 200
            assert page["Cache-Control"] == "no-store"
            assert page["X-Robots-Tag"] == "noindex"
        assert statuses(found) == []


def test_pages_want_their_own_forms():
    """A form of another site cannot act."""
    _, found, path = start("registration_fee")
    assert Browser(enforce_csrf_checks=True).post(path).status_code == 403
    assert statuses(found) == []


def test_unknown_links_are_404():
    """Whatever is wrong with them."""
    browser, _, path = start("terms_form")
    for wrong in ("/onboarding/x/", path[:-2] + "/", f"{path}form.pdf", "/onboarding/x/form.pdf"):
        assert browser.get(wrong).status_code == 404


def test_an_expired_link_is_replaced():
    """By a new Message that replies to the old one; the page does not give the new link away."""
    browser, found, path = start("terms_form")
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        page = browser.get(path)
        assert page.status_code == 410
        browser.get(path)
        renewed = requirement(found.registration, "terms_form")
        assert renewed.message.previous == found.message
        assert Message.objects.filter(type="online_form_request").count() == 2
        new_path = path_of(renewed)
        assert new_path not in page.content.decode()
        sent = accepted(browser, new_path)
        assert browser.post(path, sent).status_code == 410
        assert browser.post(new_path, sent).status_code == 303
        assert statuses(renewed) == ["pending", "complete"]
        assert set(Message.objects.filter(type="online_form_request").values_list("status")) == {
            ("complete",)
        }


def test_the_sweep_renews_links_once():
    """Clients that poll find the new link without opening the old one."""
    _, found, _ = start("terms_form")
    assert renew_expired_links(timezone.now()) == 0
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        renew_onboarding_links()
        renew_onboarding_links()
    assert found.message.replies.filter(type="online_form_request").count() == 1


def test_a_step_for_which_nothing_comes_ends():
    """Anybody may register: links would else be written for ever. Nobody gets a mail about it."""
    browser, found, path = start("terms_form")
    begun = timezone.now()
    for days in range(31, 250, 31):
        with time_machine.travel(begun + timedelta(days=days), tick=False):
            renew_onboarding_links()
    found = requirement(found.registration, "terms_form")
    assert (found.status, found.reason) == ("rejected", NOTHING_CAME)
    asked = Message.objects.filter(type="online_form_request")
    assert asked.count() == 6
    assert set(asked.values_list("status", flat=True)) == {"rejected"}
    # That of the registration itself.
    assert OutboxEntry.objects.filter(task=write.NOTICE_TASK).count() == 1
    with time_machine.travel(begun + timedelta(days=250), tick=False):
        assert browser.get(path).status_code == 410
        reopen_requirement(requirement=found, by="command:onboarding")
        assert (
            browser.get(path_of(requirement(found.registration, "terms_form"))).status_code == 200
        )


def test_a_step_that_is_no_longer_asked_for_holds_up_no_other():
    """Staff have taken the field away; the others get their links."""
    offer_with("terms_form", "agreement_pdf")
    found = register()
    Requirement.objects.filter(field_id="terms_form").update(field_id="gone")
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        assert renew_expired_links(timezone.now()) == 1
    renewed = requirement(found, "agreement_pdf").message
    assert renewed.previous is not None


def test_tries_past_the_limit_write_nothing():
    """Whoever has the link could else fill the audit trail with wrong codes."""
    browser, found, path = start("email_verification")
    browser.post(path, {"send": "1"})
    for _ in range(VerificationCode.MAX_ATTEMPTS + 3):
        browser.post(path, {"code": "AAAA-AAAA"})
    assert found.codes.get().attempts == VerificationCode.MAX_ATTEMPTS
    refused = AuditEvent.objects.filter(action="requirement.code_refused")
    assert refused.count() == VerificationCode.MAX_ATTEMPTS
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        browser.post(path, {"code": "AAAA-AAAA"})
    assert refused.count() == VerificationCode.MAX_ATTEMPTS


def test_the_page_that_explains():
    """Steps, fees and the blank form stand where `documentation` leads."""
    offer_with("registration_fee", "agreement_pdf", "email_verification", optional=("purposes",))
    browser = Browser()
    page = browser.get("/onboarding/")
    for field_id in ("registration_fee", "agreement_pdf", "email_verification", "purposes"):
        assert f'id="{field_id}"' in page.content.decode()
    assert "USD 100.00" in text_of(page)
    blank = browser.get("/onboarding/forms/agreement_pdf.pdf")
    assert blank.content.startswith(b"%PDF-")
    assert browser.get("/onboarding/forms/registration_fee.pdf").status_code == 404


def test_the_mail_with_the_code_holds_no_words_of_the_third_party():
    """Anybody can register with anybody's address: the mail must not carry a message to it."""
    offer_with("email_verification")
    registration = register(client_name="Your account is locked: https://phish.example/")
    Browser().post(path_of(requirement(registration, "email_verification")), {"send": "1"})
    mailed_code()
    (sent,) = mail.outbox
    assert isinstance(sent, mail.EmailMultiAlternatives)
    for text in (str(sent.subject), str(sent.body), str(sent.alternatives[0])):
        assert "phish" not in text
        assert "locked" not in text
