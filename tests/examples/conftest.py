"""The sample client is a program of its own: its modules are found in its folder."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _sample_client_on_path(monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples" / "client"))
