"""Checkouts at card providers: how they stand, and their end when a fee needs none any more.

A provider is asked outside of transactions: it may take its time, or not answer at all. What it
says goes the way of its reports: the provider's class changes the status of the Payment, and
`registration.services.payments.fees.follow` does the rest.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from django.conf import settings
from django.db import transaction
from payments import PaymentError, PaymentStatus
from payments.core import provider_factory

from registration.models import Payment
from registration.models.onboarding import Requirement

log = logging.getLogger(__name__)

# What providers raise when they cannot be reached: libraries of HTTP derive theirs from OSError.
# The payment library raises ValueError for a provider that the settings no longer name.
PROVIDER_ERRORS = (PaymentError, OSError, ValueError)
# Longer than entering a card takes, and than a report is on its way.
SILENCE = timedelta(minutes=15)
# Longer than the slowest ways to pay take: a provider that says nothing new knows nothing more.
GIVEN_UP_AFTER = timedelta(days=30)
# When the provider is away each question lasts until its timeout; a task has nine minutes.
SWEEP_BATCH = 20


@runtime_checkable
class FollowedProvider(Protocol):
    """A provider that can be asked and told, under the payment library's names for it.

    It keeps the name of a checkout in `transaction_id`. Of those that checks_payments accepts only
    ours for Stripe is one; the others report, and have no way to end a checkout.
    """

    def status(self, payment: Any) -> Any:
        """Give the payment the status of its checkout."""

    def cancel(self, payment: Any) -> Any:
        """End the checkout. Raises PaymentError when it is over already."""


def is_followed(variant: str) -> bool:
    """Whether the checkouts of a configured provider can be asked about and ended."""
    return variant in settings.PAYMENT_VARIANTS and isinstance(
        provider_factory(variant), FollowedProvider
    )


def ask_provider(payment: Payment) -> Payment:
    """Return the payment as the provider knows it now, where it can be asked.

    Webhooks get lost; whoever comes back from the checkout must not wait for one.
    """
    is_open = payment.status in Payment.UNSETTLED and payment.transaction_id
    if not is_open or not is_followed(payment.variant):
        return payment
    try:
        provider_factory(payment.variant, payment).status(payment)
    except PROVIDER_ERRORS as error:
        log.warning("payment provider %s cannot be asked: %s", payment.variant, error)
        payment.refresh_from_db()
    return payment


def end_checkouts(requirement_pk: int) -> None:
    """End the checkouts of a decided fee, so that nobody pays there any more (CDS-WG1-02 3.6)."""
    rows = Payment.objects.unfinished().filter(requirement_id=requirement_pk)
    _settle(rows.select_related("requirement").order_by("pk"))


def sweep_checkouts(now: datetime, *, batch: int = SWEEP_BATCH) -> int:
    """Settle at most `batch` checkouts of which nothing was heard for a while; return how many."""
    followed = [variant for variant in settings.PAYMENT_VARIANTS if is_followed(variant)]
    if not followed:
        return 0
    claimed = _claim(followed, now, batch)
    _settle(claimed)
    return len(claimed)


@transaction.atomic
def _claim(followed: list[str], now: datetime, batch: int) -> list[Payment]:
    """Return silent payments, the longest silent first; two sweeps at once take different ones."""
    silent = Payment.objects.silent_since(now - SILENCE).begun_after(now - GIVEN_UP_AFTER)
    rows = silent.filter(variant__in=followed).select_related("requirement")
    locked = rows.select_for_update(of=("self",), skip_locked=True, no_key=True)
    found = list(locked.order_by("modified", "pk")[:batch])
    # Whatever the answer is, the next sweep asks about others first.
    Payment.objects.filter(pk__in=[payment.pk for payment in found]).update(modified=now)
    return found


def _settle(payments: Iterable[Payment]) -> None:
    for payment in payments:
        try:
            _settle_one(payment)
        except Exception:  # the other checkouts are not to blame
            log.exception("checkout cannot be settled", extra={"payment": payment.token})


def _settle_one(payment: Payment) -> None:
    """Take what the provider says, and end a checkout whose fee is not open any more."""
    if not is_followed(payment.variant):
        log.warning("payment provider %s cannot end its checkouts", payment.variant)
        return
    is_wanted = payment.requirement.status == Requirement.Status.OPEN
    if not payment.transaction_id and not is_wanted and _forbid_opening(payment):
        return
    ask_provider(payment)
    if is_wanted or payment.status not in Payment.UNFINISHED:
        return
    try:
        payment.cancel()
    except PROVIDER_ERRORS as error:
        log.warning("payment provider %s ends no checkout: %s", payment.variant, error)


@transaction.atomic
def _forbid_opening(payment: Payment) -> bool:
    """Give up a payment without a checkout; False when one was being opened, and now has a name."""
    payment.refresh_from_db(from_queryset=Payment.objects.select_for_update(no_key=True))
    if payment.transaction_id or payment.status not in Payment.UNFINISHED:
        return False
    payment.change_status(PaymentStatus.CANCELLED)
    return True
