"""Reads segments: the cached text of `values`, whole or trimmed, for any subset of formats."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import zstandard
from django.utils import timezone

from customerdata.models.usage import UsagePack, UsageRender
from customerdata.usage_values.codec import Pack
from customerdata.usage_values.render import render_values, segment_formats
from customerdata.usage_values.segments import Cut, Window, cut, trimmed_id
from customerdata.usage_values.wire import SegmentFormat

# `used_at` orders the cache for pruning; updating it on every hit would turn reads into writes.
_TOUCH_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Fragment:
    """The parts of one segment that a listing needs besides its envelope (CDS-WG3-01 10.8.1).

    `formats` are in the order of each value set; `values` is the JSON array as UTF-8 bytes.
    """

    segment_id: str
    segment_start: datetime
    segment_end: datetime
    formats: tuple[SegmentFormat, ...]
    values: bytes


@dataclass(frozen=True, slots=True)
class FragmentRequest:
    """One segment, the window in which it is granted, and the formats that the token can see.

    `positions` index `UsagePack.formats` (see `customerdata.usage_values.wire.select_formats`);
    None asks for neither formats nor values (CDS-WG3-01 7.2.8.1).
    """

    pack: UsagePack
    window: Window
    positions: tuple[int, ...] | None


def segment_cut(pack: UsagePack, window: Window) -> Cut:
    """Which value sets of a stored segment lie entirely inside `window`."""
    return cut(pack.segment_start, pack.interval, pack.count, window)


def segment_id(pack: UsagePack, part: Cut, key: bytes) -> str:
    """The public id of a segment or of its trimmed part."""
    return trimmed_id(pack.public_id, pack.segment_start, pack.interval, part, key)


def fragments(requests: Sequence[FragmentRequest], *, key: bytes) -> list[Fragment | None]:
    """Render a page of segments with at most three queries besides that of the page.

    `key` signs the ids of trimmed segments. None means that the window leaves nothing of a
    segment. Whole segments in all formats come from the row itself, whole segments in some
    formats from the cache of subsets, and trimmed ones are cut and rendered.
    """
    cached = _cached_subsets([r for r in requests if _wants_subset(r)])
    fresh: dict[bytes, bytes] = {}
    result = [_fragment(request, key, cached, fresh) for request in requests]
    if fresh:
        now = timezone.now()
        rows = [
            UsageRender(key=digest, text=zstandard.compress(text), used_at=now)
            for digest, text in fresh.items()
        ]
        UsageRender.objects.bulk_create(rows, ignore_conflicts=True)
    return result


def prune_renders(*, keep: int) -> int:
    """Limit the cache of subsets to the `keep` rows used last; return how many were deleted."""
    newest = UsageRender.objects.order_by("-used_at").values_list("used_at", flat=True)
    surplus = newest[keep : keep + 1].first()
    if surplus is None:
        return 0
    return UsageRender.objects.filter(used_at__lte=surplus).delete()[0]


def _fragment(
    request: FragmentRequest, key: bytes, cached: dict[bytes, bytes], fresh: dict[bytes, bytes]
) -> Fragment | None:
    row = request.pack
    part = segment_cut(row, request.window)
    if part.empty:
        return None
    step = timedelta(seconds=row.interval)
    formats, values = _content(request, part, cached, fresh)
    return Fragment(
        segment_id=segment_id(row, part, key),
        segment_start=row.segment_start + part.first * step,
        segment_end=row.segment_start + part.last * step,
        formats=formats,
        values=values,
    )


def _content(
    request: FragmentRequest, part: Cut, cached: dict[bytes, bytes], fresh: dict[bytes, bytes]
) -> tuple[tuple[SegmentFormat, ...], bytes]:
    row, positions = request.pack, request.positions
    if positions is None:
        return (), b"[]"
    formats = tuple(row.formats[position] for position in positions)
    if not part.whole:
        return _trimmed(row.unpacked().sliced(part.first, part.last), formats)
    if len(formats) == len(row.formats):
        return formats, zstandard.decompress(bytes(row.rendered))
    digest = _subset_key(row, positions)
    text = cached.get(digest)
    if text is None:
        text = fresh[digest] = cached[digest] = render_values(row.unpacked(), formats)
    return formats, text


def _trimmed(
    pack: Pack, formats: tuple[SegmentFormat, ...]
) -> tuple[tuple[SegmentFormat, ...], bytes]:
    """Omit formats without a value in the part: they would reveal the time that was cut off."""
    there = {(entry.column.key, entry.quality) for entry in segment_formats(pack)}
    left = tuple(entry for entry in formats if (entry.column.key, entry.quality) in there)
    return left, render_values(pack, left)


def _wants_subset(request: FragmentRequest) -> bool:
    return (
        request.positions is not None
        and len(request.positions) != len(request.pack.formats)
        and segment_cut(request.pack, request.window).whole
    )


def _cached_subsets(requests: Sequence[FragmentRequest]) -> dict[bytes, bytes]:
    keys = {_subset_key(r.pack, r.positions) for r in requests if r.positions is not None}
    if not keys:
        return {}
    rows = list(UsageRender.objects.filter(key__in=keys))
    now = timezone.now()
    old = [row.key for row in rows if now - row.used_at > _TOUCH_AFTER]
    if old:
        UsageRender.objects.filter(key__in=old).update(used_at=now)
    return {bytes(row.key): zstandard.decompress(bytes(row.text)) for row in rows}


def _subset_key(row: UsagePack, positions: tuple[int, ...]) -> bytes:
    """Hash of content and subset: equal keys mean equal text."""
    subset = ",".join(map(str, positions)).encode()
    return hashlib.sha256(bytes(row.digest) + b"/" + subset).digest()[:16]
