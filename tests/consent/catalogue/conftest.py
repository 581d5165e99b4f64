"""The catalogue as the running system has it, and the demo utility's offers."""

import pytest

import consent.catalogue
from consent.catalogue.demo_offers import demo_offers
from registration.catalogue import admin


@pytest.fixture(autouse=True, scope="session")
def registered_entries():
    """Make sure all entries are there, whatever ran before."""
    admin.register()
    consent.catalogue.register()


@pytest.fixture
def offers(registered_entries):
    """What a client with every demo scope may use."""
    return demo_offers()
