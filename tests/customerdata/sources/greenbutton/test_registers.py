"""Running totals: never served as amounts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerdata.sources.greenbutton.model import GreenButtonError, Reading
from customerdata.sources.greenbutton.periods import end
from customerdata.sources.greenbutton.registers import amounts
from customerdata.sources.greenbutton.stated import AMOUNTS, TOTALS_AT_END, TOTALS_AT_START
from tests.customerdata.sources.greenbutton.conftest import NOW

HOUR = 3600


def hours(values, **fields) -> list[Reading]:
    """Return hours that follow each other."""
    defaults = {"cost": None, "qualities": (), "line": 7} | fields
    stamps = [int(NOW.timestamp()) + HOUR * position for position in range(len(values))]
    return [
        Reading(NOW.fromtimestamp(stamp, NOW.tzinfo), HOUR, value, **defaults)
        for stamp, value in zip(stamps, values, strict=True)
    ]


def taken(values, accumulation, stated=None, **fields) -> tuple[list[Reading], list[str]]:
    """Return the amounts and the warnings."""
    warnings: list[str] = []
    return amounts(hours(values, **fields), accumulation, stated, "M1", warnings), warnings


@pytest.mark.parametrize("accumulation", [1, 2, 3, 9, 13, 14])
def test_totals_are_refused_until_somebody_says_when_they_were_read(accumulation):
    """The message names the channel and the options."""
    with pytest.raises(GreenButtonError, match=r"--registers M1=HOW .*--leave-out M1"):
        taken([100, 200, 200, 350], accumulation)


@pytest.mark.parametrize("accumulation", [None, 0, 4, 6, 10, 12])
def test_everything_else_is_amounts(accumulation):
    """Unstated, not applicable, differences, and momentary values."""
    assert taken([100, 200], accumulation) == (hours([100, 200]), [])


@pytest.mark.parametrize("values", [[100, 90, 120], [0, 0, 0]])
def test_a_total_that_falls_is_none_where_a_utility_states_a_doubtful_kind(values):
    """One large utility states 2 over amounts per interval."""
    readings, (warning,) = taken(values, 2)
    assert readings == hours(values)
    assert "accumulationBehaviour 2" in warning


def test_the_operator_may_say_that_they_are_amounts():
    """Whatever the file calls them."""
    assert taken([100, 200], 3, AMOUNTS) == (hours([100, 200]), [])


def test_a_fall_is_a_gap():
    """A register that starts anew or a meter that was changed: what was between is not known."""
    readings, (warning,) = taken([100, 130, 10, 25], 1, TOTALS_AT_END)
    assert [reading.value for reading in readings] == [30, 15]
    assert "falls from 130 to 10" in warning


def test_a_net_total_may_fall():
    """What flowed out in that hour is an amount below zero, and nothing tells it from intervals."""
    found = amounts(hours([100, 130, 10]), 1, TOTALS_AT_END, "M1", [], is_net=True)
    assert [reading.value for reading in found] == [30, -120]
    with pytest.raises(GreenButtonError, match="--registers"):
        amounts(hours([100, 130, 10]), 2, None, "M1", [], is_net=True)


def test_two_totals_of_one_time_are_refused():
    """No amount lies between them."""
    readings = [*hours([100]), *hours([130])]
    with pytest.raises(GreenButtonError, match="at the same time"):
        amounts(readings, 1, TOTALS_AT_END, "M1", [])


def test_an_estimated_total_makes_estimated_amounts_on_both_sides():
    """A difference is as good as the worse of the two."""
    readings = hours([100, 130, 160])
    readings[1] = Reading(readings[1].start, HOUR, 130, None, (8,), 8)
    found = amounts(readings, 1, TOTALS_AT_END, "M1", [])
    assert [reading.qualities for reading in found] == [(8,), (8,)]


def test_costs_beside_totals_are_refused():
    """They belong to no difference."""
    with pytest.raises(GreenButtonError, match="<cost>"):
        taken([100, 200], 1, TOTALS_AT_END, cost=5)


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=50).map(sorted),
    st.sampled_from([TOTALS_AT_START, TOTALS_AT_END]),
)
def test_amounts_add_up_to_last_less_first_and_follow_each_other(totals, stated):
    """Nothing is counted twice, nothing is lost, and no time is covered twice."""
    readings, warnings = taken(totals, 1, stated)
    assert warnings == []
    assert sum(reading.value or 0 for reading in readings) == totals[-1] - totals[0]
    assert len(readings) == len(totals) - 1
    for before, after in pairwise(readings):
        assert end(before) == after.start
