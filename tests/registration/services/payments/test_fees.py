"""Fees by card, over the payment library with its dummy provider (CDS-WG1-02 3.6, 6.3)."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone
from payments import PaymentStatus

from portal.models import AuditEvent
from registration.models import Message, Payment
from registration.models.payment import StatusRefused
from registration.services.onboarding.decide import approve_requirement
from registration.services.onboarding.requirements import ForbiddenStep
from registration.services.payments import fees
from tests.registration.onboarding_support import (
    offer_with,
    path_of,
    production,
    requirement,
    statuses,
    text_of,
)
from tests.registration.payment_support import CHECKOUT, FEE, enter_at_dummy, report, use_dummy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cards(settings):
    """This deployment takes cards."""
    use_dummy(settings)


def begin(fee):
    """Press the button; return the payment."""
    answer = Browser().post(path_of(fee))
    assert answer.status_code == 303
    payment = Payment.objects.latest("pk")
    assert answer["Location"] == f"{CHECKOUT}/{payment.token}"
    return payment


def actions():
    """What the audit trail says about payments."""
    rows = AuditEvent.objects.filter(action__startswith="payment.").order_by("pk")
    return list(rows.values_list("action", flat=True))


def now(fee):
    """The requirement as it is now."""
    return requirement(fee.registration, FEE)


def test_the_page_shows_the_fee_and_leads_to_the_checkout(fee):
    """Reference, amount, no invoice; only this page may end at the checkout."""
    page = Browser().get(path_of(fee))
    text = text_of(page)
    assert fee.reference in text
    assert "USD 100.00" in text
    assert "Pay by card" in text
    assert "I have sent the payment" not in text
    policy = page["Content-Security-Policy"]
    assert f"form-action 'self' {CHECKOUT}" in policy
    assert "script-src 'self';" in f"{policy};"
    assert CHECKOUT not in Browser().get("/onboarding/")["Content-Security-Policy"]
    assert not Payment.objects.exists()


def test_the_payment_holds_the_fee(fee):
    """Amount and currency of the requirement; nothing is pending before money moves."""
    payment = begin(fee)
    assert (payment.total, payment.currency) == (Decimal("100.00"), "USD")
    assert fee.reference in payment.description
    assert (payment.requirement, now(fee).status) == (fee, "open")
    assert statuses(fee) == []
    assert len({payment.token, fee.reference, fee.requirement_id}) == 3
    assert actions() == ["payment.started", "payment.input"]


def test_pressing_again_opens_the_same_checkout(fee):
    """Until it is a day old: then the provider has closed it."""
    assert begin(fee) == begin(fee)
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        begin(fee)
    assert Payment.objects.count() == 2


def test_a_confirmed_payment_completes_the_requirement_once(fee):
    """Pending and complete with the receipt, though the report comes three times."""
    payment = begin(fee)
    for _ in range(3):
        answer = Browser().get(report(payment, "confirmed"))
        assert answer["Location"] == f"http://testserver/onboarding/payments/{payment.token}/"
    assert statuses(fee) == ["pending", "complete"]
    assert len(production(fee.registration)) == 1
    done = Message.objects.get(type="request_update", status="complete")
    assert done.related_type == "payment_receipt"
    receipt = text_of(Browser().get(done.related_uri.removeprefix("http://testserver")))
    assert "Receipt" in receipt
    assert "Paid by card." in receipt
    assert actions() == ["payment.started", "payment.input", "payment.confirmed"]
    made = AuditEvent.objects.filter(action="requirement.complete").get()
    assert made.actor == "provider:dummy"


def test_a_confirmed_payment_through_the_dummys_own_form(fee):
    """The library's other door: the provider answers in the visitor's request."""
    payment = begin(fee)
    with transaction.atomic():
        back = enter_at_dummy(payment, "confirmed")
    page = text_of(Browser().get(back.removeprefix("http://testserver")))
    assert "This is done" in page
    assert statuses(fee) == ["pending", "complete"]


def test_coming_back_is_no_payment(fee):
    """The page says so, as often as it is opened, and offers both ways on."""
    payment = begin(fee)
    for _ in range(3):
        page = Browser().get(f"/onboarding/payments/{payment.token}/")
        assert page.status_code == 200
        assert "No payment yet" in text_of(page)
        assert "Check again" in text_of(page)
    assert page["Cache-Control"] == "no-store"
    assert page["X-Robots-Tag"] == "noindex"
    assert CHECKOUT in page["Content-Security-Policy"]
    assert statuses(fee) == []
    again = Browser().post(f"/onboarding/payments/{payment.token}/")
    assert again["Location"] == f"{CHECKOUT}/{payment.token}"


def test_money_on_its_way_is_pending(fee):
    """Authorised, then taken."""
    payment = begin(fee)
    Browser().get(report(payment, "preauth"))
    assert statuses(fee) == ["pending"]
    page = text_of(Browser().get(f"/onboarding/payments/{payment.token}/"))
    assert "We have received this" in page
    Browser().get(report(payment, "confirmed"))
    assert statuses(fee) == ["pending", "complete"]


@pytest.mark.parametrize("before", [[], ["preauth"]])
def test_a_refused_payment_is_told_and_can_be_repeated(fee, before):
    """6.3: rejected with the reason; then a new request with a link of its own."""
    payment = begin(fee)
    for status in [*before, "rejected", "rejected"]:
        Browser().get(report(payment, status))
    assert statuses(fee)[-1] == "rejected"
    refusal = Message.objects.get(type="request_update", status="rejected")
    assert refusal.description == "The payment service has not accepted the payment."
    asked = now(fee).message
    assert (asked.type, asked.status, asked.previous) == ("payment_request", "open", fee.message)
    page = text_of(Browser().get(f"/onboarding/payments/{payment.token}/"))
    assert "did not go through" in page
    second = begin(now(fee))
    assert second != payment
    Browser().get(report(second, "confirmed"))
    assert now(fee).status == "complete"
    assert len(production(fee.registration)) == 1


def test_an_abandoned_checkout_is_no_refusal(fee):
    """Nothing was submitted, so nothing is answered."""
    payment = begin(fee)
    Browser().get(report(payment, "cancelled"))
    assert statuses(fee) == []
    assert begin(fee) != payment


def test_a_payment_that_fails_on_its_way_can_be_repeated(fee):
    """6.3: errored is the server's trouble, and the request stays."""
    payment = begin(fee)
    Browser().get(report(payment, "preauth"))
    Browser().get(report(payment, "error"))
    assert statuses(fee) == ["pending", "errored"]
    assert now(fee).status == "open"
    Browser().get(report(begin(now(fee)), "confirmed"))
    assert statuses(fee) == ["pending", "errored", "pending", "complete"]


