"""Stores the versions that lineages add or change, and the resulting completeness rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from django.db import connection
from django.db.models import Q
from psycopg import sql

from customerdata.models.usage import CompletenessRange, UsagePack
from customerdata.usage.lineage import Lineage
from customerdata.usage_values.codec import Pack


def save_lineages(lineages: Sequence[Lineage]) -> None:
    """Write the changes and additions of lineages, in few statements."""
    for row in (row for lineage in lineages for row in lineage.changed):
        # By the whole key, so that the planner only reads one partition.
        UsagePack.objects.filter(pk=row.pk).update(
            superseded_at=row.superseded_at, cds_synced=row.cds_synced
        )
    _copy([row for lineage in lineages for row in lineage.added])
    _store_completeness(lineages)


def _copy(rows: Sequence[UsagePack]) -> None:
    """Insert new versions by COPY: building INSERTs costs more than storing the rows."""
    if not rows:
        return
    names = [field.attname for field in UsagePack._meta.local_concrete_fields]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(UsagePack._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row([getattr(row, name) for name in names])


def _store_completeness(lineages: Sequence[Lineage]) -> None:
    """Replace the completeness rows of the segments that have a new current version."""
    stale = Q()
    fresh: list[CompletenessRange] = []
    for lineage in lineages:
        gone = [row for row in lineage.changed if row.superseded_at is not None]
        if not (lineage.added or gone):
            continue
        current = lineage.current
        if lineage.rows:
            rows = [*gone, *([current[0]] if current else [])]
            low, high = min(r.segment_start for r in rows), max(r.segment_end for r in rows)
            stale |= Q(series=lineage.series, start__gte=low, start__lt=high)
        if current:
            fresh += _ranges(*current)
    if stale:
        CompletenessRange.objects.filter(stale).delete()
    CompletenessRange.objects.bulk_create(fresh, batch_size=1000)


def _ranges(row: UsagePack, pack: Pack) -> list[CompletenessRange]:
    return [
        CompletenessRange(
            customer_id=row.customer_id,
            series_id=row.series_id,
            start=low,
            end=high,
            complete=complete,
        )
        for low, high, complete in _runs(pack)
    ]


def _runs(pack: Pack) -> list[tuple[datetime, datetime, bool]]:
    """Maximal runs of value sets that all have, or all lack, a value."""
    covered = pack.covered()
    edges = [0, *(np.flatnonzero(np.diff(covered)) + 1).tolist(), pack.count]
    step = timedelta(seconds=pack.interval)
    return [
        (pack.segment_start + low * step, pack.segment_start + high * step, bool(covered[low]))
        for low, high in pairwise(edges)
    ]
