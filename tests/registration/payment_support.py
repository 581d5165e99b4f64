"""What payment tests share: a provider that leads elsewhere, and a stand-in of Stripe's API.

The stand-in proves that our side speaks as Stripe's documentation says; it is not Stripe.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import requests
import stripe
from django.test import Client as Browser
from payments import PaymentStatus, RedirectNeeded
from payments.core import PROVIDER_CACHE
from payments.dummy import DummyProvider

from registration.models import Payment
from tests.registration.onboarding_support import offer_with, register, requirement

FEE = "registration_fee"
API_KEY = "sk_test_only"
SECRET = "whsec_test_only"
HOOK = "/payments/process/stripe/"
CHECKOUT = "https://checkout.example"


def fee_to_pay() -> Any:
    """Return the requirement of a registration whose only missing step is the fee."""
    offer_with(FEE)
    return requirement(register(), FEE)


class HostedDummy(DummyProvider):  # type: ignore[misc]
    """The library's dummy behind an address elsewhere, as checkouts of card providers are."""

    def get_form(self, payment: Payment, data: Any = None) -> Any:
        """Lead away first; what the visitor enters there is the dummy's own form."""
        if data is not None:
            return super().get_form(payment, data)
        payment.change_status(PaymentStatus.INPUT)
        raise RedirectNeeded(f"{CHECKOUT}/{payment.token}")


def use_dummy(settings: Any) -> None:
    """Take card payments with the dummy."""
    PROVIDER_CACHE.clear()
    settings.PAYMENT_PROVIDER = "dummy"
    settings.PAYMENT_VARIANTS = {"dummy": ["tests.registration.payment_support.HostedDummy", {}]}
    settings.PAYMENT_CHECKOUT_ORIGINS = [CHECKOUT]


def enter_at_dummy(payment: Payment, status: str) -> str:
    """Fill in the dummy's form; return where it sends the visitor."""
    entered = {
        "status": status,
        "fraud_status": "unknown",
        "gateway_response": "3ds-disabled",
        "verification_result": "",
    }
    try:
        form = payment.get_form(entered)
    except RedirectNeeded as redirect:
        return str(redirect)
    raise AssertionError(form.errors)


def report(payment: Payment, status: str) -> str:
    """Return the path of the dummy's report of a status."""
    return f"/payments/process/{payment.token}/?verification_result={status}"


class StripeStandIn:
    """Answers the few calls that we make, and keeps what was asked."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.hook = ""
        self.calls: list[tuple[str, dict[str, str], str]] = []
        self.sessions: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, str] = {}
        self.fails = False
        # Called with the path of each request before it is answered.
        self.meanwhile: Callable[[str], None] = lambda path: None

    def answer(self, path: str, sent: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        """Return status and body, as Stripe's API would."""
        self.calls.append((path, sent, key))
        self.meanwhile(path)
        if self.fails:
            return 402, {"error": {"type": "card_error", "message": "Refused by the stand-in."}}
        if path == "/v1/checkout/sessions":
            return 200, self._open(sent)
        if path == "/v1/refunds":
            return 200, {"id": "re_1", "object": "refund", "status": "succeeded"}
        name, _, action = path.removeprefix("/v1/checkout/sessions/").partition("/")
        if name not in self.sessions:
            return 404, {"error": {"type": "invalid_request_error", "message": "No such session."}}
        if action == "expire":
            return self._expire(self.sessions[name])
        return 200, self._expanded(self.sessions[name], sent)

    def _expire(self, session: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if session["status"] != "open":
            message = f"A session that is {session['status']} cannot be expired."
            return 400, {"error": {"type": "invalid_request_error", "message": message}}
        session |= {"status": "expired", "url": None}
        return 200, session

    def _expanded(self, session: dict[str, Any], sent: dict[str, str]) -> dict[str, Any]:
        """Name the payment intent, or show it to who asks for that."""
        name = session["payment_intent"]
        if name is None or sent.get("expand[0]") != "payment_intent":
            return session
        intent = {"id": name, "object": "payment_intent", "status": self.intents[name]}
        return {**session, "payment_intent": intent}

    def _open(self, sent: dict[str, str]) -> dict[str, Any]:
        name = f"cs_test_{len(self.sessions) + 1}"
        self.sessions[name] = {
            "id": name,
            "object": "checkout.session",
            "url": f"{self.base}/pay/{name}",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "client_reference_id": sent["client_reference_id"],
            "success_url": sent["success_url"],
            "cancel_url": sent["cancel_url"],
            "amount_total": int(sent["line_items[0][price_data][unit_amount]"]),
            "currency": sent["line_items[0][price_data][currency]"],
            "customer_details": None,
        }
        return self.sessions[name]

    def only(self) -> dict[str, Any]:
        """Return the one checkout that was opened."""
        (session,) = self.sessions.values()
        return session

    def pay(self, session: dict[str, Any]) -> None:
        """Let the payer pay."""
        self._complete(session, "paid", "succeeded")

    def submit(self, session: dict[str, Any]) -> None:
        """Let the payer choose a way to pay that takes days."""
        self._complete(session, "unpaid", "processing")

    def refuse(self, session: dict[str, Any]) -> None:
        """Let a way to pay that takes days end without money."""
        self._complete(session, "unpaid", "requires_payment_method")

    def expire(self, session: dict[str, Any]) -> None:
        """Let the time of the checkout run out."""
        self._expire(session)

    def _complete(self, session: dict[str, Any], paid: str, intent: str) -> None:
        name = session["id"].replace("cs_test", "pi")
        self.intents[name] = intent
        session |= {
            "status": "complete",
            "payment_status": paid,
            "payment_intent": name,
            "url": None,
            "customer_details": {"email": "payer@solar.example", "name": "Pay Er"},
        }


def event(type_: str, session: dict[str, Any]) -> bytes:
    """Return the body of a webhook."""
    body = {"id": "evt_1", "object": "event", "type": type_, "data": {"object": session}}
    return json.dumps(body).encode()


def signature(body: bytes, secret: str = SECRET, at: int | None = None) -> str:
    """Return the header with which Stripe signs a body."""
    made = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, at or int(time.time())
    )
    return str(made)