def test_money_counts_whenever_it_arrives(fee):
    """Also after the checkout was given up."""
    payment = begin(fee)
    Browser().get(report(payment, "cancelled"))
    Browser().get(report(payment, "confirmed"))
    assert now(fee).status == "complete"


def test_paid_money_does_not_vanish(fee):
    """Reports in the wrong order change nothing, and the provider need not repeat them."""
    payment = begin(fee)
    Browser().get(report(payment, "confirmed"))
    answer = Browser().get(report(payment, "rejected"))
    assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    payment.refresh_from_db()
    assert payment.status == "confirmed"
    assert now(fee).status == "complete"


def test_paying_what_staff_have_accepted_is_for_staff_to_see(fee, caplog):
    """The money is recorded; the requirement stays as decided."""
    payment = begin(fee)
    approve_requirement(requirement=fee, by="staff")
    Browser().get(report(payment, "confirmed"))
    assert statuses(fee) == ["complete"]
    assert actions()[-2:] == ["payment.confirmed", "payment.unmatched"]
    assert fee.reference in caplog.text
    payment.refresh_from_db()
    assert payment.status == "confirmed"


def test_nothing_is_paid_twice_by_the_page(fee):
    """A decided fee has no checkout."""
    approve_requirement(requirement=fee, by="staff")
    assert "This is done" in text_of(Browser().post(path_of(fee)))
    with pytest.raises(ForbiddenStep):
        fees.start_payment(requirement=fee, by="staff")
    assert not Payment.objects.exists()


