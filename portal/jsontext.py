"""JSON with exact decimals, both ways.

Python's json module turns numbers into floats and DRF's encoder does so on the way out. Energy and
money pass through here instead: numbers with a fraction are read as Decimal, and a Decimal is
written in its one canonical form (no exponent, no trailing zeros).
"""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.utils.functional import Promise

from portal.times import format_datetime

# JSON can carry NUL and half a surrogate pair; no other text can, and no database.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def canonical(value: Decimal) -> str:
    """Return the one text of a number: `1.50` -> `1.5`, `1E+3` -> `1000`, `-0` -> `0`."""
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
    """Replace what msgspec would write differently from the standards."""
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
    """Return compact UTF-8 JSON; `msgspec.Raw` fragments are inserted as they are."""
    return _encoder.encode(_plain(value))


def loads(text: bytes | str) -> Any:
    """Parse JSON with exact decimals; NaN and Infinity are refused. Raises ValueError."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text, parse_float=Decimal, parse_constant=refuse)
