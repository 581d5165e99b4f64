"""Monthly partitions of the usage pack table.

A periodic task creates partitions ahead of time, and ingestion creates them for old data. If a
month cannot be created because of a lock, this is not an error: its rows go to the default
partition and move out when the month is created later.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import OperationalError, connection, transaction
from psycopg import sql

_STATEMENTS = (
    """
    CREATE TABLE {table}
        (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)
    """,
    """
    WITH moved AS (
        DELETE FROM {default} WHERE segment_start >= {start} AND segment_start < {end} RETURNING *
    )
    INSERT INTO {table} SELECT * FROM moved
    """,
    "ALTER TABLE {parent} ATTACH PARTITION {table} FOR VALUES FROM ({start}) TO ({end})",
)

logger = logging.getLogger(__name__)

PARENT = "customerdata_usagepack"
DEFAULT = "customerdata_usagepack_default"
_LOCK_TIMEOUT = "2s"
# An arbitrary constant that no other advisory lock of the product uses.
_ADVISORY_LOCK = 0x7573_6167


def ensure_partitions(*spans: tuple[datetime, datetime]) -> list[str]:
    """Create the partitions for the months of `spans`, both inclusive; return the new names."""
    made: list[str] = []
    for name, (start, end) in _missing(*spans).items():
        try:
            with transaction.atomic():
                _make(name, start, end)
        except OperationalError as error:
            logger.warning(
                "partition left for later", extra={"partition": name, "reason": str(error)}
            )
            break
        made.append(name)
    return made


def missing_partitions(first: datetime, last: datetime) -> int:
    """Count the months from `first` to `last`, inclusive, that have no separate partition."""
    return len(_missing((first, last)))


def _missing(*spans: tuple[datetime, datetime]) -> dict[str, tuple[datetime, datetime]]:
    wanted = {name: month for span in spans for name, month in _months(*span)}
    existing = _existing()
    return {name: wanted[name] for name in sorted(wanted) if name not in existing}


def _months(first: datetime, last: datetime) -> Iterator[tuple[str, tuple[datetime, datetime]]]:
    low, high = first.astimezone(UTC), last.astimezone(UTC)
    for number in range(low.year * 12 + low.month - 1, high.year * 12 + high.month):
        start, end = (datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in (number, number + 1))
        yield f"{PARENT}_{start:%Y_%m}", (start, end)


def _existing() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = to_regclass(%s)",
            [PARENT],
        )
        return {row[0] for row in cursor.fetchall()}


def _make(name: str, start: datetime, end: datetime) -> None:
    """Build the month's table, move its rows out of the default partition, and attach it.

    Attaching needs short locks on the default partition and on the referenced tables. The time
    limit keeps an ingestion from waiting behind other transactions while it blocks more of them.
    """
    table, parent, default = (sql.Identifier(n) for n in (name, PARENT, DEFAULT))
    month = {"table": table, "parent": parent, "default": default}
    bounds = {"start": sql.Literal(start.isoformat()), "end": sql.Literal(end.isoformat())}
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is None:
            for statement in _STATEMENTS:
                cursor.execute(sql.SQL(statement).format(**month, **bounds))
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])
