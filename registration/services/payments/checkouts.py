"""Checkouts at card providers: querying their status, and closing them when a fee is decided.

Providers are called outside of transactions, because they can be slow or unreachable. Their
responses are handled like their reports: the provider's class changes the status of the Payment,
and `registration.services.payments.fees.follow` does the rest.
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

# What providers raise when they are unreachable: HTTP libraries derive their errors from OSError.
# The payment library raises ValueError for a provider that the settings no longer name.
PROVIDER_ERRORS = (PaymentError, OSError, ValueError)
# Longer than it takes to enter a card and to deliver a report.
SILENCE = timedelta(minutes=15)
# Longer than the slowest payment methods take; after that, no further news is expected.
GIVEN_UP_AFTER = timedelta(days=30)
# If the provider is unreachable, each call lasts until its timeout; a task has nine minutes.
SWEEP_BATCH = 20


@runtime_checkable
class FollowedProvider(Protocol):
    """A provider whose checkouts can be queried and closed, with the library's method names.

    It stores the id of a checkout in `transaction_id`. Of the providers that `payments.checks`
    accepts, only this project's class for Stripe is one; the others only report and cannot close a
    checkout.
    """

    def status(self, payment: Any) -> Any:
        """Set the payment to the status of its checkout."""

    def cancel(self, payment: Any) -> Any:
        """Close the checkout. Raises PaymentError if it is already over."""


def is_followed(variant: str) -> bool:
    """Whether the checkouts of a configured provider can be queried and closed."""
    return variant in settings.PAYMENT_VARIANTS and isinstance(
        provider_factory(variant), FollowedProvider
    )


def ask_provider(payment: Payment) -> Payment:
    """Return the payment with the provider's current status, if the provider can be queried.

    Webhooks can get lost, and a payer who returns from the checkout should not have to wait for
    one.
    """
    is_open = payment.status in Payment.UNSETTLED and payment.transaction_id
    if not is_open or not is_followed(payment.variant):
        return payment
    try:
        provider_factory(payment.variant, payment).status(payment)
    except PROVIDER_ERRORS as error:
        log.warning("payment provider %s cannot be queried: %s", payment.variant, error)
        payment.refresh_from_db()
    return payment


def end_checkouts(requirement_pk: int) -> None:
    """Close the checkouts of a decided fee, so that nobody can pay there (CDS-WG1-02 3.6)."""
    rows = Payment.objects.unfinished().filter(requirement_id=requirement_pk)
    _settle(rows.select_related("requirement").order_by("pk"))


def sweep_checkouts(now: datetime, *, batch: int = SWEEP_BATCH) -> int:
    """Settle at most `batch` checkouts without recent reports; return how many."""
    followed = [variant for variant in settings.PAYMENT_VARIANTS if is_followed(variant)]
    if not followed:
        return 0
    claimed = _claim(followed, now, batch)
    _settle(claimed)
    return len(claimed)


@transaction.atomic
def _claim(followed: list[str], now: datetime, batch: int) -> list[Payment]:
    """Return payments without recent reports, oldest first; parallel sweeps get others."""
    silent = Payment.objects.silent_since(now - SILENCE).begun_after(now - GIVEN_UP_AFTER)
    rows = silent.filter(variant__in=followed).select_related("requirement")
    locked = rows.select_for_update(of=("self",), skip_locked=True, no_key=True)
    found = list(locked.order_by("modified", "pk")[:batch])
    # Whatever the result, the next sweep queries others first.
    Payment.objects.filter(pk__in=[payment.pk for payment in found]).update(modified=now)
    return found


def _settle(payments: Iterable[Payment]) -> None:
    for payment in payments:
        try:
            _settle_one(payment)
        except Exception:  # Must not stop the other checkouts.
            log.exception("checkout cannot be settled", extra={"payment": payment.token})


def _settle_one(payment: Payment) -> None:
    """Apply the provider's status, and close a checkout whose fee is no longer open."""
    if not is_followed(payment.variant):
        log.warning("payment provider %s cannot close its checkouts", payment.variant)
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
        log.warning("payment provider %s did not close a checkout: %s", payment.variant, error)


@transaction.atomic
def _forbid_opening(payment: Payment) -> bool:
    """Give up a payment without a checkout; return False if it has one by now."""
    payment.refresh_from_db(from_queryset=Payment.objects.select_for_update(no_key=True))
    if payment.transaction_id or payment.status not in Payment.UNFINISHED:
        return False
    payment.change_status(PaymentStatus.CANCELLED)
    return True
