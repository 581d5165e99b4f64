"""Our side of Stripe Checkout, against a stand-in of its API on the loopback."""

import time
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client as Browser
from payments import PaymentError
from payments.signals import status_changed

from registration.models import Payment
from registration.services.catalogue.fields import current_fields, set_field
from registration.services.onboarding.requirements import ForbiddenStep
from registration.services.payments import fees
from registration.services.payments.stripe import StripeCheckout
from tests.registration.onboarding_support import (
    offer_with,
    path_of,
    production,
    register,
    requirement,
    statuses,
    text_of,
)
from tests.registration.payment_support import (
    API_KEY,
    FEE,
    HOOK,
    SECRET,
    event,
    send,
    signature,
)

pytestmark = pytest.mark.django_db


def payment():
    """The only payment."""
    return Payment.objects.get()


def test_the_checkout_is_opened_with_the_fee_and_nothing_personal(session, stand_in, fee):
    """Amount in cents, our reference, our addresses, the configured key."""
    ((path, sent, key),) = stand_in.calls
    page = f"http://testserver/onboarding/payments/{payment().token}/"
    assert (path, key) == ("/v1/checkout/sessions", f"Bearer {API_KEY}")
    assert sent == {
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "10000",
        "line_items[0][price_data][product_data][name]": f"Registration fee, {fee.reference}",
        "line_items[0][quantity]": "1",
        "mode": "payment",
        "success_url": page,
        "cancel_url": page,
        "client_reference_id": payment().token,
    }
    assert payment().transaction_id == session["id"]


def test_pressing_again_uses_the_open_checkout(session, stand_in, fee):
    """One session at Stripe, however often somebody clicks."""
    assert Browser().post(path_of(fee))["Location"] == session["url"]
    assert len(stand_in.sessions) == 1


def test_a_signed_webhook_completes_once(session, stand_in, fee):
    """Though it comes twice, and after the page has asked already."""
    stand_in.pay(session)
    page = Browser().get(f"/onboarding/payments/{payment().token}/")
    assert "This is done" in text_of(page)
    for _ in range(2):
        answer = send("checkout.session.completed", session)
        assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
    assert statuses(fee) == ["pending", "complete"]
    assert len(production(fee.registration)) == 1
    assert (payment().status, payment().captured_amount) == ("confirmed", Decimal("100.00"))


def test_the_webhook_alone_completes(session, stand_in, fee):
    """Nobody came back from the checkout."""
    stand_in.pay(session)
    assert send("checkout.session.completed", session).status_code == 200
    assert statuses(fee) == ["pending", "complete"]
    assert "This is done" in text_of(Browser().get(path_of(fee)))


def test_who_paid_stays_at_stripe(session, stand_in):
    """We keep that it was paid, not by whom."""
    stand_in.pay(session)
    send("checkout.session.completed", session)
    assert '"payment_intent": "pi_1"' in payment().extra_data
    assert "solar.example" not in payment().extra_data
    assert "Pay Er" not in payment().extra_data


FORGED = {
    "no signature": None,
    "another secret": lambda body: signature(body, "whsec_other"),
    "another body": lambda body: signature(body + b" "),
    "an old one": lambda body: signature(body, at=int(time.time()) - 3600),
    "no signature at all": lambda body: "garbage",
}


@pytest.mark.parametrize("kind", FORGED)
def test_forged_webhooks_change_nothing(session, stand_in, fee, kind):
    """400, and the requirement stays open."""
    paid = {**session, "status": "complete", "payment_status": "paid"}
    assert send("checkout.session.completed", paid, sign=FORGED[kind]).status_code == 400
    assert payment().status == "waiting"
    assert statuses(fee) == []


def test_the_other_address_wants_the_signature_too(session, fee):
    """The library has one for each payment."""
    body = event("checkout.session.completed", {**session, "payment_status": "paid"})
    answer = Browser().post(
        f"/payments/process/{payment().token}/", body, content_type="application/json"
    )
    assert answer.status_code == 400
    assert statuses(fee) == []


