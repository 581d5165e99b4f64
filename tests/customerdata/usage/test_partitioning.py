"""Monthly partitions: made on demand, never in the way of an insert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from customerdata.models import UsagePack
from customerdata.usage import partitioning
from customerdata.usage.partitioning import DEFAULT, ensure_partitions
from customerdata.usage.store import write_readings
from tests.customerdata.usage.test_store import T1, usage

OLD = datetime(1999, 5, 10, tzinfo=UTC)


def partition_of(pack):
    """The table that a pack's row is stored in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM customerdata_usagepack WHERE public_id = %s",
            [pack.public_id],
        )
        return cursor.fetchone()[0]


def write(series, start=OLD):
    """One reading."""
    write_readings(series=series, start=start, columns=[usage(1)], as_of=T1, synced=T1)
    return UsagePack.objects.get(series=series, segment_start=start)


def test_ingestion_makes_the_months_it_needs(series):
    """A month's data can be moved, backed up and dropped on its own."""
    assert partition_of(write(series)) == "customerdata_usagepack_1999_05"


def test_making_months_twice_makes_them_once(db):
    """The periodic task and ingestion meet."""
    last = OLD + timedelta(days=250)
    assert len(ensure_partitions((OLD, last))) == 9
    assert ensure_partitions((OLD, last)) == []


def test_rows_move_out_of_the_default_partition(series, monkeypatch):
    """A month that could not be made in time is made later, with the rows it missed."""
    monkeypatch.setattr("customerdata.usage.store.ensure_partitions", lambda *spans: [])
    pack = write(series)
    assert partition_of(pack) == DEFAULT
    with connection.cursor() as cursor:
        # Deferred foreign key checks would otherwise hold the table until the test ends.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert ensure_partitions((OLD, OLD)) == ["customerdata_usagepack_1999_05"]
    assert partition_of(pack) == "customerdata_usagepack_1999_05"
    assert UsagePack.objects.get(pk=pack.pk).unpacked().count == 1


def test_a_busy_table_is_no_error(series, monkeypatch):
    """While somebody reads the default partition for long, the month waits, the write does not."""
    monkeypatch.setattr(partitioning, "_LOCK_TIMEOUT", "50ms")
    reader = connection.copy()
    try:
        reader.set_autocommit(False)
        with reader.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {DEFAULT} IN ACCESS SHARE MODE")
            assert ensure_partitions((OLD, OLD)) == []
            assert partition_of(write(series)) == DEFAULT
    finally:
        reader.rollback()
        reader.close()


@pytest.mark.parametrize(
    "name",
    [
        "customerdata_usagepack_pkey",
        "customerdata_usagepack_one_current",
        "usagepack_contract_start",
        "usagepack_series_start",
        "usagepack_public_id",
    ],
)
def test_the_partitioned_table_has_the_indexes_of_the_model(db, name):
    """The migration rebuilds the table by hand, so it must not forget one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_indexes WHERE tablename = 'customerdata_usagepack' "
            "AND indexname = %s",
            [name],
        )
        assert cursor.fetchone()[0] == 1


def test_no_index_or_constraint_of_the_model_is_missing(db):
    """Whoever adds one to the model has to add it to the table too."""
    with connection.cursor() as cursor:
        there = connection.introspection.get_constraints(cursor, UsagePack._meta.db_table)
    wanted = {item.name for item in (*UsagePack._meta.indexes, *UsagePack._meta.constraints)}
    assert wanted <= set(there)
    assert sum(bool(c["foreign_key"]) for c in there.values()) == 3
