"""The path of StripeCheckout in PAYMENT_VARIANTS; the class is in `payments.stripe`."""

from registration.services.payments.stripe import StripeCheckout as StripeCheckout