def test_a_webhook_about_something_else(session, stand_in, fee):
    """Signed, but of no checkout of ours."""
    assert send("customer.created", {"id": "cus_1"}).status_code == 200
    foreign = {**session, "client_reference_id": "00000000-0000-4000-8000-000000000000"}
    assert send("checkout.session.completed", foreign).status_code == 200
    assert send("checkout.session.completed", {**session, "client_reference_id": None}).json()
    paid = {**session, "id": "cs_other", "payment_status": "paid", "status": "complete"}
    assert send("checkout.session.completed", paid).json()["status"] == "ignored"
    assert Browser().get(HOOK).status_code == 400
    assert statuses(fee) == []


def test_coming_back_without_paying(session, fee):
    """Stripe is asked, and says no."""
    page = text_of(Browser().get(f"/onboarding/payments/{payment().token}/"))
    assert "No payment yet" in page
    assert statuses(fee) == []


def test_paid_but_the_webhook_was_lost(session, stand_in, fee):
    """The button notices before it lets anybody pay twice."""
    stand_in.pay(session)
    answer = Browser().post(path_of(fee))
    assert answer["Location"] == f"http://testserver/onboarding/payments/{payment().token}/"
    assert statuses(fee) == ["pending", "complete"]
    assert len(stand_in.sessions) == 1


def test_methods_that_take_days(session, fee):
    """Pending until the money is there; refused when it does not come."""
    waiting = {**session, "status": "complete", "payment_status": "unpaid"}
    send("checkout.session.completed", waiting)
    assert statuses(fee) == ["pending"]
    send("checkout.session.async_payment_failed", waiting)
    assert statuses(fee) == ["pending", "rejected"]
    assert requirement(fee.registration, FEE).status == "open"


def test_money_that_arrived_after_days(session, fee):
    """The same, with a good end."""
    waiting = {**session, "status": "complete", "payment_status": "unpaid"}
    send("checkout.session.completed", waiting)
    send("checkout.session.async_payment_succeeded", {**waiting, "payment_status": "paid"})
    assert statuses(fee) == ["pending", "complete"]


def test_late_money_whose_report_was_lost(session, stand_in, fee):
    """Whoever looks at the page makes us ask: submitted first, then paid."""
    session |= {"status": "complete", "payment_status": "unpaid", "url": None}
    page = f"/onboarding/payments/{payment().token}/"
    assert Browser().post(path_of(fee))["Location"] == f"http://testserver{page}"
    assert "We have received this" in text_of(Browser().get(page))
    assert statuses(fee) == ["pending"]
    stand_in.pay(session)
    assert "This is done" in text_of(Browser().get(page))
    assert statuses(fee) == ["pending", "complete"]


def test_an_expired_checkout_whose_report_was_lost(session, stand_in, fee):
    """The dead page at Stripe is not offered again."""
    session["status"] = "expired"
    back = Browser().post(path_of(fee))["Location"]
    assert back == f"http://testserver/onboarding/payments/{payment().token}/"
    path = back.removeprefix("http://testserver")
    assert "did not go through" in text_of(Browser().get(path))
    assert Browser().post(path)["Location"] == stand_in.sessions["cs_test_2"]["url"]
    assert statuses(fee) == []


def test_an_expired_checkout(session, stand_in, fee):
    """No refusal; the next click opens another."""
    assert send("checkout.session.expired", {**session, "status": "expired"}).status_code == 200
    assert (payment().status, statuses(fee)) == ("cancelled", [])
    assert Browser().post(path_of(fee)).status_code == 303
    assert len(stand_in.sessions) == 2


def test_expired_after_paid_changes_nothing(session, stand_in, fee):
    """Out of order: taken note of, so that Stripe does not repeat it."""
    stand_in.pay(session)
    send("checkout.session.completed", session)
    late = {**session, "status": "expired", "payment_status": "unpaid"}
    answer = send("checkout.session.expired", late)
    assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    assert payment().status == "confirmed"


def test_stripe_refuses_or_does_not_answer(fee, stand_in, monkeypatch):
    """A page that says so; nothing is pending, and the next try is a new payment."""
    stand_in.fails = True
    answer = Browser().post(path_of(fee))
    assert "You have not been charged" in text_of(answer)
    assert statuses(fee) == []
    stand_in.fails = False
    assert Browser().post(path_of(fee)).status_code == 303
    assert list(Payment.objects.order_by("pk").values_list("status", flat=True)) == [
        "error",
        "waiting",
    ]


