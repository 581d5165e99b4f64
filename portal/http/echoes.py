"""How error messages quote the input, so that the sender can find it."""

import json
from decimal import Decimal

MAX_ECHO = 100


def echo(value: object) -> str:
    """Return a JSON value as it was sent, with an ellipsis in place of the rest of a long one."""
    is_number = isinstance(value, Decimal)
    text = str(value) if is_number else json.dumps(value, ensure_ascii=False, default=str)
    # A lone surrogate cannot be encoded.
    text = text.encode(errors="replace").decode()
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "\u2026"


def counted(number: object, unit: str) -> str:
    """Return a number with its unit: "1 item", "2 items"."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