def send(
    type_: str, session: dict[str, Any], *, sign: Callable[[bytes], str] | None = signature
) -> Any:
    """Send a webhook as Stripe does; return our answer."""
    body = event(type_, session)
    headers = {"Stripe-Signature": sign(body)} if sign else {}
    return Browser(enforce_csrf_checks=True).post(
        HOOK, body, content_type="application/json", headers=headers
    )


@contextmanager
def stripe_stand_in(settings: Any, monkeypatch: Any) -> Iterator[StripeStandIn]:
    """Run a stand-in on the loopback and take card payments there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    stand_in = StripeStandIn(base)
    server.stand_in = stand_in  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    PROVIDER_CACHE.clear()
    monkeypatch.setattr(stripe, "api_base", base)
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    settings.PAYMENT_PROVIDER = "stripe"
    settings.PAYMENT_VARIANTS = {
        "stripe": [
            "registration.services.payments.stripe.StripeCheckout",
            {"api_key": API_KEY, "endpoint_secret": SECRET},
        ]
    }
    settings.PAYMENT_CHECKOUT_ORIGINS = [base]
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        PROVIDER_CACHE.clear()


class _Handler(BaseHTTPRequestHandler):
    """The API under /v1/, and a checkout page for browsers under /pay/."""

    @property
    def stand_in(self) -> StripeStandIn:
        """The state that all requests share."""
        found: StripeStandIn = self.server.stand_in  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        """Retrieve a checkout, or show its page."""
        if self.path.startswith("/pay/"):
            session = self.stand_in.sessions[self.path.removeprefix("/pay/")]
            page = (
                "<!doctype html><html lang='en'><title>Checkout</title><h1>Checkout</h1>"
                f"<p>{session['amount_total']} {session['currency']}</p>"
                f"<form method='post'><button>Pay now</button></form>"
                f"<p><a href='{session['cancel_url']}'>Back</a></p>"
            )
            self._send(200, page.encode(), "text/html")
        elif self.path.startswith("/v1/"):
            self._api(dict(parse_qsl(self.path.partition("?")[2])))
        else:
            self._send(404, b"", "text/plain")

    def do_POST(self) -> None:
        """Take an API call, or the payer's payment: then the webhook, then the way back."""
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if not self.path.startswith("/pay/"):
            self._api(dict(parse_qsl(sent)))
            return
        session = self.stand_in.sessions[self.path.removeprefix("/pay/")]
        self.stand_in.pay(session)
        if self.stand_in.hook:
            body = event("checkout.session.completed", session)
            headers = {"Stripe-Signature": signature(body), "Content-Type": "application/json"}
            requests.post(self.stand_in.hook, data=body, headers=headers, timeout=60)
        self.send_response(303)
        self.send_header("Location", session["success_url"])
        self.end_headers()

    def _api(self, sent: dict[str, str]) -> None:
        key = self.headers.get("Authorization", "")
        status, body = self.stand_in.answer(self.path.partition("?")[0], sent, key)
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""