def test_stripe_is_away_when_somebody_comes_back(session, stand_in, fee):
    """The page does not guess."""
    stand_in.pay(session)
    stand_in.fails = True
    page = text_of(Browser().get(f"/onboarding/payments/{payment().token}/"))
    assert "No payment yet" in page
    assert statuses(fee) == []


def test_a_refund(session, stand_in, fee):
    """In full, once; a refusal changes nothing."""
    stand_in.pay(session)
    send("checkout.session.completed", session)
    stand_in.fails = True
    with pytest.raises(fees.PaymentUnavailable, match="Refused by the stand-in"):
        fees.refund_payment(requirement=fee, by="staff")
    assert payment().status == "confirmed"
    stand_in.fails = False
    fees.refund_payment(requirement=fee, by="staff")
    path, sent, _ = stand_in.calls[-1]
    assert path == "/v1/refunds"
    assert (sent["payment_intent"], sent["amount"]) == ("pi_1", "10000")
    assert (payment().status, payment().captured_amount) == ("refunded", 0)
    assert send("checkout.session.completed", session).json()["status"] == "ignored"
    assert payment().status == "refunded"


@pytest.mark.parametrize(
    ("currency", "amount", "units"),
    [("USD", "100.00", 10000), ("JPY", "5000.00", 5000), ("KWD", "12.50", 12500)],
)
def test_amounts_in_the_smallest_unit(currency, amount, units):
    """Two, none and three decimals."""
    provider = StripeCheckout(api_key=API_KEY, endpoint_secret=SECRET)
    assert provider.convert_amount(currency, Decimal(amount)) == units


def test_an_amount_that_does_not_exist(fee, stand_in):
    """Half a yen is refused, never rounded."""
    provider = StripeCheckout(api_key=API_KEY, endpoint_secret=SECRET)
    with pytest.raises(PaymentError):
        provider.convert_amount("JPY", Decimal("0.50"))


def test_an_amount_that_cannot_be_paid(stand_in):
    """The page says that it does not work; Stripe is not asked."""
    offer_with(FEE)
    set_field(
        field=replace(current_fields()[FEE], amount=Decimal("0.50"), currency="JPY"), by="staff"
    )
    found = requirement(register(), FEE)
    assert "You have not been charged" in text_of(Browser().post(path_of(found)))
    assert stand_in.calls == []


def test_half_a_report_is_no_report(session, stand_in, fee):
    """What fails while Stripe is asked leaves nothing behind; the webhook completes it later."""
    stand_in.pay(session)

    def fail(**kwargs):
        raise OSError("no space left")

    status_changed.connect(fail)
    try:
        Browser().get(f"/onboarding/payments/{payment().token}/")
    finally:
        status_changed.disconnect(fail)
    assert (payment().status, statuses(fee)) == ("waiting", [])
    send("checkout.session.completed", stand_in.only())
    assert (payment().status, statuses(fee)) == ("confirmed", ["pending", "complete"])


def test_nobody_pays_again_what_arrived(session, fee):
    """Also where the requirement could not follow: staff look at it, no second checkout opens."""
    Payment.objects.update(status="confirmed")
    with pytest.raises(ForbiddenStep, match="already arrived"):
        fees.start_payment(requirement=fee, by="visitor")
    assert Payment.objects.count() == 1


def test_two_payments_of_one_fee(session, stand_in, fee, caplog):
    """The second is kept as a fact for staff, and can be paid back alone."""
    second = Payment.objects.create(
        requirement=fee, variant="stripe", total=100, currency="USD", description="Registration fee"
    )
    with transaction.atomic():
        other = fees.open_checkout(second)
    assert other != session["url"]
    for found in list(stand_in.sessions.values()):
        stand_in.pay(found)
        send("checkout.session.completed", found)
    assert statuses(fee) == ["pending", "complete"]
    assert "cannot follow" in caplog.text
    fees.refund_payment(requirement=fee, by="staff")
    assert set(Payment.objects.values_list("status", flat=True)) == {"confirmed", "refunded"}
