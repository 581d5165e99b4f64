"""The sample client's own arithmetic and memory; the browser tests run it as a whole."""

import importlib
import json
import stat
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

NET = {"type": "electric_usage", "direction": "net", "units": "kWh"}


@pytest.fixture
def chart() -> Any:
    return importlib.import_module("chart")


@pytest.fixture
def cds() -> Any:
    return importlib.import_module("cds")


def segment(*values: Any, start: str = "2026-03-01T00:00:00Z", interval: int = 43_200) -> Any:
    """Return a usage segment of half days with one format."""
    rows = [[value] for value in values]
    return {"segment_start": start, "interval": interval, "formats": [NET], "values": rows}


def test_days_are_summed_exactly(chart) -> None:
    """Tenths stay tenths: 0.1 + 0.2 is 0.3, which binary floats cannot say."""
    totals = chart.daily([segment({"u": Decimal("0.1")}, {"u": Decimal("0.2")}, {"u": 4})])
    label = "electric_usage net kWh"
    assert totals == {label: {date(2026, 3, 1): Decimal("0.3"), date(2026, 3, 2): Decimal(4)}}


def test_missing_values_are_left_out(chart) -> None:
    """A gap is not a zero."""
    totals = chart.daily([segment(None, {"u": None}, {"u": Decimal("1.5")})])
    assert list(totals["electric_usage net kWh"]) == [date(2026, 3, 2)]


def test_picture_of_nothing_and_of_an_export_day(chart) -> None:
    """No readings and negative net usage both draw."""
    assert "<rect" not in chart.svg({}, "empty")
    drawn = chart.svg({date(2026, 3, 1): Decimal(-4), date(2026, 3, 2): Decimal(2)}, "a<b")
    assert drawn.count("<rect") == 2
    assert "a&lt;b" in drawn


def test_secrets_are_kept_for_their_owner_alone(cds, tmp_path) -> None:
    """The state file holds a client secret and a refresh token."""
    file = tmp_path / "state.json"
    cds.State(server="http://portal.example", client_secret="s").save(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["client_secret"] == "s"
    assert cds.State.load(file).server == "http://portal.example"


def test_only_web_addresses_are_fetched(cds) -> None:
    """A server that names a file as its endpoint gets nothing."""
    with pytest.raises(ValueError, match="not a web address"):
        cds.call("file:///etc/hostname")
