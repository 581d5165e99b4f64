"""How registration fees are paid: by invoice, or by card at a provider's own checkout (3.6).

`PAYMENT_PROVIDER` decides which. An invoice is the requirement itself: it has a reference number,
and staff approve or reject it after checking the bank account. A card provider is a class of the
payment library; its reports change the Payment, and the requirement follows.
"""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from payments import PaymentStatus, RedirectNeeded
from payments.signals import status_changed

from portal import audit
from portal.errors import DomainError, NotFound
from portal.models import User
from registration.fields.types import FieldType
from registration.models import Payment
from registration.models.onboarding import Requirement
from registration.services.locks import lock_requirement
from registration.services.messages.write import send_message
from registration.services.onboarding import steps
from registration.services.onboarding.decide import (
    approve_requirement,
    fail_requirement,
    reject_requirement,
    reopen_requirement,
    submit,
)
from registration.services.onboarding.requirements import ForbiddenStep, field_of, receipt_links
from registration.services.payments.checkouts import PROVIDER_ERRORS, ask_provider

log = logging.getLogger(__name__)

INVOICE = "invoice"
# The lifetime of hosted checkouts; after that, a new one is opened.
CHECKOUT_VALID_FOR = timedelta(hours=24)


class PaymentUnavailable(DomainError):
    """The card provider is unreachable or rejects the request."""

    code = "payment_unavailable"
    status = 503


def takes_cards() -> bool:
    """Whether fees are paid by card in this deployment, rather than by invoice."""
    return bool(settings.PAYMENT_PROVIDER != INVOICE)


def invoice_instructions() -> str:
    """Return the instructions for paying an invoice, or the address to ask for them."""
    return settings.PAYMENT_INSTRUCTIONS or _(
        "Write to %(address)s for the bank details, and include the reference number."
    ) % {"address": settings.UTILITY_SUPPORT_EMAIL}


def payment_of(token: UUID) -> Payment:
    """Return a payment by its public token. Raises NotFound."""
    rows = Payment.objects.select_related("requirement__registration")
    found: Payment | None = rows.filter(token=str(token)).first()
    if found is None:
        raise NotFound("There is no such page.")
    return found


def start_payment(*, requirement: Requirement, by: User | str) -> str:
    """Return the URL where the fee can be paid, or the status page if it turns out to be paid.

    A checkout that is already open is reused, so that nobody pays twice. Raises ForbiddenStep if
    nothing is due, and PaymentUnavailable without a checkout.
    """
    payment = ask_provider(begin_payment(requirement=requirement, by=by))
    if payment.status not in Payment.UNFINISHED:
        return str(payment.get_success_url())
    url = open_checkout(payment)
    if not url:
        raise PaymentUnavailable("The payment service is not responding.")
    return url


@transaction.atomic
def begin_payment(*, requirement: Requirement, by: User | str) -> Payment:
    """Return the payment whose checkout is still open, or a new one.

    Raises ForbiddenStep if nothing is due.
    """
    requirement = lock_requirement(requirement)
    steps.require_type(requirement, FieldType.PAYMENT_REQUIRED)
    if requirement.status != Requirement.Status.OPEN:
        raise ForbiddenStep("There is nothing to pay here.")
    arrived = (PaymentStatus.CONFIRMED, PaymentStatus.PREAUTH)
    if requirement.payments.filter(status__in=arrived).exists():
        raise ForbiddenStep("A payment has already arrived. We're reviewing it.")
    terms = {
        "requirement": requirement,
        "variant": settings.PAYMENT_PROVIDER,
        "total": requirement.amount,
        "currency": requirement.currency,
    }
    open_ones = Payment.objects.unfinished().begun_after(timezone.now() - CHECKOUT_VALID_FOR)
    known: Payment | None = open_ones.filter(**terms).order_by("-pk").first()
    if known is not None:
        return known
    name = field_of(requirement).name
    payment: Payment = Payment.objects.create(
        description=f"{name}, {requirement.reference}", **terms
    )
    _record(payment, "started", by=by)
    return payment


@transaction.atomic
def open_checkout(payment: Payment) -> str:
    """Return the URL of the provider's checkout, or "" if it provides none.

    The row stays locked during the call: two simultaneous clicks open one checkout, and a process
    that closes it waits for its id.
    """
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    if payment.status not in Payment.UNFINISHED:
        # Closed in the meantime; the page there says why.
        return str(payment.get_success_url())
    try:
        payment.get_form()
    except RedirectNeeded as redirect:
        return str(redirect)
    except PROVIDER_ERRORS as error:
        reason = str(error)
    else:
        reason = "it has no hosted checkout"
    log.error("payment provider %s did not open a checkout: %s", payment.variant, reason)
    payment.change_status(PaymentStatus.ERROR, reason)
    return ""