def test_a_provider_without_a_checkout_of_its_own(fee, settings):
    """No card number is ever asked for here: the page says that it does not work."""
    settings.PAYMENT_VARIANTS = {"dummy-form": ["payments.dummy.DummyProvider", {}]}
    settings.PAYMENT_PROVIDER = "dummy-form"
    answer = Browser().post(path_of(fee))
    assert "You have not been charged" in text_of(answer)
    assert Payment.objects.get().status == PaymentStatus.ERROR
    assert statuses(fee) == []


def test_a_provider_that_is_not_configured(fee, settings):
    """The same page; the log says why."""
    settings.PAYMENT_PROVIDER = "gone"
    assert "You have not been charged" in text_of(Browser().post(path_of(fee)))
    payment = Payment.objects.get()
    assert Browser().get(f"/payments/process/{payment.token}/").status_code == 404
    assert Browser().post("/payments/process/gone/").status_code == 400


def test_unknown_payments_are_404():
    """Whoever asks."""
    token = "00000000-0000-4000-8000-000000000000"
    assert Browser().get(f"/onboarding/payments/{token}/").status_code == 404
    assert Browser().get(f"/payments/process/{token}/").status_code == 404


def test_reports_are_limited(fee, settings, stopped_clock):
    """By address, as everything public is."""
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_RATES": rates | {"public": "3/min"},
    }
    payment = begin(fee)
    answers = [Browser().get(report(payment, "preauth")).status_code for _ in range(4)]
    assert answers == [302, 302, 302, 429]


def test_the_button_wants_our_own_form(fee):
    """A page of another site cannot press it; the provider's report needs no form."""
    strict = Browser(enforce_csrf_checks=True)
    assert strict.post(path_of(fee)).status_code == 403
    payment = begin(fee)
    assert strict.post(f"/onboarding/payments/{payment.token}/").status_code == 403
    assert strict.post(report(payment, "confirmed")).status_code == 302


def test_a_refund_is_told_and_takes_nothing_away(fee, staff):
    """A Message of its own, with the receipt: a decided request takes no more updates."""
    payment = begin(fee)
    Browser().get(report(payment, "confirmed"))
    call_command("onboarding", "refund", fee.reference, "--by", staff.email)
    payment.refresh_from_db()
    assert payment.status == "refunded"
    assert statuses(fee) == ["pending", "complete"]
    told = Message.objects.get(name="Payment refunded")
    assert told.description == f"USD 100.00 was refunded, reference {fee.reference}."
    assert told.related_type == "payment_receipt"
    receipt = Browser().get(told.related_uri.removeprefix("http://testserver"))
    assert "was refunded" in text_of(receipt)
    assert len(production(fee.registration)) == 1
    assert actions()[-2:] == ["payment.refund_asked", "payment.refunded"]
    asked = AuditEvent.objects.get(action="payment.refund_asked")
    assert asked.actor == f"user:{staff.pk}"
    with pytest.raises(CommandError, match="no card payment"):
        call_command("onboarding", "refund", fee.reference, "--by", staff.email)


def test_money_that_goes_back_before_it_counted(fee):
    """An authorisation that was released: rejected, and asked for again."""
    payment = begin(fee)
    Browser().get(report(payment, "preauth"))
    Browser().get(report(payment, "refunded"))
    assert statuses(fee) == ["pending", "rejected"]
    assert now(fee).status == "open"


ALLOWED = {
    "waiting": {"input", "preauth", "confirmed", "rejected", "error", "cancelled"},
    "input": {"preauth", "confirmed", "rejected", "error", "cancelled"},
    "preauth": {"confirmed", "rejected", "error", "cancelled", "refunded"},
    "confirmed": {"refunded"},
    "rejected": {"preauth", "confirmed"},
    "error": {"preauth", "confirmed"},
    "cancelled": {"preauth", "confirmed"},
    "refunded": set(),
}


