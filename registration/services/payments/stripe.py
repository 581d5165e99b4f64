"""Card payments at Stripe's own checkout page, through the payment library."""

from decimal import Decimal
from typing import Any

import stripe
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from payments import PaymentError, PaymentStatus
from payments.stripe.providers import (
    StripeProviderV3,
    stripe_enabled_events,
    zero_decimal_currency,
)

from portal.fetching.deadline import within
from portal.fetching.outbound import BoundedSession
from registration.models import Payment
from registration.models.payment import StatusRefused

# A page waits for the response, and the library retries once.
TIMEOUT = 10.0
# The fields of a checkout that are stored; the payer and the card are known only to Stripe.
KEPT = ("id", "url", "status", "payment_status", "payment_intent", "client_reference_id")
# The event for a slow payment method that fails after the checkout is complete.
_REFUSED = frozenset({"requires_payment_method", "canceled"})
_THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


class StripeCheckout(StripeProviderV3):
    """The library's provider for Stripe Checkout; webhooks must have Stripe's signature.

    Overrides its base class, which treats an abandoned checkout as a refused payment, ignores
    delayed payment methods, and expects Stripe objects to be dictionaries.
    """

    def __init__(self, *, api_key: str, endpoint_secret: str) -> None:
        super().__init__(api_key=api_key, endpoint_secret=endpoint_secret)
        stripe.default_http_client = stripe.new_default_http_client(session=BoundedSession())
        stripe.max_network_retries = 1

    def create_session(self, payment: Payment) -> dict[str, Any]:
        """Open a checkout. Raises PaymentError if Stripe refuses or does not respond."""
        with within(TIMEOUT):
            return _kept(super().create_session(payment))

    def cancel(self, payment: Payment) -> None:
        """Close the checkout. Raises PaymentError if it is over or Stripe does not respond."""
        with within(TIMEOUT):
            super().cancel(payment)

    def get_line_items(self, payment: Payment) -> list[dict[str, Any]]:
        """Return the fee as shown to the payer at the checkout."""
        price = {
            "currency": payment.currency.lower(),
            "unit_amount": self.convert_amount(payment.currency, payment.total),
            "product_data": {"name": payment.description},
        }
        return [{"price_data": price, "quantity": 1}]

    def convert_amount(self, currency: str, amount: Decimal) -> int:
        """Return an amount in the smallest unit. Raises PaymentError for fractions of it."""
        name = currency.lower()
        whole = 1 if name in zero_decimal_currency else 1000 if name in _THREE_DECIMALS else 100
        if amount * whole % 1:
            raise PaymentError(f"{amount} is not a valid amount in {currency}.")
        return int(amount * whole)

    def return_event_payload(self, request: HttpRequest) -> dict[str, Any]:
        """Return type and checkout of an event. Raises PaymentError unless Stripe has signed it."""
        try:
            event = super().return_event_payload(request)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise PaymentError("This is not signed by Stripe.", code=400) from error
        return {"type": event["type"], "data": {"object": _kept(event["data"]["object"])}}

    def get_token_from_request(self, payment: None, request: HttpRequest) -> str:
        """Return the token of the payment that an event is about.

        Raises PaymentError: 400 unless Stripe has signed it, 200 for unrelated events of the same
        account, which Stripe would otherwise send again for days.
        """
        event = self.return_event_payload(request)
        token = event["data"]["object"].get("client_reference_id")
        is_known = isinstance(token, str) and Payment.objects.filter(token=token).exists()
        if event["type"] not in stripe_enabled_events or not is_known:
            raise PaymentError("This is not about a checkout of this server.", code=200)
        return str(token)

    def process_data(self, payment: Payment, request: HttpRequest) -> HttpResponse:
        """Process an event about a checkout.

        Raises StatusRefused for a checkout that this server did not open.
        """
        event = self.return_event_payload(request)
        about = event["data"]["object"]
        if event["type"] in stripe_enabled_events:
            if (about.get("id"), about.get("client_reference_id")) != (
                payment.transaction_id,
                payment.token,
            ):
                raise StatusRefused("This is about another checkout.")
            is_refused = event["type"] == "checkout.session.async_payment_failed"
            _take(payment, about, is_refused=is_refused)
        return JsonResponse({"status": "OK"})

    def status(self, payment: Payment) -> Payment:
        """Ask Stripe for the status of the checkout. Raises PaymentError without a response."""
        session = self._call(
            stripe.checkout.Session.retrieve, payment.transaction_id, expand=["payment_intent"]
        )
        intent = session.get("payment_intent")
        is_refused = False
        if intent is not None:
            # Events contain it, and their type indicates a refusal.
            is_refused = intent["status"] in _REFUSED
            session["payment_intent"] = intent["id"]
        _take(payment, session, is_refused=is_refused)
        return payment

    def refund(self, payment: Payment, amount: Decimal | None = None) -> Decimal:
        """Refund; return the amount. Raises PaymentError if Stripe refuses or does not respond."""
        returned = amount or payment.total
        self._call(
            stripe.Refund.create,
            payment_intent=payment.attrs.session.get("payment_intent"),
            amount=self.convert_amount(payment.currency, returned),
            reason="requested_by_customer",
            idempotency_key=f"refund-{payment.token}",
        )
        return returned

    def _call(self, function: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            with within(TIMEOUT):
                return _kept(function(*args, api_key=self.api_key, **kwargs))
        except stripe.StripeError as error:
            raise PaymentError(str(error)) from error


def _take(payment: Payment, session: dict[str, Any], *, is_refused: bool) -> None:
    """Set a payment to the status of its checkout, from events and from queries.

    If nothing changed, nothing is locked or written.
    """
    status = _status_of(session, is_refused=is_refused)
    if status in {"", payment.status}:
        return
    with transaction.atomic():
        payment.change_status(status)
        payment.attrs.session = session
        if status == PaymentStatus.CONFIRMED:
            payment.captured_amount = payment.total
        payment.save(update_fields=["extra_data", "captured_amount", "modified"])


def _status_of(session: dict[str, Any], *, is_refused: bool) -> str:
    """Return the payment status for a checkout, or "" while the payer can still pay there."""
    if session["payment_status"] == "paid":
        return str(PaymentStatus.CONFIRMED)
    if session["status"] == "complete":
        # Not paid yet: a payment method that takes days, such as a bank transfer.
        return str(PaymentStatus.REJECTED if is_refused else PaymentStatus.PREAUTH)
    # Nobody paid; the base class would treat that as a refused payment.
    return str(PaymentStatus.CANCELLED) if session["status"] == "expired" else ""


def _kept(found: Any) -> dict[str, Any]:
    return {name: found[name] for name in KEPT if name in found}
