"""A webhook twice at the same moment, and beside the page that asks, over real connections."""

import threading
from functools import partial

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from portal.models import AuditEvent
from registration.models import Message, Payment
from registration.services.onboarding.decide import END_CHECKOUTS_TASK, approve_requirement
from registration.services.payments import checkouts
from tests.races import at_once, wait_until_somebody_waits
from tests.registration.onboarding_support import (
    path_of,
    production,
    requirement,
    run_outbox,
    statuses,
)
from tests.registration.payment_support import FEE, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_reports_at_once_complete_once(fee, stand_in):
    """Three webhooks and two visitors: one receipt, one production Client."""
    Browser().post(path_of(fee))
    session = stand_in.only()
    stand_in.pay(session)
    payment = Payment.objects.get()

    def hook():
        return send("checkout.session.completed", session)

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
        lambda: approve_requirement(requirement=fee, by="staff"),
        lambda: checkouts.ask_provider(payment),
    )
    assert requirement(fee.registration, FEE).status == "complete"
    assert Message.objects.filter(related_type="payment_receipt").count() == 1
    payment.refresh_from_db()
    assert payment.status == "confirmed"


def open_transactions():
    """How many transactions wait for something else than the database."""
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def run_promised_end():
    """Do what a decision promised, as a worker does."""
    try:
        run_outbox(END_CHECKOUTS_TASK)
    finally:
        connection.close()


def test_no_transaction_waits_for_the_provider(session, fee, stand_in):
    """Neither the worker that ends a checkout, nor the sweep, nor the page that asks."""
    seen = []
    stand_in.meanwhile = lambda path: seen.append((path.rpartition("/")[2], open_transactions()))
    Browser().get(f"/onboarding/payments/{Payment.objects.get().token}/")
    checkouts.sweep_checkouts(timezone.now() + 2 * checkouts.SILENCE)
    approve_requirement(requirement=fee, by="staff")
    run_promised_end()
    assert seen == [("cs_test_1", 0)] * 3 + [("expire", 0)]
    assert session["status"] == "expired"


def test_decided_while_the_checkout_is_being_opened(fee, stand_in):
    """Whoever ends it waits until it has a name."""
    worker = threading.Thread(target=run_promised_end)

    def decide(path):
        stand_in.meanwhile = lambda path: None
        try:
            approve_requirement(requirement=fee, by="staff")
        finally:
            connection.close()
        worker.start()
        wait_until_somebody_waits()

    stand_in.meanwhile = decide
    Browser().post(path_of(fee))
    worker.join()
    assert stand_in.only()["status"] == "expired"
    assert Payment.objects.get().status == "cancelled"


def test_two_sweeps_and_the_webhook_at_once(session, fee, stand_in):
    """Each checkout is asked about once, and the payment counts once."""
    stand_in.pay(session)
    sweep = partial(checkouts.sweep_checkouts, timezone.now() + 2 * checkouts.SILENCE)
    at_once(sweep, partial(send, "checkout.session.completed", session), sweep)
    assert len(stand_in.calls) <= 2
    assert statuses(fee) == ["pending", "complete"]
    assert AuditEvent.objects.filter(action="payment.confirmed").count() == 1
    assert Payment.objects.get().captured_amount == 100
