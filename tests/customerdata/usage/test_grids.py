"""Which periods lie on one grid."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerdata.usage.grids import Grid, grid_of

AT = datetime(2026, 1, 10, 5, tzinfo=UTC)
HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("start", "seconds", "grid"),
    [
        (AT, 900, Grid(900, "0")),
        (AT + timedelta(minutes=10), HOUR, Grid(HOUR, "600")),
        (AT, 12 * HOUR, Grid(12 * HOUR, "18000")),
        (AT + timedelta(milliseconds=500), HOUR, Grid(HOUR, "0.5")),
        (AT, 16 * HOUR, Grid(None, "part")),
        (AT, 23 * HOUR, Grid(None, "day")),
        (AT, DAY, Grid(None, "day")),
        (AT, 25 * HOUR, Grid(None, "day")),
        (AT, 2 * DAY, Grid(None, "long")),
    ],
)
def test_a_period_has_a_grid(start, seconds, grid):
    """By its length, and by its phase where it divides a day."""
    assert grid_of(start, seconds) == grid


@given(st.integers(0, 4 * 10**9), st.sampled_from([60, 300, 900, 1800, HOUR, 2 * HOUR]))
def test_periods_that_follow_each_other_share_a_grid(start, seconds):
    """Whatever the zone, and across clock changes."""
    first = datetime.fromtimestamp(start, UTC)
    assert grid_of(first, seconds) == grid_of(first + timedelta(seconds=seconds), seconds)
    assert grid_of(first, seconds) != grid_of(first + timedelta(seconds=1), seconds)
