"""What these tests start from."""

from typing import Any

import pytest

from tests.consent.oauth.support import (
    QuietListener,
    plug_in_listener,
)


@pytest.fixture(autouse=True)
def listener(monkeypatch: Any) -> QuietListener:
    """No app above computes access here."""
    return plug_in_listener(monkeypatch)
