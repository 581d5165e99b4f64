"""The data formats of authorization details fields (CDS-WG1-02 3.9)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.values.durations import Direction
from registration.catalogue.formats import FieldFormat, FormatError, Limits, check_value

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def limits(**bounds):
    return Limits(now=NOW, **bounds)


@pytest.mark.parametrize(
    ("format_", "value", "bounds"),
    [
        (FieldFormat.INT, 5, {"minimum": 1, "maximum": "infinite"}),
        (FieldFormat.DECIMAL, Decimal("1.10"), {"minimum": 0, "maximum": 2}),
        (FieldFormat.STRING, "abc", {"minimum": 1, "maximum": 3}),
        (FieldFormat.STRING_OR_NULL, None, {"minimum": 1, "maximum": 3}),
        (FieldFormat.STRING_LIST, ["a", "bc"], {"minimum": 1, "maximum": 3}),
        (FieldFormat.STRING_LIST_OR_NULL, None, {"minimum": 1, "maximum": 3}),
        (FieldFormat.BOOLEAN, False, {}),
        (FieldFormat.DATE, "P3Y", {"minimum": "P0D", "maximum": "P3Y"}),
        (FieldFormat.DATETIME, "infinite", {"minimum": "PT0S", "maximum": "infinite"}),
        (FieldFormat.CHOICE, "a", {"choices": ("a", "b")}),
        (FieldFormat.CHOICE_OR_NULL, None, {"choices": ("a",)}),
        (FieldFormat.CHOICE_LIST, ["b", "a"], {"choices": ("a", "b")}),
        (FieldFormat.CHOICE_LIST_OR_NULL, ["_all"], {"special_values": ("_all",)}),
        (FieldFormat.JWK_OR_NULL, None, {}),
    ],
)
def test_it_takes_values_within_the_limits(format_, value, bounds):
    """One good value per format: lists come back as tuples, all else unchanged."""
    expected = tuple(value) if isinstance(value, list) else value
    assert check_value(format_, value, limits(**bounds)) == expected


@pytest.mark.parametrize(
    ("format_", "value", "bounds"),
    [
        (FieldFormat.INT, True, {}),
        (FieldFormat.INT, 1.0, {}),
        (FieldFormat.INT, 0, {"minimum": 1}),
        (FieldFormat.INT, 9, {"maximum": 8}),
        (FieldFormat.INT, None, {}),
        (FieldFormat.DECIMAL, "1.1", {}),
        (FieldFormat.DECIMAL, float("nan"), {}),
        (FieldFormat.DECIMAL, Decimal("2.01"), {"maximum": 2}),
        (FieldFormat.STRING, None, {}),
        (FieldFormat.STRING, 1, {}),
        (FieldFormat.STRING, "", {"minimum": 1}),
        (FieldFormat.STRING, "abcd", {"maximum": 3}),
        (FieldFormat.STRING, "nul\x00", {}),
        (FieldFormat.STRING, "half \ud800", {}),
        (FieldFormat.STRING_LIST, "a", {}),
        (FieldFormat.STRING_LIST, ["a", 1], {}),
        (FieldFormat.STRING_LIST, ["ab", "cd"], {"maximum": 3}),
        (FieldFormat.STRING_LIST_OR_NULL, [], {"minimum": 1}),
        (FieldFormat.BOOLEAN, "true", {}),
        (FieldFormat.BOOLEAN, 1, {}),
        (FieldFormat.BOOLEAN, None, {}),
        (FieldFormat.DATE, "PT1H", {"minimum": "P0D", "maximum": "infinite"}),
        (FieldFormat.DATE, None, {"minimum": "P0D", "maximum": "infinite"}),
        (FieldFormat.DATE, "P" + "1" * 100 + "Y", {"minimum": "P0D", "maximum": "infinite"}),
        (FieldFormat.DATETIME, "P2Y", {"minimum": "PT0S", "maximum": "P1Y"}),
        (FieldFormat.DATETIME, "2026-01-01", {"minimum": "PT0S", "maximum": "infinite"}),
        (FieldFormat.CHOICE, ["a"], {"choices": ("a",)}),
        (FieldFormat.CHOICE, "c", {"choices": ("a",)}),
        (FieldFormat.CHOICE, None, {"choices": ("a",)}),
        (FieldFormat.CHOICE_LIST, ["a", "c"], {"choices": ("a",)}),
        # PR 16 of CDS-Registration: null says that there are none, an empty array says nothing.
        (FieldFormat.CHOICE_LIST, [], {"choices": ("a",)}),
        (FieldFormat.CHOICE_LIST_OR_NULL, [], {"choices": ("a",)}),
        (FieldFormat.STRING_LIST, [], {"minimum": 0}),
        (FieldFormat.STRING_LIST_OR_NULL, [], {"minimum": 0}),
        (FieldFormat.CHOICE_OR_NULL, "a", {}),
        (FieldFormat.CHOICE_LIST_OR_NULL, ["a"], {}),
        (FieldFormat.CHOICE_LIST_OR_NULL, ["_all"], {"choices": ("a",)}),
        (FieldFormat.JWK_OR_NULL, {}, {}),
        (FieldFormat.JWK_OR_NULL, "key", {}),
    ],
)
def test_it_refuses_values_that_break_the_rule(format_, value, bounds):
    """Wrong type, outside the limits, not in the choices, null where null is no value."""
    with pytest.raises(FormatError):
        check_value(format_, value, limits(**bounds))


def test_decimals_keep_their_digits():
    """CDS-WG1-02 3.9: never handled as a float; 0.1 is what the client wrote."""
    assert check_value(FieldFormat.DECIMAL, 0.1, limits()) == Decimal("0.1")


def test_repeated_entries_count_once():
    """A list names a set of things."""
    assert check_value(FieldFormat.STRING_LIST, ["a", "b", "a"], limits()) == ("a", "b")


def test_history_limits_count_backwards():
    """CDS-WG1-02 3.8: the maximum of a past period is the furthest back."""
    past = limits(minimum="PT0S", maximum="P3Y", direction=Direction.SUBTRACT)
    assert check_value(FieldFormat.DATETIME, "2024-01-01T00:00Z", past) == "2024-01-01T00:00:00Z"
    with pytest.raises(FormatError, match="outside the limits"):
        check_value(FieldFormat.DATETIME, "2020-01-01T00:00:00Z", past)


@pytest.mark.parametrize(
    ("format_", "value", "bounds", "words"),
    [
        (FieldFormat.INT, 0, {"minimum": 1}, "must be at least 1, not 0"),
        (FieldFormat.DECIMAL, Decimal("2.10"), {"maximum": 2}, "must be at most 2, not 2.10"),
        (
            FieldFormat.STRING,
            "",
            {"minimum": 1},
            'must have at least 1 character, not 0: ""',
        ),
        (
            FieldFormat.STRING,
            "abcd",
            {"maximum": 3},
            'must have at most 3 characters, not 4: "abcd"',
        ),
        (FieldFormat.STRING_LIST, [], {"minimum": 1}, "must have at least 1 item, not []"),
        (
            FieldFormat.STRING_LIST,
            ["ab", "cd"],
            {"maximum": 3},
            'must have at most 3 characters in all its items combined, not 4: ["ab", "cd"]',
        ),
        (
            FieldFormat.DATE,
            "P0D",
            {"minimum": "P1Y", "maximum": "P3Y"},
            '"P0D" is outside the limits: from P1Y to P3Y after the authorization',
        ),
        (
            FieldFormat.DATETIME,
            "P0D",
            {"minimum": "P1Y", "maximum": "P3Y"},
            '"P0D" is outside the limits: from P1Y to P3Y after the authorization',
        ),
        (FieldFormat.CHOICE, "c", {"choices": ("a", "b")}, '"c" is not one of: a, b'),
        (FieldFormat.CHOICE_LIST, ["c"], {"choices": ("a", "b")}, '"c" is not one of: a, b'),
    ],
)
def test_an_error_names_what_is_counted_and_what_was_sent(format_, value, bounds, words):
    """A list holds items, and "P0D" is not found in a request that is said to hold "PT0S"."""
    with pytest.raises(FormatError) as refusal:
        check_value(format_, value, limits(**bounds))
    assert str(refusal.value) == words


SENT = {
    FieldFormat.INT: st.integers(min_value=11),
    FieldFormat.DECIMAL: st.decimals(min_value=11, allow_nan=False, allow_infinity=False),
    FieldFormat.STRING: st.text(st.characters(codec="ascii", categories=["L"]), min_size=11),
    FieldFormat.STRING_LIST: st.lists(st.text("abc", min_size=11), min_size=1, max_size=3),
    FieldFormat.DATE: st.integers(11, 400).map("P{}Y".format) | st.just("infinite"),
    FieldFormat.DATETIME: st.integers(11, 400).map("P{}Y".format) | st.just("2090-01-01T00:00Z"),
    FieldFormat.CHOICE: st.text("xyz", min_size=1),
    FieldFormat.CHOICE_LIST: st.lists(st.text("xyz", min_size=1), min_size=1, max_size=1),
}
UNITS = {FieldFormat.STRING: "characters", FieldFormat.STRING_LIST: "characters in all its items"}


def test_every_format_with_bounds_or_choices_has_its_error_tested():
    """A new one is not forgotten here."""
    assert SENT.keys() == {
        format_.base for format_ in FieldFormat if format_.has_bounds or format_.has_choices
    }


@given(st.sampled_from(sorted(SENT)).flatmap(lambda each: st.tuples(st.just(each), SENT[each])))
def test_every_error_of_a_bound_repeats_what_was_sent(case):
    """Its beginning, where it is long, and the unit, where something is counted."""
    format_, value = case
    bounds = limits(
        minimum="P0D" if format_.is_duration else 0,
        maximum="P10Y" if format_.is_duration else 10,
        choices=("a", "b"),
    )
    with pytest.raises(FormatError) as refusal:
        check_value(format_, value, bounds)
    item = value[0] if isinstance(value, list) else value
    assert str(item)[:90] in str(refusal.value)
    assert UNITS.get(format_, "") in str(refusal.value)
    assert len(str(refusal.value)) < 250


@given(st.sampled_from(FieldFormat), json_values)
def test_any_json_gives_a_value_or_a_stated_rule(format_, value):
    """No input crashes, and what is accepted is accepted again in its canonical form."""
    bounds = limits(
        minimum="PT0S" if format_.is_duration else 0,
        maximum="infinite" if format_.is_duration else 1000,
        choices=("a", "b"),
    )
    try:
        accepted = check_value(format_, value, bounds)
    except FormatError:
        return
    assert check_value(format_, accepted, bounds) == accepted
