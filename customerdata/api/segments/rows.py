"""Running the listing's own SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from psycopg import sql
from psycopg.types.datetime import TimestamptzLoader


def fetch(
    statement: sql.Composed, params: Sequence[Any] | Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Return all rows.

    A page holds hundreds of times. Django reads each in Python, to set the connection's zone; ours
    is always UTC, so the driver's own reader does.
    """
    with connection.cursor() as db:
        db.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        db.execute(statement, params)
        return list(db.fetchall())
