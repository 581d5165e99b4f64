"""Locks by name, for rules over rows that are not there yet, which no lock of a row can keep."""

from django.db import connection


def hold(name: str) -> None:
    """Wait until this name is free; the caller then holds it until the transaction ends.

    Comes after locks of rows. Who holds several names takes them in order.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
