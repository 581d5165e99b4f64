"""Limits submitted JSON to what the database accepts (CDS-WG1-02 5.1, 6.9)."""

from decimal import Decimal
from typing import Any, Final

from portal.values.jsontext import UNSTORABLE
from registration.errors import InvalidClientMetadata

MAX_DEPTH: Final = 10
MAX_DIGITS: Final = 30


def storable(value: Any, name: str, depth: int = 0) -> Any:
    """Return JSON that the database accepts: no NUL, and no numbers out of range."""
    if depth > MAX_DEPTH:
        raise InvalidClientMetadata(f"{name} is nested too deeply.", field=name)
    if isinstance(value, dict):
        return {storable(key, name): storable(item, name, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item, name, depth + 1) for item in value]
    if isinstance(value, Decimal):
        return _number(value, name)
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise InvalidClientMetadata(f"{name} must not contain control characters.", field=name)
    return value


def _number(value: Decimal, name: str) -> int | float:
    """Limited before conversion: 1e999999999 would use up all memory as an integer."""
    if abs(value.adjusted()) > MAX_DIGITS:
        raise InvalidClientMetadata(f"{name} contains a number that is out of range.", field=name)
    return int(value) if value == value.to_integral_value() else float(value)
