"""JSON keeps decimals exact in both directions."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from portal.values import jsontext


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=None, min_value=-(10**20), max_value=10**20
    )
)
def test_a_decimal_survives_the_wire(value):
    """What is written reads back as the same number, and there is one way to write it."""
    text = jsontext.dumps(value)
    assert Decimal(text.decode()) == value
    assert b"e" not in text.lower()
    assert jsontext.dumps(jsontext.loads(b'{"x":%s}' % text)) == b'{"x":%s}' % text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.5"),
        ("1E+3", "1000"),
        ("-0", "0"),
        ("0.10", "0.1"),
        ("100", "100"),
        ("1E-7", "0.0000001"),
    ],
)
def test_numbers_have_one_canonical_form(value, text):
    """No trailing zeros, no exponent."""
    assert jsontext.canonical(Decimal(value)) == text


def test_other_types():
    """Datetimes are strict, raw fragments pass, translations are texts."""
    data = {
        "a": datetime(2026, 1, 2, tzinfo=UTC),
        "b": date(2026, 1, 2),
        "c": msgspec.Raw(b"[1.0]"),
        "d": gettext_lazy("Yes"),
        "e": (1, None, True),
    }
    assert jsontext.dumps(data) == (
        b'{"a":"2026-01-02T00:00:00Z","b":"2026-01-02","c":[1.0],"d":"Yes","e":[1,null,true]}'
    )


@pytest.mark.parametrize("text", ["NaN", '{"x": Infinity}', "{", "", "[1,]"])
def test_what_is_not_json_is_refused(text):
    """Python's parser would accept NaN and Infinity."""
    with pytest.raises(ValueError):  # noqa: PT011 -- any ValueError is the contract
        jsontext.loads(text)


@pytest.mark.parametrize(
    ("text", "member"),
    [
        (r'{"x": "a\ud800"}', "x"),
        (r'{"y": 1, "x": [{"z": "\ud800\u0041"}]}', "x"),
        (r'{"x": {"\uDFFF": 1}}', "x"),
        (r'["\udc00\ud800"]', None),
        (r'{"x\ud800": 1}', None),
    ],
)
def test_half_a_pair_is_no_text(text, member):
    """Escapes alone can bring it, and every echo of it would fail; the error names the member."""
    with pytest.raises(jsontext.HalfPair) as caught:
        jsontext.loads(text)
    assert caught.value.member == member
    assert jsontext.dumps(str(caught.value))


@pytest.mark.parametrize("text", [b'"\xed\xa0\x80"', '"a"'.encode("utf-16")])
def test_bytes_are_utf_8(text):
    """Python's parser would let half a pair pass in bytes (RFC 8259 8.1)."""
    with pytest.raises(UnicodeDecodeError):
        jsontext.loads(text)


def test_whole_pairs_are_text():
    """What lies beyond the first plane is written so by many programs."""
    assert jsontext.loads(rb'{"\u0041": ["\ud83d\ude00", "\\u0000"]}') == {"A": ["😀", r"\u0000"]}


def test_many_values_are_refused_before_they_are_parsed():
    """Each costs as much as a long text does; a file in Base64 is one."""
    with pytest.raises(ValueError, match="more than 100000 values"):
        jsontext.loads("[" + "0," * 100_000 + "0]")
    assert jsontext.loads("[" + "0," * 1_000 + "0]")
    assert jsontext.loads('["' + "A" * 5_000_000 + '"]')


def test_nested_texts_are_found_without_climbing():
    """Every list around a text used to cost once more for each text: 37 seconds for 4.5 MB."""
    deep: Any = ["a", {"b\x00": 1}]
    for _ in range(10_000):
        deep = [deep]
    assert not jsontext.is_storable(deep)
    assert jsontext.is_storable([[["a", {"b": ["c"]}]]])
