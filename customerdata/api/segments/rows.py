"""Running the listing's own SQL."""

from collections.abc import Mapping
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from psycopg.pq import Format
from psycopg.types.numeric import Int8BinaryDumper

from portal.db.prepared import planned_once


def fetch(statement: bytes, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return all rows, which travel in binary form: as text, bytes would take twice the room."""
    with planned_once(DEFAULT_DB_ALIAS) as db:
        # One type for all whole numbers; by default it follows the value, and with it the plan.
        db.adapters.register_dumper(int, Int8BinaryDumper)
        db.cursor.format = Format.BINARY
        db.execute(statement, params)
        return list(db.fetchall())
