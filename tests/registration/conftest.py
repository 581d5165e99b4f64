"""What tests of registration fees share."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser

from tests.registration.onboarding_support import path_of
from tests.registration.payment_support import StripeStandIn, fee_to_pay, stripe_stand_in


@pytest.fixture
def stand_in(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeStandIn]:
    """The stand-in, which this deployment takes for Stripe."""
    with stripe_stand_in(settings, monkeypatch) as found:
        yield found


@pytest.fixture
def fee(db: None) -> Any:
    """A registration whose only missing step is the fee."""
    return fee_to_pay()


@pytest.fixture
def session(fee: Any, stand_in: StripeStandIn) -> dict[str, Any]:
    """The checkout that the button opened."""
    answer = Browser().post(path_of(fee))
    assert (answer.status_code, answer["Location"]) == (303, stand_in.only()["url"])
    return stand_in.only()
