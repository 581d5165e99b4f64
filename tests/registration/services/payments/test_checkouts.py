"""Checkouts that nobody needs any more, and those of which nothing is heard (CDS-WG1-02 3.6)."""

from datetime import timedelta
from importlib import import_module

import pytest
from celery import current_app
from django.apps import apps
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from portal.models import OutboxEntry
from registration.models import Payment, Requirement
from registration.services.onboarding.decide import (
    END_CHECKOUTS_TASK,
    approve_requirement,
    reject_requirement,
    reopen_requirement,
)
from registration.services.payments import checkouts, fees
from registration.services.payments.checkouts import SILENCE, sweep_checkouts
from registration.services.reviews import decide
from tests.registration.onboarding_support import path_of, requirement, statuses
from tests.registration.payment_support import FEE, fee_to_pay, report, send, use_dummy
from tests.registration.support import run

pytestmark = pytest.mark.django_db

NOTHING = "Nothing is waiting.\n"


def payment():
    """The only payment."""
    return Payment.objects.get()


def later():
    """When the next sweep asks about everything of today."""
    return timezone.now() + SILENCE + timedelta(minutes=1)


def asked(stand_in, since=1):
    """What was asked of the provider, without the opening of the first checkouts."""
    return [path.removeprefix("/v1/checkout/sessions/") for path, *_ in stand_in.calls[since:]]


def open_others(count):
    """Open checkouts of other parties' fees."""
    for _ in range(count):
        assert Browser().post(path_of(fee_to_pay())).status_code == 303


