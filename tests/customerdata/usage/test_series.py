"""Series by what feeds them."""

import pytest

from customerdata.models.usage import UsageSeries
from customerdata.usage.series import SeriesTaken, ensure_series
from customerdata.usage_values.formats import ElectricUsage, IntervalCost

FORWARD, REVERSE = (ElectricUsage("kWh", name) for name in ("forward", "reverse"))
COST = IntervalCost("USD", of=(FORWARD,))


def test_two_sources_of_one_column_have_two_series(links):
    """Neither overwrites the other, and each is found again."""
    one, other = (
        ensure_series(**links, interval=900, columns=[FORWARD], source=name, grid="0")
        for name in ("m1", "m2")
    )
    assert one != other
    again = ensure_series(**links, interval=900, columns=[FORWARD, COST], source="m1", grid="0")
    assert again == one
    assert again.sources == {FORWARD.key: "m1", COST.key: "m1"}


def test_the_zone_of_a_later_delivery_makes_no_series(links):
    """It only says where months begin; the first statement stays."""
    one = ensure_series(**links, interval=900, columns=[FORWARD])
    again = ensure_series(**links | {"zone": "Etc/UTC"}, interval=900, columns=[FORWARD])
    assert again == one
    assert again.zone == "America/Los_Angeles"


def test_grids_and_lanes_are_apart(links):
    """What cannot lie in one pack cannot lie in one series."""
    made = {
        ensure_series(
            **links, interval=900, columns=[FORWARD], source="m1", grid=grid, lane=lane
        ).pk
        for grid in ("0", "300")
        for lane in (0, 1)
    }
    assert len(made) == 4


def test_a_series_without_sources_is_claimed_column_by_column(links):
    """Releases before kept both directions of a meter in one series."""
    old = ensure_series(**links, interval=900, columns=[FORWARD, REVERSE])
    for column, name in ((FORWARD, "m1"), (REVERSE, "m2"), (FORWARD, "m1")):
        assert ensure_series(**links, interval=900, columns=[column], source=name, grid="0") == old
    assert ensure_series(**links, interval=900, columns=[FORWARD], source="m3", grid="0") != old
    assert UsageSeries.objects.count() == 2


def test_costs_of_two_sources_in_a_claimed_series_are_refused(links):
    """They would be one column."""
    ensure_series(**links, interval=900, columns=[FORWARD, REVERSE])
    ensure_series(**links, interval=900, columns=[REVERSE], source="m2", grid="0")
    ensure_series(**links, interval=900, columns=[FORWARD, COST], source="m1", grid="0")
    with pytest.raises(SeriesTaken):
        ensure_series(**links, interval=900, columns=[REVERSE, COST], source="m2", grid="0")