@pytest.mark.parametrize("before", ALLOWED)
def test_the_whole_table(fee, before):
    """What may follow what; the same again is passed over."""
    for after in ALLOWED:
        payment = Payment.objects.create(
            requirement=fee, variant="dummy", total=1, currency="USD", status=before
        )
        if after != before and after not in ALLOWED[before]:
            with pytest.raises(StatusRefused), transaction.atomic():
                payment.change_status(after)
            payment.refresh_from_db()
            assert payment.status == before
            continue
        with transaction.atomic():
            payment.change_status(after)
        payment.refresh_from_db()
        assert payment.status == after


@pytest.mark.parametrize("wrong", [{"total": 0}, {"total": -1}, {"total": 1, "captured_amount": 2}])
def test_the_database_refuses_impossible_amounts(fee, wrong):
    """Nothing, less than nothing, more than asked."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(requirement=fee, variant="dummy", currency="USD", **wrong)


def test_tokens_are_unique(fee):
    """They open a page."""
    fields = {"requirement": fee, "variant": "dummy", "total": 1, "currency": "USD"}
    token = Payment.objects.create(**fields).token
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(token=token, **fields)


def test_what_providers_list_as_bought(fee):
    """One fee, named as on our page."""
    (item,) = begin(fee).get_purchased_items()
    assert (item.quantity, item.price, item.currency) == (1, Decimal("100.00"), "USD")
    assert item.sku == fee.reference


def test_the_page_that_explains_names_the_methods(settings):
    """CDS-WG1-02 3.6: fees and payment methods stand where `documentation` leads."""
    offer_with(FEE)
    assert "paid by card" in text_of(Browser().get("/onboarding/"))
    settings.PAYMENT_PROVIDER = "invoice"
    page = text_of(Browser().get("/onboarding/"))
    assert "paid by invoice" in page
    assert "USD 100.00" in page


def test_an_invoice_by_command(fee, settings, staff, capsys):
    """Reported, not found at the bank, asked again, found: no Payment, no provider."""
    settings.PAYMENT_PROVIDER = "invoice"
    page = Browser().get(path_of(fee))
    assert CHECKOUT not in page["Content-Security-Policy"]
    assert "Pay by card" not in text_of(page)
    Browser().post(path_of(fee))
    reason = "No money with this reference arrived."
    call_command("onboarding", "reject", fee.reference, "--reason", reason, "--by", staff.email)
    assert reason in text_of(Browser().get(path_of(fee)))
    call_command("onboarding", "reopen", fee.reference, "--by", staff.email)
    Browser().post(path_of(now(fee)))
    call_command("onboarding", "list")
    assert f"{FEE}  pending" in capsys.readouterr().out.splitlines()[-1]
    call_command("onboarding", "approve", fee.reference, "--by", staff.email)
    assert statuses(now(fee)) == ["pending", "complete"]
    first = list(fee.message.replies.filter(type="request_update").order_by("pk"))
    assert [update.status for update in first] == ["pending", "rejected"]
    assert len(production(fee.registration)) == 1
    assert not Payment.objects.exists()
    with pytest.raises(CommandError, match="no card payment"):
        call_command("onboarding", "refund", fee.reference, "--by", staff.email)


@pytest.mark.parametrize("status", ["open", "pending", "complete"])
def test_only_what_was_rejected_is_asked_again(fee, settings, staff, status):
    """Everything else is asked already, or done."""
    settings.PAYMENT_PROVIDER = "invoice"
    if status != "open":
        Browser().post(path_of(fee))
    if status == "complete":
        call_command("onboarding", "approve", fee.reference, "--by", staff.email)
    with pytest.raises(CommandError, match=f"is {status}, not rejected"):
        call_command("onboarding", "reopen", fee.reference, "--by", staff.email)


def test_a_provider_without_an_address_of_its_own_has_none(settings):
    """It reports to the addresses of payments; anybody who tries the other finds nothing."""
    use_dummy(settings)
    assert Browser().post("/payments/process/dummy/").status_code == 404
