"""System checks of the payment settings; no message contains a key."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string
from payments.core import BasicProvider

from registration.services.payments.fees import INVOICE

STRIPE = "registration.services.payments.stripe.StripeCheckout"
# Names are part of webhook URLs, where the library accepts nothing else.
_NAME = re.compile(r"[a-z-]+")
_ORIGIN = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]+)?")
# The library's providers with a hosted checkout. The others ask for card numbers on pages of this
# server, or trust the payer's claim; its Stripe provider is extended by this project's.
_HOSTED = (
    "payments.mercadopago.MercadoPagoProvider",
    "payments.paypal.PaypalProvider",
    "payments.sofort.SofortProvider",
)


def check_payment_provider(**kwargs: Any) -> list[CheckMessage]:
    """registration.E011: there is a payment method."""
    known = [INVOICE, *settings.PAYMENT_VARIANTS]
    if settings.PAYMENT_PROVIDER in known:
        return []
    return [
        Error(
            f"PAYMENT_PROVIDER is {settings.PAYMENT_PROVIDER!r}.",
            hint=f"Allowed: {', '.join(known)}. Other names come from PAYMENT_VARIANTS.",
            id="registration.E011",
        )
    ]


def check_payment_variants(**kwargs: Any) -> list[CheckMessage]:
    """registration.E012, E013, E014: card providers are usable."""
    return [
        problem
        for name, variant in settings.PAYMENT_VARIANTS.items()
        for problem in _variant_problems(name, variant)
    ]


def check_checkout_origins(**kwargs: Any) -> list[CheckMessage]:
    """registration.E015: the payment page can lead to the checkout, and nowhere without https."""
    origins = settings.PAYMENT_CHECKOUT_ORIGINS
    wrong = [origin for origin in origins if not _is_origin(origin)]
    if not wrong and (origins or settings.PAYMENT_PROVIDER == INVOICE):
        return []
    found = f"holds {', '.join(wrong)}" if wrong else "is empty"
    return [
        Error(
            f"PAYMENT_CHECKOUT_ORIGINS {found}.",
            hint=(
                "Set it to the scheme and host of the provider's checkout: "
                "https://checkout.stripe.com"
            ),
            id="registration.E015",
        )
    ]


def _variant_problems(name: str, variant: Any) -> Iterator[Error]:
    shape = 'Write "name": ["path.of.Class", {"option": "value"}].'
    if not _NAME.fullmatch(name) or name == INVOICE:
        yield _wrong(name, "the name is not allowed", "Use lowercase letters and -.", "E012")
    if not _is_pair(variant):
        yield _wrong(name, "it is not a pair of class and options", shape, "E012")
        return
    path, options = variant
    try:
        provider = import_string(path)
    except ImportError:
        yield _wrong(name, f"there is no class {path}", shape, "E012")
        return
    if not (inspect.isclass(provider) and issubclass(provider, BasicProvider)):
        yield _wrong(name, f"{path} is not a payment provider", shape, "E012")
        return
    yield from _provider_problems(name, path, provider, options)


def _provider_problems(
    name: str, path: str, provider: type, options: dict[str, Any]
) -> Iterator[Error]:
    if provider.__module__.startswith("payments.") and path not in _HOSTED:
        usable = ", ".join((STRIPE, *_HOSTED))
        yield _wrong(name, f"{path} cannot be used safely", f"Usable: {usable}.", "E013")
    try:
        inspect.signature(provider).bind(**options)
    except TypeError as error:
        # Python names the option, never its value.
        yield _wrong(name, str(error), "Use only options that the class accepts.", "E014")
    empty = sorted(option for option, value in options.items() if value in ("", None))
    if empty:
        yield _wrong(name, f"{', '.join(empty)} is empty", "Set the key.", "E014")


def _wrong(name: str, what: str, hint: str, number: str) -> Error:
    return Error(f"PAYMENT_VARIANTS, {name}: {what}.", hint=hint, id=f"registration.{number}")


def _is_pair(variant: Any) -> bool:
    return (
        isinstance(variant, list | tuple)
        and len(variant) == 2
        and isinstance(variant[0], str)
        and isinstance(variant[1], dict)
    )


def _is_origin(text: str) -> bool:
    return _ORIGIN.fullmatch(text) is not None


def register() -> None:
    """Add all checks."""
    for check in (check_payment_provider, check_payment_variants, check_checkout_origins):
        checks.register(check)
