"""Running the listing's own SQL."""

from collections.abc import Mapping
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from portal.db import prepared


def fetch(statement: bytes, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return all rows."""
    return prepared.fetch(DEFAULT_DB_ALIAS, statement, params)
