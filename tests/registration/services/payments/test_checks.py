"""System checks of payment settings: each wrong one is named, no key is ever quoted."""

import pytest

from registration.services.payments.checks import (
    check_checkout_origins,
    check_payment_provider,
    check_payment_variants,
)

STRIPE = "registration.services.payments.stripe.StripeCheckout"
KEYS = {"api_key": "sk_live_never_shown", "endpoint_secret": "whsec_never_shown"}


def ids(problems):
    """Return the ids of problems; each has a hint, and none shows a key."""
    assert all(problem.hint for problem in problems)
    assert "never_shown" not in repr([(problem.msg, problem.hint) for problem in problems])
    return [problem.id for problem in problems]


def test_the_default_is_an_invoice_and_needs_nothing():
    """As the settings come."""
    assert check_payment_provider() == []
    assert check_payment_variants() == []
    assert check_checkout_origins() == []


def test_stripe_as_the_guide_sets_it(settings):
    """Class, two keys, and the host of its checkout."""
    settings.PAYMENT_PROVIDER = "stripe"
    settings.PAYMENT_VARIANTS = {"stripe": [STRIPE, KEYS]}
    settings.PAYMENT_CHECKOUT_ORIGINS = ["https://checkout.stripe.com"]
    assert check_payment_provider() == []
    assert check_payment_variants() == []
    assert check_checkout_origins() == []


@pytest.mark.parametrize("name", ["", "card", "registration.services.InvoiceProvider"])
def test_a_provider_that_nobody_configured(settings, name):
    """Only names of variants, and invoice."""
    settings.PAYMENT_PROVIDER = name
    assert ids(check_payment_provider()) == ["registration.E011"]


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("Stripe_1", [STRIPE, KEYS]),
        ("invoice", [STRIPE, KEYS]),
        ("stripe", STRIPE),
        ("stripe", [STRIPE]),
        ("stripe", [KEYS, STRIPE]),
        ("stripe", ["payments.nobody.Provider", {}]),
        ("stripe", ["registration.models.Requirement", {}]),
        ("stripe", ["registration.services.payments.fees.follow", {}]),
    ],
)
def test_a_variant_that_is_none(settings, name, variant):
    """Its name, its shape, its class."""
    settings.PAYMENT_VARIANTS = {name: variant}
    assert ids(check_payment_variants()) == ["registration.E012"]


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("payments.dummy.DummyProvider", {}),
        ("payments.stripe.StripeProviderV3", {"api_key": "sk_live_never_shown"}),
        ("payments.paypal.PaypalCardProvider", {"client_id": "a", "secret": "never_shown"}),
        ("payments.coinbase.CoinbaseProvider", {"key": "a", "secret": "never_shown"}),
    ],
)
def test_a_provider_that_is_not_safe_here(settings, path, options):
    """No card numbers on our pages, no payer's word."""
    settings.PAYMENT_VARIANTS = {"other": [path, options]}
    assert ids(check_payment_variants()) == ["registration.E013"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"api_key": "sk_live_never_shown"},
        {**KEYS, "secure_endpoint": False},
        {**KEYS, "endpoint_secret": ""},
        {**KEYS, "api_key": None},
    ],
)
def test_missing_and_unknown_keys(settings, options):
    """Without the secret of the webhook anybody could report a payment."""
    settings.PAYMENT_VARIANTS = {"stripe": [STRIPE, options]}
    assert ids(check_payment_variants()) == ["registration.E014"]


@pytest.mark.parametrize(
    "origins",
    [
        [],
        ["http://checkout.stripe.com"],
        ["https://checkout.stripe.com/c"],
        ["https://checkout.stripe.com; script-src *"],
        ["https://*"],
        ["'unsafe-inline'"],
    ],
)
def test_where_the_page_may_lead(settings, origins):
    """Nowhere is as wrong as everywhere."""
    settings.PAYMENT_PROVIDER = "stripe"
    settings.PAYMENT_CHECKOUT_ORIGINS = origins
    assert ids(check_checkout_origins()) == ["registration.E015"]


def test_origins_are_checked_beside_an_invoice_too(settings):
    """They would be sent once somebody switches."""
    settings.PAYMENT_CHECKOUT_ORIGINS = ["checkout.stripe.com"]
    assert ids(check_checkout_origins()) == ["registration.E015"]
