"""Locks by name, for rules about rows that do not exist yet, which row locks cannot protect."""

from django.db import connection


def hold(name: str) -> None:
    """Take the lock with this name until the transaction ends; wait while another process has it.

    Take it after any row locks. Take several names in sorted order.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
