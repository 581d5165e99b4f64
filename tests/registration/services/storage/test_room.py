"""What parties may store: a share of the day, of strangers, and of the address they come from."""

import base64
import json
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from registration.models import Message, Registration
from registration.models.field import RegistrationFile
from registration.models.message import MessageAttachment
from registration.models.onboarding import Requirement
from registration.services.catalogue.fields import current_fields
from registration.services.storage import room
from registration.services.storage.room import HAND_INS, STRANGER, daily_bytes
from tests.factories.registration import MessageFactory
from tests.registration.onboarding_support import (
    PDF,
    offer_with,
    path_of,
    register,
    requirement,
    text_of,
)
from tests.registration.support import (
    admin_caller,
    offer_demo_scopes,
    register_demo_client,
)


def meet_a_step(registration):
    Requirement.objects.create(
        registration=registration,
        field_id="terms",
        type="online_form",
        status="complete",
        decided=timezone.now(),
    )


def item(content):
    data = base64.b64encode(content).decode()
    return {"filename": "a.txt", "mime_type": "text/plain", "data": data}


def post(api, *items, description="Here"):
    payload = {
        "type": "private_message",
        "name": "Files",
        "description": description,
        "attachments": list(items),
    }
    return api.generic("POST", "/cds-api/v1/messages", json.dumps(payload), "application/json")


@pytest.fixture
def api(db):
    offer_demo_scopes()
    return admin_caller()[0]


@pytest.fixture
def known(api):
    """Return the caller's registration; it has met a step."""
    registration = api.handler._force_user.registration
    meet_a_step(registration)
    return registration


@pytest.mark.parametrize("text", ["x" * 900, ""])
def test_nobody_fills_the_disk(api, known, text):
    """Anyone can register: what one party sends in a day has a limit, its texts included."""
    limit = daily_bytes()
    MessageFactory.create(registration=known, size=limit)
    MessageFactory.create(registration=known, creator="cl_x", size=limit - 4_000)
    files = [] if text else [item(b"12345")]
    assert post(api, *files, description=text or "x").status_code == 201
    assert post(api, *files, description="x" * 3_000).status_code == 429
    answer = post(api, *files, description="x" * 3_000)
    assert answer.json()["field"] == ("description" if text else "attachments")
    other, _ = admin_caller()
    assert post(other, *files, description="x" * 3_000).status_code == 201


def test_a_stranger_stores_no_more_than_its_share(api):
    """Until it has shown who it is, whatever the day."""
    registration = api.handler._force_user.registration
    old = timezone.now() - timedelta(days=90)
    MessageFactory.create(
        registration=registration, creator="cl_x", size=STRANGER - 1_500, created=old
    )
    answer = post(api, description="x" * 600)
    assert (answer.status_code, answer.json()["error"]) == (403, "storage_limit")
    assert str(STRANGER) in answer.json()["error_description"]
    meet_a_step(registration)
    assert post(api, description="x" * 600).status_code == 201


def test_strangers_share_what_there_is(api, settings):
    """The others go on: only those who are known."""
    settings.UNVERIFIED_STORAGE_BYTES = 100_000
    MessageFactory.create(creator="cl_x", size=99_500)
    answer = post(api, description="x" * 600)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    registration = api.handler._force_user.registration
    meet_a_step(registration)
    assert post(api, description="x" * 600).status_code == 201


def test_an_address_has_a_share_of_a_day(api, settings, stopped_clock):
    """Registrations cost nothing, so one after another must not give more."""
    settings.STRANGERS_BYTES_OF_ADDRESS = "3000/day"
    assert post(api, description="x" * 600).status_code == 201
    other, _ = admin_caller()
    assert post(other, description="x" * 600).status_code == 429


def hand_in(path, content=PDF):
    return Browser().post(path, {"file": SimpleUploadedFile("a.pdf", content)})


@pytest.mark.django_db
def test_a_form_is_handed_in_a_few_times():
    """Anybody with the link may: the page says why it stops, and what came last stays."""
    offer_with("agreement_pdf")
    asked = requirement(register(), "agreement_pdf")
    path = path_of(asked)
    assert [hand_in(path).status_code for _ in range(2)] == [303, 303]
    last = requirement(asked.registration, "agreement_pdf").file
    largest = current_fields()["agreement_pdf"].max_size or 0
    RegistrationFile.objects.filter(pk=last.pk).update(size=HAND_INS * largest - len(PDF) - 1)
    assert "submitted too many times" in text_of(hand_in(path))
    assert requirement(asked.registration, "agreement_pdf").file == last
    assert RegistrationFile.objects.count() == 2


@pytest.mark.django_db
def test_forms_count_for_strangers():
    """As their Messages do."""
    offer_with("agreement_pdf")
    asked = requirement(register(), "agreement_pdf")
    MessageFactory.create(registration=asked.registration, creator="cl_x", size=STRANGER - 100_000)
    refused = hand_in(path_of(asked), PDF + b"%" * 100_000 + b"%%EOF")
    assert "Until an onboarding step is complete" in text_of(refused)
    assert not RegistrationFile.objects.exists()


@pytest.mark.django_db
def test_registrations_count(settings, stopped_clock):
    """Each is some twenty rows, whatever it says."""
    offer_demo_scopes()
    assert register_demo_client().status_code == 201
    assert Registration.objects.get().size > room.REGISTRATION_ROWS
    settings.UNVERIFIED_STORAGE_BYTES = 30_000
    cache.clear()  # the total is not counted for every request
    refused = register_demo_client()
    assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
    assert Registration.objects.count() == 1
    settings.UNVERIFIED_STORAGE_BYTES = 1_000_000
    settings.STRANGERS_BYTES_OF_ADDRESS = "30000/day"
    assert register_demo_client().status_code == 201
    assert register_demo_client().status_code == 429


@pytest.mark.django_db
def test_messages_of_before_count_their_files():
    """The utility's own do not count, and what has a size keeps it."""
    sent = MessageFactory.create(creator="cl_1", size=0)
    counted = MessageFactory.create(creator="cl_1", size=7)
    ours = MessageFactory.create(creator="", size=0)
    for number, message in enumerate((sent, sent, counted, ours)):
        MessageAttachment.objects.create(
            message=message, filename="a", size=1000, sha256="0" * 64, stored_as=str(number)
        )
    fill = import_module("registration.migrations.0012_fill_stored_sizes").fill
    for _ in range(2):
        fill(apps, None)
        sizes = {message.pk: message.size for message in Message.objects.order_by("pk")}
        assert sizes == {sent.pk: 2000, counted.pk: 7, ours.pk: 0}
