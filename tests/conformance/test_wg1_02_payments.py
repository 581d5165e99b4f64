"""CDS-WG1-02 3.6 and 6.3: fees that are paid at a card provider."""

import pytest
from django.test import Client as Browser

from registration.models import Message, Payment
from tests.registration.onboarding_support import (
    offer_with,
    path_of,
    production,
    requirement,
    statuses,
    text_of,
)
from tests.registration.payment_support import FEE, fee_to_pay, report, use_dummy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cards(settings):
    """Fees are paid by card."""
    use_dummy(settings)


def reported(*reports):
    """Register, open the checkout, let the provider report; return the requirement."""
    fee = fee_to_pay()
    Browser().post(path_of(fee))
    for status in reports:
        Browser().get(report(Payment.objects.get(), status))
    return requirement(fee.registration, FEE)


@pytest.mark.spec("CDS-WG1-02", "3.6", "payment_required: submitted is pending")
def test_submitted():
    """The provider has it, and the money is on its way."""
    assert statuses(reported("preauth")) == ["pending"]


@pytest.mark.spec("CDS-WG1-02", "3.6", "payment_required: accepted is complete")
def test_accepted():
    """With the receipt, and production access when nothing else is missing."""
    fee = reported("preauth", "confirmed")
    assert statuses(fee) == ["pending", "complete"]
    done = Message.objects.get(type="request_update", status="complete")
    assert done.related_type == "payment_receipt"
    assert len(production(fee.registration)) == 1


@pytest.mark.spec("CDS-WG1-02", "3.6", "payment_required: rejected is rejected")
def test_rejected():
    """The reason stands in the update; a new request leads to the next try."""
    fee = reported("preauth", "rejected")
    update = Message.objects.get(type="request_update", status="rejected")
    assert update.previous == fee.message.previous
    assert update.description
    assert (fee.message.type, fee.message.status) == ("payment_request", "open")


@pytest.mark.spec("CDS-WG1-02", "6.3", "errored: the server's trouble with a payment")
def test_errored():
    """The request can still be met."""
    fee = reported("preauth", "error")
    assert statuses(fee) == ["pending", "errored"]
    Browser().post(path_of(fee))
    Browser().get(report(Payment.objects.latest("pk"), "confirmed"))
    assert statuses(fee)[-1] == "complete"


@pytest.mark.spec("CDS-WG1-02", "3.6", "payment_required: documentation tells fees and methods")
@pytest.mark.parametrize(("provider", "method"), [("dummy", "by card"), ("invoice", "by invoice")])
def test_documentation(settings, provider, method):
    """Where the registration field's `documentation` leads."""
    settings.PAYMENT_PROVIDER = provider
    offer_with(FEE)
    meta = Browser().get("/.well-known/oauth-authorization-server").json()
    field = meta["cds_registration_fields"][FEE]
    page, _, anchor = field["documentation"].removeprefix("http://testserver").partition("#")
    shown = Browser().get(page)
    assert f'id="{anchor}"' in shown.content.decode()
    assert f"USD {field['amount']}" in text_of(shown).replace("100.00", "100")
    assert method in text_of(shown)
