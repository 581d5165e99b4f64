"""Where deployments name StripeCheckout in PAYMENT_VARIANTS; it stands in `payments.stripe`."""

from registration.services.payments.stripe import StripeCheckout as StripeCheckout
