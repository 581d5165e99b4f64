"""Paying a fee by card in a browser: over to the checkout and back, under the strict policy."""

import pytest

from tests.registration.onboarding_support import statuses
from tests.registration.payment_support import HOOK, fee_to_pay, stripe_stand_in

pytestmark = pytest.mark.browser


@pytest.fixture
def stand_in(portal, settings, monkeypatch):
    """A checkout elsewhere, which reports to the portal before it sends the payer back."""
    with stripe_stand_in(settings, monkeypatch) as found:
        found.hook = f"{portal}{HOOK}"
        yield found


@pytest.fixture
def fee(stand_in):
    """A registration whose only missing step is the fee."""
    return fee_to_pay()


@pytest.mark.parametrize(("width", "script"), [(320, True), (1280, True), (320, False)])
def test_paying_by_card(fee, new_visitor, width, script):
    """The policy lets the form go to the checkout, and the way back shows the receipt."""
    visitor = new_visitor(width=width, script=script)
    visitor.go(fee.message.related_uri)
    visitor.look()
    visitor.press("Pay by card")
    visitor.sees("Checkout")
    visitor.press("Pay now")
    visitor.page.get_by_text("This is done").wait_for()
    visitor.look()
    assert statuses(fee) == ["pending", "complete"]
    visitor.go(fee.message.related_uri)
    visitor.page.get_by_text("Paid by card.").wait_for()
    visitor.look()


def test_leaving_the_checkout_and_going_on(fee, new_visitor):
    """The page tells the truth, and leads back to the same checkout."""
    visitor = new_visitor(width=320)
    visitor.go(fee.message.related_uri)
    visitor.look()
    visitor.press("Pay by card")
    visitor.sees("Checkout")
    visitor.follow("Back")
    visitor.page.get_by_text("No payment yet").wait_for()
    visitor.look()
    visitor.follow("Check again")
    visitor.page.get_by_text("No payment yet").wait_for()
    visitor.press("Continue with the payment")
    visitor.press("Pay now")
    visitor.page.get_by_text("This is done").wait_for()
    assert statuses(fee) == ["pending", "complete"]


def test_a_checkout_that_does_not_open(fee, stand_in, new_visitor):
    """Nothing was paid, and the next try may work."""
    stand_in.fails = True
    visitor = new_visitor(width=320)
    visitor.go(fee.message.related_uri)
    visitor.look()
    visitor.press("Pay by card")
    visitor.page.get_by_text("Our payment service is not responding").wait_for()
    visitor.look()
    stand_in.fails = False
    visitor.press("Pay by card")
    visitor.sees("Checkout")
