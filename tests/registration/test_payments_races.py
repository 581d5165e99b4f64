"""A webhook twice at the same moment, and beside the page that asks, over real connections."""

import pytest
from django.test import Client as Browser

from portal.models import AuditEvent
from registration.models import Message, Payment
from registration.services import onboarding, payments
from tests.registration.onboarding_support import (
    offer_with,
    path_of,
    production,
    register,
    requirement,
    statuses,
)
from tests.registration.payment_support import HOOK, event, signature, stripe_stand_in
from tests.registration.test_messages_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

FEE = "registration_fee"


@pytest.fixture
def stand_in(settings, monkeypatch):
    """The stand-in of Stripe."""
    with stripe_stand_in(settings, monkeypatch) as found:
        yield found


@pytest.fixture
def fee(stand_in):
    """A registration whose only missing step is the fee."""
    offer_with(FEE)
    return requirement(register(), FEE)


def test_reports_at_once_complete_once(fee, stand_in):
    """Three webhooks and two visitors: one receipt, one production Client."""
    Browser().post(path_of(fee))
    session = stand_in.only()
    stand_in.pay(session)
    payment = Payment.objects.get()
    body = event("checkout.session.completed", session)

    def hook():
        return Browser().post(
            HOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature(body)
        )

    def page():
        return Browser().get(f"/onboarding/payments/{payment.token}/")

    answers = at_once(hook, page, hook, page, hook)
    assert [answer.status_code for answer in answers] == [200] * 5
    assert statuses(fee) == ["pending", "complete"]
    assert len(production(fee.registration)) == 1
    assert Message.objects.filter(related_type="payment_receipt").count() == 1
    assert AuditEvent.objects.filter(action="payment.confirmed").count() == 1
    payment.refresh_from_db()
    assert payment.status == "confirmed"


def test_two_clicks_open_one_checkout(fee, stand_in):
    """Nobody can pay in both tabs."""
    answers = at_once(*[lambda: Browser().post(path_of(fee))] * 3)
    assert {answer["Location"] for answer in answers} == {stand_in.only()["url"]}
    assert Payment.objects.count() == 1


def test_staff_and_the_provider_decide_at_once(fee, stand_in):
    """One of them completes it; the money is kept as a fact either way."""
    Browser().post(path_of(fee))
    stand_in.pay(stand_in.only())
    payment = Payment.objects.get()
    at_once(
        lambda: onboarding.approve_requirement(requirement=fee, by="staff"),
        lambda: payments.ask_provider(payment),
    )
    assert requirement(fee.registration, FEE).status == "complete"
    assert Message.objects.filter(related_type="payment_receipt").count() == 1
    payment.refresh_from_db()
    assert payment.status == "confirmed"
