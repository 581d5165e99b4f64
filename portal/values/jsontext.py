"""JSON with exact decimals, in both directions.

Python's json module turns numbers into floats, and DRF's encoder does so when writing. For energy
and money we use this module instead: numbers with a fraction are read as Decimal, and a Decimal is
written in its one canonical form (no exponent, no trailing zeros).
"""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.utils.functional import Promise

from portal.values.times import format_datetime

# JSON can carry NUL and lone surrogates; other text formats and databases cannot.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# The only way for a lone surrogate to get into text that was UTF-8.
_MAY_HOLD_HALVES = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
# Parsing costs by the value, not by the byte: a string of megabytes may be a file; a list is not.
MAX_VALUES = 100_000


class HalfPair(ValueError):
    """A text is not Unicode: neither a response nor a database can contain it (RFC 8259 8.2)."""

    def __init__(self, member: str | None) -> None:
        super().__init__(f"{member or 'a text'} contains half a surrogate pair")
        self.member = member


def canonical(value: Decimal) -> str:
    """Return the canonical text of a number: `1.50` -> `1.5`, `1E+3` -> `1000`, `-0` -> `0`."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _encode_other(value: Any) -> Any:
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _plain(value: Any) -> Any:
    """Convert values that msgspec would write differently than the standards do."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return msgspec.Raw(canonical(value).encode())
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


_encoder = msgspec.json.Encoder(enc_hook=_encode_other)


def dumps(value: Any) -> bytes:
    """Return compact UTF-8 JSON; `msgspec.Raw` fragments are inserted unchanged."""
    return _encoder.encode(_plain(value))


def loads(text: bytes | str) -> Any:
    """Parse JSON with exact decimals; NaN and Infinity are refused.

    Raises ValueError, also for more than MAX_VALUES values; HalfPair, with the name of the object's
    member, for text that is not Unicode.
    """

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    text = text.decode("utf-8") if isinstance(text, bytes) else text
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise ValueError(f"it contains more than {MAX_VALUES} values")
    value = json.loads(text, parse_float=Decimal, parse_constant=refuse)
    if _MAY_HOLD_HALVES.search(text):
        _refuse_halves(value)
    return value


def _refuse_halves(value: Any) -> None:
    for name, item in value.items() if isinstance(value, dict) else [("", value)]:
        if _HALF.search(name):
            raise HalfPair(None)
        if any(_HALF.search(each) for each in _texts(item)):
            raise HalfPair(name[:100] or None)


def is_storable(value: Any) -> bool:
    """Whether a database can store all names and texts inside a JSON value."""
    return not any(UNSTORABLE.search(each) for each in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    """Yield names and texts in any order; without recursion, so that nesting costs nothing."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