@transaction.atomic
def refund_payment(*, requirement: Requirement, by: User | str) -> Payment:
    """Refund a card payment of a requirement in full; surplus payments are refunded first.

    The effects of the payment stay: whether the party keeps its access is a separate decision.
    Raises ForbiddenStep without a payment, and PaymentUnavailable if the provider refuses.
    """
    arrived = Payment.objects.of(requirement).arrived().order_by("-pk")
    paid = arrived.select_for_update(of=("self",), no_key=True)
    payment: Payment | None = paid.surplus().first() or paid.first()
    if payment is None:
        raise ForbiddenStep("There is no card payment to refund.")
    _record(payment, "refund_asked", by=by)
    try:
        payment.refund()
    except PROVIDER_ERRORS as error:
        raise PaymentUnavailable(f"The payment service refused the refund: {error}") from error
    return payment


def follow(payment: Payment) -> None:
    """Update the requirement after a provider's report, in the same transaction (3.6, 6.3).

    Called once for each new status.
    """
    by = _provider(payment)
    _record(payment, str(payment.status), by=by)
    try:
        with transaction.atomic():
            _move_requirement(payment, by=by)
    except DomainError as error:
        # The money has arrived, whatever the status of the requirement.
        _record(payment, "unmatched", by=by)
        log.error(
            "payment %s is %s, but its requirement cannot follow: %s; see manage.py list_requests",
            payment.requirement.reference,
            payment.status,
            error.message,
        )


def _move_requirement(payment: Payment, *, by: str) -> None:
    requirement = lock_requirement(payment.requirement)
    is_open = requirement.status == Requirement.Status.OPEN
    # Pending because of this payment: this one must not change what another one waits for.
    is_pending = (
        requirement.status == Requirement.Status.PENDING
        and payment.status_before == PaymentStatus.PREAUTH
    )
    if payment.status == PaymentStatus.CONFIRMED:
        if is_open:
            submit(requirement=requirement, by=by)
        note = "The payment has arrived."
        approve_requirement(requirement=requirement, note=note, by=by)
    elif payment.status == PaymentStatus.PREAUTH and is_open:
        submit(requirement=requirement, by=by)
    elif payment.status == PaymentStatus.REJECTED and (is_open or is_pending):
        _ask_again(requirement, "The payment service has not accepted the payment.", by=by)
    elif payment.status == PaymentStatus.REFUNDED:
        _tell_refund(payment, requirement, is_pending=is_pending, by=by)
    elif payment.status in {PaymentStatus.ERROR, PaymentStatus.CANCELLED} and is_pending:
        fail_requirement(
            requirement=requirement, reason="The payment failed. It can be tried again.", by=by
        )


def _ask_again(requirement: Requirement, reason: str, *, by: str) -> None:
    """Reject a payment, and write a new request Message so that the party can pay another way."""
    reject_requirement(requirement=requirement, reason=reason, by=by)
    reopen_requirement(requirement=requirement, by=by)


def _tell_refund(payment: Payment, requirement: Requirement, *, is_pending: bool, by: str) -> None:
    """A decided request accepts no more updates (6.3), so a refund gets its own Message."""
    text = f"{payment.currency} {payment.total} was refunded, reference {requirement.reference}."
    if is_pending:
        _ask_again(requirement, text, by=by)
        return
    send_message(
        registration=requirement.registration,
        name="Payment refunded",
        description=text,
        previous=requirement.message,
        by=by,
        **receipt_links(requirement),
    )


def _record(payment: Payment, action: str, *, by: User | str) -> None:
    requirement = payment.requirement
    audit.record(
        f"payment.{action}",
        by=by,
        subject=f"payment:{payment.token}",
        registration=requirement.registration.registration_id,
        details={
            "requirement": requirement.requirement_id,
            "variant": payment.variant,
            "amount": str(payment.total),
            "currency": payment.currency,
        },
    )


def _provider(payment: Payment) -> str:
    return f"provider:{payment.variant}"


def _status_changed(sender: type[Payment], instance: Payment, **kwargs: Any) -> None:
    follow(instance)


def register() -> None:
    """Connect to the payment library: called when the app is ready; safe to call again."""
    status_changed.connect(_status_changed, sender=Payment, dispatch_uid="registration.payments")
