"""Files in storage stand or fall with the rows that name them: what is refused fills no disk."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from registration.fields.files import SubmittedFile
from registration.models import Registration
from registration.models.field import RegistrationFile
from registration.services.catalogue.fields import current_fields, store_file
from registration.services.onboarding.decide import reject_requirement
from registration.services.onboarding.requirements import ForbiddenStep
from registration.services.onboarding.steps import hand_in_pdf
from registration.services.storage.room import HAND_INS
from registration.services.storage.stored_files import no_orphans
from tests.registration.onboarding_support import (
    PDF,
    offer_with,
    path_of,
    register,
    requirement,
    stored_files,
)
from tests.registration.services.onboarding.test_handlers import attached, submission
from tests.registration.services.storage.test_room import meet_a_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def form():
    """Return the requirement of a form that waits for its file."""
    offer_with("agreement_pdf")
    return requirement(register(), "agreement_pdf")


def test_an_answer_that_is_refused_leaves_no_file(form, settings):
    """The Message is rolled back, so nothing counts it: repeated, it would fill the disk."""
    text = attached(b"no form at all") + attached(b"another")
    for item in text:
        item |= {"filename": "a.txt", "mime_type": "text/plain"}
    answer = submission(form.registration, form.message, attachments=text)
    assert (answer.status_code, answer.json()["field"]) == (400, "attachments")
    assert stored_files(settings) == []


def test_a_form_that_was_handed_in_too_often_leaves_no_file(form, settings):
    """The limit is found after the Message was stored; who is known has no other."""
    assert submission(form.registration, form.message, attachments=attached()).status_code == 201
    before = stored_files(settings)
    assert len(before) == 2
    meet_a_step(form.registration)
    largest = current_fields()["agreement_pdf"].max_size or 0
    RegistrationFile.objects.update(size=HAND_INS * largest)
    answer = submission(form.registration, form.message, attachments=attached())
    assert (answer.status_code, answer.json()["error"]) == (403, "storage_limit")
    assert stored_files(settings) == before


def test_a_form_for_a_step_that_is_over_leaves_no_file(form, settings):
    """Whoever has the link may come when staff have decided already."""
    reject_requirement(requirement=form, reason="Not needed.", by="staff")
    with pytest.raises(ForbiddenStep):
        hand_in_pdf(requirement=form, content=PDF, by="visitor")
    assert stored_files(settings) == []
    assert not RegistrationFile.objects.exists()


def test_a_form_that_is_taken_stays(form, settings):
    """The page's way."""
    page = Browser().post(path_of(form), {"file": SimpleUploadedFile("a.pdf", PDF)})
    assert page.status_code == 303
    assert stored_files(settings) == [
        requirement(form.registration, "agreement_pdf").file.content.name
    ]


def test_an_outer_failure_takes_what_inner_work_has_stored(form, settings):
    """The outer transaction undoes the rows of both."""
    file = SubmittedFile(PDF, "application/pdf")
    registration = Registration.objects.get()

    @no_orphans()
    def store_and_fail():
        store_file(registration=registration, field_id="agreement_pdf", file=file)
        assert len(stored_files(settings)) == 1
        raise ForbiddenStep("too late")

    with pytest.raises(ForbiddenStep):
        store_and_fail()
    assert stored_files(settings) == []
