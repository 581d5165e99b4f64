"""How a registration fee is paid; the deployment names the class that takes payments."""

from dataclasses import dataclass
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from registration.models.onboarding import Requirement


@dataclass(frozen=True, slots=True)
class PaymentSteps:
    """What the payment page shows.

    `checkout_url` leads to a card form of a provider, "" without one. With `takes_report` the page
    has a button by which the payer says that the money is on its way.
    """

    instructions: tuple[str, ...]
    checkout_url: str = ""
    takes_report: bool = True


class PaymentProvider(Protocol):
    """Takes payments. A provider of card payments calls `onboarding.approve_requirement` or
    `reject_requirement` from its own webhook, with the invoice reference as the key.
    """

    def steps(self, requirement: Requirement) -> PaymentSteps:
        """Return how to pay this requirement; called whenever somebody opens the page."""


class InvoiceProvider:
    """Payment by invoice: the payer quotes a reference, staff note when the money arrives."""

    def steps(self, requirement: Requirement) -> PaymentSteps:
        """Return the configured instructions, or whom to ask."""
        instructions = settings.PAYMENT_INSTRUCTIONS or _(
            "Write to %(address)s for the bank details, and name the reference number."
        ) % {"address": settings.UTILITY_SUPPORT_EMAIL}
        return PaymentSteps(instructions=(instructions,))


def payment_provider() -> PaymentProvider:
    """Return the configured provider. Raises ImportError for a setting that names nothing."""
    return cast(PaymentProvider, import_string(settings.PAYMENT_PROVIDER)())
