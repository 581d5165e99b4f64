"""Mails about Messages: to contacts that anybody may have named."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from portal.background import outbox
from portal.models import OutboxEntry
from registration import tasks  # noqa: F401 -- the outbox runs them
from registration.services.messages.mail_contacts import NOTICES_PER_DAY
from registration.services.messages.write import send_message
from registration.services.onboarding.renew import renew_expired_links
from tests.registration.onboarding_support import (
    mailed_code,
    offer_with,
    path_of,
    register,
    requirement,
)

pytestmark = pytest.mark.django_db
NOON = timezone.now().replace(hour=12)
VICTIM = "ana@victim.example"


def run_all() -> list[str]:
    """Run what was promised; return whom mails went to."""
    mail.outbox.clear()
    while ready := OutboxEntry.objects.filter(status="ready").values_list("pk", flat=True):
        for pk in ready:
            outbox.run(pk)
    return [sent.to[0] for sent in mail.outbox]


def test_a_registration_sends_its_contacts_one_mail():
    """However many steps it has; a step that is renewed sends none, however often."""
    offer_with("terms_form", "agreement_pdf", "registration_fee", "internal_review")
    register(contacts=[VICTIM, "other@victim.example"])
    assert sorted(run_all()) == [VICTIM, "other@victim.example"]
    for months in (1, 2, 3):
        with time_machine.travel(timezone.now() + timedelta(days=31 * months), tick=False):
            assert renew_expired_links(timezone.now()) == 3
            assert run_all() == []


@time_machine.travel(NOON, tick=False)
def test_an_address_gets_only_so_many_mails_a_day():
    """From all registrations together; in whatever case, with whatever part after a plus."""
    offer_with("terms_form")
    got = []
    for number in range(NOTICES_PER_DAY + 3):
        tagged = VICTIM.replace("@", f"+{number}@")
        register(contacts=[VICTIM.upper() if number % 2 else tagged])
        got += run_all()
    assert len(got) == NOTICES_PER_DAY
    register(contacts=["somebody@else.example"])
    assert run_all() == ["somebody@else.example"]
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        register(contacts=[VICTIM])
        assert run_all() == [VICTIM]


@time_machine.travel(NOON, tick=False)
def test_strangers_do_not_use_up_the_mails_of_a_verified_address():
    """Its owner hears of a secret that was ended, whoever else names the address."""
    offer_with("email_verification")
    registration = register(contacts=[VICTIM])
    path = path_of(requirement(registration, "email_verification"))
    Browser().post(path, {"send": "1"})
    Browser().post(path, {"code": mailed_code()})
    for _ in range(NOTICES_PER_DAY + 1):
        register(contacts=[VICTIM])
    run_all()
    send_message(registration=registration, name="A", description="B", by="staff")
    assert run_all() == [VICTIM]
