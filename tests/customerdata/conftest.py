"""What several tests of customer data share."""

import pytest

from consent.catalogue.demo_offers import demo_offers
from registration.services.catalogue.offers import load_offers
from tests.factories.customerdata import Household


@pytest.fixture
def offers(db: None) -> None:
    """Offer what the demo offers."""
    load_offers(demo_offers().values())


@pytest.fixture
def home(db: None) -> Household:
    """A person who holds one account with two services."""
    return Household(services=2)
