"""Recuts packs where a change of time zone rules moved a month boundary (ADR 9).

An hour at the boundary then belongs to the neighboring segment. It moves there with its whole
history: at every instant of the source's time, each hour reads as before and exists once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from zoneinfo import ZoneInfo

from django.utils import timezone

from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.usage.lineage import Lineage, State
from customerdata.usage.saving import save_lineages
from customerdata.usage_values.codec import Pack, PackMismatch, overlay
from customerdata.usage_values.segments import (
    month_parts,
    month_start,
    months_digest,
    next_month_start,
)


@dataclass(slots=True)
class Recut:
    """The result of a recut: changed series, versions written, and why series were skipped."""

    changed: list[UsageSeries] = field(default_factory=list)
    versions: int = 0
    refused: dict[UsageSeries, str] = field(default_factory=dict)


def cut_anew(series: Sequence[UsageSeries], *, dry_run: bool = False) -> Recut:
    """Cut the packs of locked series along the months of the current rules; idempotent.

    A series is left unchanged if a new month would have readings of two grids.
    """
    result = Recut()
    late = [each for each in series if each.cut_otherwise]
    if not late:
        return result
    months = _moved_months(late)
    for each in late:
        try:
            lineages = _plan(each, months[each.pk]) if months[each.pk] else []
        except PackMismatch as error:
            result.refused[each] = str(error)
            continue
        added = sum(len(lineage.added) for lineage in lineages)
        if added:
            result.changed.append(each)
            result.versions += added
        if not dry_run:
            save_lineages(lineages)
    if not dry_run:
        _note([each for each in late if each not in result.refused])
    return result


def _note(series: Sequence[UsageSeries]) -> None:
    by_zone: dict[str, list[UsageSeries]] = defaultdict(list)
    for each in series:
        by_zone[each.zone].append(each)
    for same in by_zone.values():
        today = months_digest(same[0].tzinfo)
        UsageSeries.objects.filter(pk__in=[each.pk for each in same]).update(cut_under=today)


def _moved_months(series: Sequence[UsageSeries]) -> dict[int, set[datetime]]:
    """By series, the current months whose hours lie in a segment across a boundary, or in two.

    One query finds them without reading values; most series have none.
    """
    zones = {each.pk: each.tzinfo for each in series}
    moved: dict[int, set[datetime]] = defaultdict(set)
    segments: dict[tuple[int, datetime], set[str]] = defaultdict(set)
    packs = UsagePack.objects.lasting().filter(
        customer_id__in={each.customer_id for each in series}, series_id__in=zones
    )
    names = ("series_id", "public_id", "segment_start", "segment_end", "interval")
    for pk, public_id, start, end, interval in packs.values_list(*names):
        step = timedelta(seconds=interval)
        months = _months(start, end - step, zones[pk])
        if len(months) > 1:
            moved[pk].update(months)
        segments[pk, months[0]].add(public_id)
    for (pk, month), ids in segments.items():
        if len(ids) > 1:
            moved[pk].add(month)
    return moved


@dataclass(frozen=True, slots=True)
class _Segment:
    """The versions of one segment in the source's time, each with its parts by current month.

    Its home is the month that contains most of it, no matter what crosses a boundary.
    """

    rows: tuple[UsagePack, ...]
    parts: tuple[dict[datetime, Pack], ...]
    home: datetime

    def at(self, instant: datetime, month: datetime) -> tuple[UsagePack, Pack] | None:
        """The version that held at an instant, and the part of it that lies in a month."""
        versions = zip(reversed(self.rows), reversed(self.parts), strict=True)
        row, parts = next(((r, p) for r, p in versions if r.as_of <= instant), (None, {}))
        return (row, parts[month]) if row is not None and month in parts else None


def _plan(series: UsageSeries, months: Collection[datetime]) -> list[Lineage]:
    """The segments of these months with the versions that they require.

    Raises:
        PackMismatch: readings of two grids would have to share a month.
    """
    zone, now = series.tzinfo, timezone.now()
    high = next_month_start(max(months), zone)
    packs = UsagePack.objects.filter(customer_id=series.customer_id, series=series)
    rows = list(packs.filter(segment_start__gte=min(months), segment_start__lt=high))
    taken = max(row.version for row in rows)
    segments = _segments(series, rows, months)
    lineages: list[Lineage] = []
    for month in sorted(months):
        at_home = [segment for segment in segments if segment.home == month]
        at_home.sort(key=lambda s: s.rows[-1].segment_end - s.rows[-1].segment_start, reverse=True)
        # The longest segment keeps the month and its id; others at home here are merged into it.
        for segment in at_home[1:]:
            lineages.append(Lineage(series, now, list(segment.rows)))
            lineages[-1].replan([])
        lineages.append(Lineage(series, now, [row for s in at_home[:1] for row in s.rows], taken))
        lineages[-1].replan(_states(segments, month))
    return lineages


def _segments(
    series: UsageSeries, rows: Sequence[UsagePack], months: Collection[datetime]
) -> list[_Segment]:
    zone = series.tzinfo
    by_id: dict[str, list[UsagePack]] = defaultdict(list)
    for row in rows:
        last = row.segment_end - timedelta(seconds=row.interval)
        if row.lasts and not set(_months(row.segment_start, last, zone)).isdisjoint(months):
            by_id[row.public_id].append(row)
    found: list[_Segment] = []
    for versions in by_id.values():
        versions.sort(key=lambda row: row.as_of)
        parts = tuple(_parts(row.unpacked(), series) for row in versions)
        # A reading belongs to the month in which it begins, however far it reaches into the next.
        middle = (versions[-1].count - 1) // 2 * timedelta(seconds=versions[-1].interval)
        home = month_start(versions[-1].segment_start + middle, zone)
        found.append(_Segment(tuple(versions), parts, home))
    return found


def _parts(pack: Pack, series: UsageSeries) -> dict[datetime, Pack]:
    runs = month_parts(pack.segment_start, pack.interval, pack.count, series.tzinfo)
    parts = [pack.sliced(first, last) for first, last in runs]
    return {month_start(part.segment_start, series.tzinfo): part for part in parts}


def _states(segments: Sequence[_Segment], month: datetime) -> list[State]:
    """The states of a month, one after another.

    Two segments can contain the same hour if it was delivered under both rules before a recut; the
    one at home in the month was then written under the later rules.
    """
    states: list[State] = []
    for as_of in sorted({row.as_of for segment in segments for row in segment.rows}):
        held = [(s.home == month, *found) for s in segments if (found := s.at(as_of, month))]
        held.sort(key=lambda each: (each[0], each[1].as_of))
        if not held:
            continue
        pack = reduce(overlay, (part for _, _, part in held))
        # As in deliveries, a segment begins with a value.
        if states or pack.covered().any():
            states.append(State(as_of, pack, max(row.cds_synced for _, row, _ in held)))
    return states


def _months(first: datetime, last: datetime, zone: ZoneInfo) -> list[datetime]:
    """The starts of the months from one instant to another."""
    months = [month_start(first, zone)]
    while (following := next_month_start(months[-1], zone)) <= last:
        months.append(following)
    return months