DECISIONS = {
    "approve": lambda fee: approve_requirement(requirement=fee, by="staff"),
    "reject": lambda fee: reject_requirement(requirement=fee, reason="No.", by="staff"),
    "approve the Message": lambda fee: decide.approve_request(message=fee.message, by="staff"),
    "reject the Message": lambda fee: decide.reject_request(
        message=fee.message, reason="No.", by="staff"
    ),
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_promises_the_end_of_the_checkout(session, fee, stand_in, decision):
    """Whichever way it is taken; the provider is not asked by the decision itself."""
    DECISIONS[decision](fee)
    assert asked(stand_in) == []
    (entry,) = OutboxEntry.objects.filter(task=END_CHECKOUTS_TASK)
    checkouts.end_checkouts(*entry.args)
    assert (session["status"], payment().status) == ("expired", "cancelled")
    assert asked(stand_in) == ["cs_test_1", "cs_test_1/expire"]
    checkouts.end_checkouts(*entry.args)
    assert len(asked(stand_in)) == 2


def test_nothing_is_promised_without_an_open_checkout(session, fee, stand_in):
    """The payment itself completes most fees."""
    stand_in.pay(session)
    send("checkout.session.completed", session)
    assert requirement(fee.registration, FEE).status == "complete"
    assert not OutboxEntry.objects.filter(task=END_CHECKOUTS_TASK).exists()


def test_asked_again_before_the_checkout_was_ended(session, fee, stand_in):
    """The party goes on at the same checkout."""
    reject_requirement(requirement=fee, reason="No.", by="staff")
    reopen_requirement(requirement=fee, by="staff")
    checkouts.end_checkouts(fee.pk)
    assert session["status"] == "open"
    fee.refresh_from_db()
    assert Browser().post(path_of(fee))["Location"] == session["url"]


def test_asked_again_afterwards(session, fee, stand_in):
    """The dead checkout is not offered again."""
    reject_requirement(requirement=fee, reason="No.", by="staff")
    checkouts.end_checkouts(fee.pk)
    reopen_requirement(requirement=fee, by="staff")
    fee.refresh_from_db()
    assert Browser().post(path_of(fee))["Location"] == stand_in.sessions["cs_test_2"]["url"]


def test_the_provider_is_away_at_the_decision(session, fee, stand_in):
    """A sweep ends the checkout later."""
    approve_requirement(requirement=fee, by="staff")
    stand_in.fails = True
    checkouts.end_checkouts(fee.pk)
    assert (session["status"], payment().status) == ("open", "waiting")
    stand_in.fails = False
    assert sweep_checkouts(later()) == 1
    assert (session["status"], payment().status) == ("expired", "cancelled")


def test_paid_at_the_last_moment(session, fee, stand_in):
    """Between question and end: the provider refuses the end, the money is found and shown."""

    def pay_first(path):
        if path.endswith("/expire"):
            stand_in.pay(session)

    stand_in.meanwhile = pay_first
    approve_requirement(requirement=fee, by="staff")
    checkouts.end_checkouts(fee.pk)
    assert payment().status == "waiting"
    sweep_checkouts(later())
    assert payment().status == "confirmed"
    assert fee.reference in run("list_requests")


def test_a_click_that_comes_too_late_opens_nothing(fee, stand_in):
    """The fee was decided between the button and the provider."""
    begun = fees.begin_payment(requirement=fee, by="visitor")
    approve_requirement(requirement=fee, by="staff")
    checkouts.end_checkouts(fee.pk)
    assert fees.open_checkout(begun) == begun.get_success_url()
    assert (payment().status, stand_in.calls) == ("cancelled", [])


def test_a_provider_that_cannot_end_a_checkout(fee, settings, caplog):
    """Said in the log, and left as it is; money from there is for staff to see."""
    use_dummy(settings)
    Browser().post(path_of(fee))
    approve_requirement(requirement=fee, by="staff")
    checkouts.end_checkouts(fee.pk)
    assert "dummy cannot close" in caplog.text
    assert payment().status == "input"
    assert sweep_checkouts(later()) == 0
    assert run("list_requests") == NOTHING
    Browser().get(report(payment(), "confirmed"))
    assert fee.reference in run("list_requests")


def test_surplus_money_is_listed_until_it_is_paid_back(session, fee, stand_in):
    """With the command that pays it back."""
    approve_requirement(requirement=fee, by="staff")
    stand_in.pay(session)
    send("checkout.session.completed", session)
    line = run("list_requests")
    assert line.startswith(f"{fee.reference}  ")
    assert fee.registration.registration_id in line
    assert line.endswith(f"USD 100.00 to refund: manage.py onboarding refund {fee.reference}\n")
    fees.refund_payment(requirement=fee, by="staff")
    assert run("list_requests") == NOTHING


def test_money_that_met_the_fee_is_not_listed(session, fee, stand_in):
    """Nor after it was paid back for another reason."""
    stand_in.pay(session)
    send("checkout.session.completed", session)
    assert requirement(fee.registration, FEE).paid_by == payment()
    assert "surplus" not in run("list_requests")
    fees.refund_payment(requirement=fee, by="staff")
    assert "surplus" not in run("list_requests")


def test_the_migration_knows_which_payment_met_the_fee(session, fee, stand_in):
    """Fees that were paid before this was written down are no surplus."""
    stand_in.pay(session)
    send("checkout.session.completed", session)
    Requirement.objects.update(paid_by=None)
    assert "surplus" in run("list_requests")
    fill = import_module("registration.migrations.0009_fill_paid_by").fill
    for _ in range(2):
        fill(apps, None)
        assert requirement(fee.registration, FEE).paid_by == payment()
        assert "surplus" not in run("list_requests")


def test_staff_may_keep_money_that_came_after_a_rejection(session, fee, stand_in):
    """An approved fee is a received payment: what was there by then met it."""
    reject_requirement(requirement=fee, reason="No.", by="staff")
    stand_in.pay(session)
    send("checkout.session.completed", session)
    assert "surplus" in run("list_requests")
    reopen_requirement(requirement=fee, by="staff")
    approve_requirement(requirement=fee, by="staff")
    assert "surplus" not in run("list_requests")


def test_the_surplus_goes_back_first(session, fee, stand_in):
    """Though it is the older of two payments."""
    Payment.objects.update(created=timezone.now() - timedelta(days=2))
    assert Browser().post(path_of(fee)).status_code == 303
    first, second = Payment.objects.order_by("pk")
    for name in ("cs_test_2", "cs_test_1"):
        stand_in.pay(stand_in.sessions[name])
        send("checkout.session.completed", stand_in.sessions[name])
    assert requirement(fee.registration, FEE).paid_by == second
    assert fees.refund_payment(requirement=fee, by="staff") == first
    assert stand_in.calls[-1][1]["payment_intent"] == "pi_1"
    assert "surplus" not in run("list_requests")


def test_only_a_complete_fee_is_paid(session, fee):
    """Kept by the database."""
    with pytest.raises(IntegrityError), transaction.atomic():
        type(fee).objects.filter(pk=fee.pk).update(paid_by=payment())


def test_another_payment_on_its_way_is_left_alone(session, fee, stand_in):
    """A forgotten checkout runs out while the money of the next one is on its way."""
    Payment.objects.update(created=timezone.now() - timedelta(days=2))
    Browser().post(path_of(fee))
    second = stand_in.sessions["cs_test_2"]
    stand_in.submit(second)
    send("checkout.session.completed", second)
    stand_in.expire(session)
    send("checkout.session.expired", session)
    assert statuses(fee) == ["pending"]
    assert requirement(fee.registration, FEE).status == "pending"


EVENTS = {
    "nothing": (),
    "pay": ("checkout.session.completed",),
    "submit": ("checkout.session.completed",),
    "expire": ("checkout.session.expired",),
    "refuse": ("checkout.session.completed", "checkout.session.async_payment_failed"),
}
OUTCOMES = {
    "nothing": ("waiting", []),
    "pay": ("confirmed", ["pending", "complete"]),
    "submit": ("preauth", ["pending"]),
    "expire": ("cancelled", []),
    "refuse": ("rejected", ["pending", "rejected"]),
}


@pytest.mark.parametrize("door", ["webhook", "sweep"])
@pytest.mark.parametrize("what", EVENTS)
def test_a_sweep_does_what_the_webhook_does(session, fee, stand_in, what, door):
    """A report that was lost makes no difference, but for the time that it takes."""
    if what == "refuse":
        stand_in.submit(session)
    for type_ in EVENTS[what]:
        if type_ == EVENTS[what][-1]:
            getattr(stand_in, what)(session)
        if door == "webhook":
            send(type_, session)
        else:
            sweep_checkouts(later())
    assert (payment().status, statuses(fee)) == OUTCOMES[what]
    before = payment().extra_data, statuses(fee)
    sweep_checkouts(later() + SILENCE)
    assert (payment().extra_data, statuses(fee)) == before
    assert '"payment_intent": {' not in payment().extra_data


def test_the_clock_starts_the_sweep(session, fee, stand_in, settings):
    """The schedule names a task that exists; what is young is left in peace."""
    task = current_app.tasks[settings.CELERY_BEAT_SCHEDULE["checkouts-sweep"]["task"]]
    stand_in.pay(session)
    task()
    assert asked(stand_in) == []
    Payment.objects.update(modified=timezone.now() - SILENCE)
    task()
    assert asked(stand_in) == ["cs_test_1"]
    assert payment().status == "confirmed"


def test_a_sweep_asks_few_and_everyone_in_turn(session, stand_in):
    """The rest waits for the next sweep; who was asked is silent again only after a while."""
    open_others(2)
    now = later()
    assert [sweep_checkouts(now, batch=2) for _ in range(3)] == [2, 1, 0]
    assert asked(stand_in, since=3) == ["cs_test_1", "cs_test_2", "cs_test_3"]
    assert sweep_checkouts(now + SILENCE * 2, batch=2) == 2


def test_one_that_fails_does_not_hold_up_the_rest(session, stand_in, caplog):
    """Stripe knows nothing of the first."""
    open_others(1)
    stand_in.pay(stand_in.sessions["cs_test_2"])
    del stand_in.sessions["cs_test_1"]
    assert sweep_checkouts(later()) == 2
    assert "No such session" in caplog.text
    assert list(Payment.objects.order_by("pk").values_list("status", flat=True)) == [
        "waiting",
        "confirmed",
    ]


def test_nobody_is_asked_for_ever(session, stand_in):
    """What a provider has not settled after a month it never will."""
    Payment.objects.update(created=timezone.now() - checkouts.GIVEN_UP_AFTER)
    assert sweep_checkouts(later()) == 0
    assert asked(stand_in) == []


@pytest.mark.parametrize("others", [0, 4])
def test_checkouts_without_news_cost_no_queries(
    session, stand_in, others, django_assert_num_queries
):
    """Two for all, and their savepoint; money that is on its way for days is no news either."""
    stand_in.submit(session)
    sweep_checkouts(later())
    open_others(others)
    with django_assert_num_queries(4):
        assert sweep_checkouts(later() + 2 * SILENCE) == others + 1


def test_invoices_cost_nothing(fee, django_assert_num_queries):
    """Without a card provider there is nobody to ask."""
    with django_assert_num_queries(0):
        assert sweep_checkouts(later()) == 0
