"""What these tests start from."""

from typing import Any

import pytest

from tests.consent.oauth.support import (
    Party,
    QuietListener,
    make_party,
    offer_demo_scopes,
    plug_in_listener,
)


@pytest.fixture(autouse=True)
def listener(monkeypatch: Any) -> QuietListener:
    """No app above computes access here."""
    return plug_in_listener(monkeypatch)


@pytest.fixture
def acme(db: None) -> Party:
    """A registered party."""
    offer_demo_scopes()
    return make_party()


@pytest.fixture
def rival(acme: Party) -> Party:
    """Another registered party."""
    return make_party()
