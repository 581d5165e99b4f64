"""What these tests start from."""

from typing import Any

import pytest

from tests.consent.pages.world import World, make_world


@pytest.fixture
def world(db: None, monkeypatch: Any) -> World:
    """A company, two customers with services, and a signed-in browser."""
    return make_world(monkeypatch)
