"""Packs: the columns of one segment, and their stored form as one compressed blob.

Blob = magic, version byte, then a zstd frame of: header length (u32 LE), header (JSON), bodies.
Per column the bodies are: bits of the null mask (if there are gaps), quality bytes (if they
differ), then the data. Integers are stored in the narrowest width that fits, with bytes of the same
significance next to each other, which compresses far better than values one after another.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from customerdata.usage_values.columns import Column, Kind, column_like, reduced, rescaled
from customerdata.usage_values.formats import column_from_json

_MAGIC = b"CDU"
_VERSION = 1
_LEVEL = 6
# A pack is one month at most: 2,678,400 one-second values in up to a few dozen columns. The limit
# keeps a damaged blob from asking for unbounded memory.
_MAX_RAW_BYTES = 1 << 30


class BrokenBlob(ValueError):
    """The stored bytes are not a pack of a known version."""


class PackMismatch(ValueError):
    """Columns or packs do not fit together: length, interval, phase or repeated formats."""


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """The value sets of one segment: `count` intervals of `interval` seconds from its start."""

    series: str
    segment_start: datetime
    interval: int
    count: int
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if self.segment_start.tzinfo is None:
            raise PackMismatch("segment_start needs a time zone")
        if self.interval <= 0:
            raise PackMismatch(f"interval is {self.interval}, but has to be positive")
        if any(len(column) != self.count for column in self.columns):
            raise PackMismatch(f"every column needs {self.count} values")
        if len({column.format.key for column in self.columns}) != len(self.columns):
            raise PackMismatch("two columns have the same format")

    @property
    def segment_end(self) -> datetime:
        """The end of the last interval."""
        return self.segment_start + timedelta(seconds=self.interval * self.count)

    def sliced(self, first: int, last: int) -> Pack:
        """The value sets [first, last) as a separate pack."""
        start = self.segment_start + timedelta(seconds=self.interval * first)
        columns = tuple(column.sliced(first, last) for column in self.columns)
        return Pack(self.series, start, self.interval, last - first, columns)

    def covered(self) -> NDArray[np.bool_]:
        """True for each value set in which at least one column has a value."""
        masks = [column.present for column in self.columns]
        covered: NDArray[np.bool_] = np.logical_or.reduce(masks, initial=False)
        return np.broadcast_to(covered, (self.count,))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A pack as stored bytes, and a digest that is equal if and only if the contents are."""

    blob: bytes
    digest: bytes


def encode(pack: Pack) -> Encoded:
    """Serialize a pack. The digest covers the bytes before compression."""
    canonical = [_canonical(column) for column in pack.columns]
    bodies: list[bytes] = []
    header = {
        "series": pack.series,
        "start": pack.segment_start.astimezone(UTC).isoformat(),
        "interval": pack.interval,
        "count": pack.count,
        "columns": [_write_column(column, bodies) for column in canonical],
    }
    head = json.dumps(header, separators=(",", ":")).encode()
    raw = b"".join([struct.pack("<I", len(head)), head, *bodies])
    if len(raw) > _MAX_RAW_BYTES:
        raise PackMismatch("the pack is too large to store")
    compressed = zstandard.ZstdCompressor(level=_LEVEL).compress(raw)
    return Encoded(_MAGIC + bytes([_VERSION]) + compressed, hashlib.sha256(raw).digest()[:16])


def decode(blob: bytes) -> Pack:
    """Read the bytes written by `encode`.

    Raises:
        BrokenBlob: wrong magic, unknown version, damaged or truncated content.
    """
    if blob[:3] != _MAGIC or blob[3:4] != bytes([_VERSION]):
        raise BrokenBlob("unknown magic or version")
    try:
        raw = zstandard.ZstdDecompressor().decompress(blob[4:], max_output_size=_MAX_RAW_BYTES)
        (length,) = struct.unpack_from("<I", raw)
        header = json.loads(raw[4 : 4 + length])
        reader = _Reader(memoryview(raw), 4 + length)
        columns = tuple(_read_column(c, header["count"], reader) for c in header["columns"])
        return Pack(
            series=header["series"],
            segment_start=datetime.fromisoformat(header["start"]),
            interval=header["interval"],
            count=header["count"],
            columns=columns,
        )
    except (zstandard.ZstdError, struct.error, KeyError, ValueError) as error:
        raise BrokenBlob(f"damaged pack: {error}") from error


def overlay(base: Pack, new: Pack, *, replace: bool = False) -> Pack:
    """Overlay `new` on `base`; the result covers both.

    A value in `new` wins over one in `base`. A gap in `new` keeps the value in `base`, unless
    `replace` says that the delivery is complete for its time. Columns of only one side are kept.

    Raises:
        PackMismatch: another series or interval, or intervals that do not lie on one grid.
    """
    offset = _offset(base, new)
    first, last = min(0, offset), max(base.count, offset + new.count)
    start = base.segment_start + timedelta(seconds=base.interval * first)
    later = {column.format.key: column for column in new.columns}
    merged: list[Column] = []
    for column in base.columns:
        under = _padded(column, -first, last - first)
        over = later.pop(column.format.key, None)
        if over is None:
            merged.append(under)
            continue
        at = offset - first
        wins = _window(over.present | replace, at, last - first)
        merged.append(_choose(under, _padded(over, at, last - first), wins))
    merged += [_padded(column, offset - first, last - first) for column in later.values()]
    return Pack(base.series, start, base.interval, last - first, tuple(merged))


def rebase(was: Pack | None, became: Pack, now: Pack) -> Pack:
    """Apply the step from `was` to `became` to `now` (a three-way merge).

    For a delivery that arrives late: it turned `was` into `now`, and the later `became` keeps what
    it changed and takes everything else from `now`.
    """
    old = was if was is not None else became.sliced(0, 0)
    offsets = [_offset(now, pack) for pack in (old, became)]
    low = min(0, *offsets)
    size = max(now.count, offsets[0] + old.count, offsets[1] + became.count) - low
    sides = [
        {c.format.key: _padded(c, offset - low, size) for c in pack.columns}
        for pack, offset in zip((old, became, now), (*offsets, 0), strict=True)
    ]
    columns: list[Column] = []
    for key in {**sides[1], **sides[2]}:
        some = next(side[key] for side in sides if key in side)
        blank = _padded(some.sliced(0, 0), 0, size)
        before, after, under = (side.get(key, blank) for side in sides)
        columns.append(_choose(after, under, _same(before, after)))
    start = now.segment_start + timedelta(seconds=now.interval * low)
    return Pack(now.series, start, now.interval, size, tuple(columns))


def _same(one: Column, other: Column) -> NDArray[np.bool_]:
    equal = [a == b for a, b in zip(one.values(), other.values(), strict=True)]
    same: NDArray[np.bool_] = np.array(equal, dtype=np.bool_) & (one.quality == other.quality)
    return same


def _offset(base: Pack, new: Pack) -> int:
    if base.series != new.series or base.interval != new.interval:
        raise PackMismatch("the packs are of different series or intervals")
    steps, rest = divmod(new.segment_start - base.segment_start, timedelta(seconds=base.interval))
    if rest:
        raise PackMismatch(
            f"readings from {new.segment_start.isoformat()} do not lie on the grid of "
            f"{base.interval} seconds from {base.segment_start.isoformat()}"
        )
    return steps


def _window(mask: NDArray[np.bool_], at: int, size: int) -> NDArray[np.bool_]:
    whole = np.zeros(size, dtype=np.bool_)
    whole[at : at + len(mask)] = mask
    return whole


def _padded(column: Column, at: int, size: int) -> Column:
    data = np.zeros(size, dtype=np.int64) if column.kind is Kind.INT64 else _blank(size)
    data[at : at + len(column)] = column.data
    quality = np.zeros(size, dtype=np.uint8)
    quality[at : at + len(column)] = column.quality
    present = _window(column.present, at, size)
    return Column(column.format, column.kind, column.scale, data, present, quality)


def _blank(size: int) -> NDArray[Any]:
    blank = np.empty(size, dtype=object)
    blank[:] = ""
    return blank


def _choose(under: Column, over: Column, wins: NDArray[np.bool_]) -> Column:
    quality = np.where(wins, over.quality, under.quality)
    present = np.where(wins, over.present, under.present)
    if under.kind is over.kind is Kind.INT64:
        scale = max(under.scale, over.scale)
        low, high = rescaled(under, scale), rescaled(over, scale)
        if low is not None and high is not None:
            data = np.where(wins, high, low)
            return reduced(Column(over.format, Kind.INT64, scale, data, present, quality))
    pairs = zip(wins.tolist(), over.values(), under.values(), strict=True)
    return column_like(over.format, [new if won else old for won, new, old in pairs], quality)


def _canonical(column: Column) -> Column:
    if column.kind is Kind.INT64:
        return reduced(column)
    if column.kind is Kind.JSON and column.format.value_field != "sm":
        # A slice of a wide column may fit into 64 bits.
        return column_like(column.format, column.values(), column.quality)
    return column


def _write_column(column: Column, bodies: list[bytes]) -> dict[str, Any]:
    gaps = not bool(column.present.all())
    quality = np.unique(column.quality[column.present])
    head: dict[str, Any] = {
        "format": column.format.to_json(),
        "kind": str(column.kind),
        "scale": column.scale,
        "gaps": gaps,
        "quality": int(quality[0]) if len(quality) == 1 else 0 if not len(quality) else None,
    }
    if gaps:
        bodies.append(np.packbits(column.present).tobytes())
    if head["quality"] is None:
        bodies.append(column.quality.astype(np.uint8).tobytes())
    if column.kind is Kind.INT64:
        head["width"] = _write_integers(column.data, bodies)
    else:
        texts = [
            t.encode() if there else b""
            for t, there in zip(column.data.tolist(), column.present.tolist(), strict=True)
        ]
        bodies.append(np.array([len(t) for t in texts], dtype="<u4").tobytes())
        bodies.append(b"".join(texts))
    return head


def _write_integers(data: NDArray[np.int64], bodies: list[bytes]) -> int:
    width = 1
    if len(data):
        low, high = int(data.min()), int(data.max())
        while not -(1 << (8 * width - 1)) <= low <= high < 1 << (8 * width - 1):
            width *= 2
    narrow = np.ascontiguousarray(data.astype(f"<i{width}"))
    bodies.append(narrow.view(np.uint8).reshape(-1, width).T.tobytes())
    return width


class _Reader:
    """Reads consecutive bytes; running out of them is an error."""

    def __init__(self, raw: memoryview, position: int) -> None:
        self.raw = raw
        self.position = position

    def take(self, size: int) -> memoryview:
        end = self.position + size
        if size < 0 or end > len(self.raw):
            raise BrokenBlob("the pack is truncated")
        part = self.raw[self.position : end]
        self.position = end
        return part


def _read_column(head: dict[str, Any], count: int, reader: _Reader) -> Column:
    present = np.ones(count, dtype=np.bool_)
    if head["gaps"]:
        bits = np.frombuffer(reader.take((count + 7) // 8), dtype=np.uint8)
        present = np.unpackbits(bits, count=count).astype(np.bool_)
    if head["quality"] is None:
        quality = np.frombuffer(reader.take(count), dtype=np.uint8)
    else:
        quality = np.where(present, head["quality"], 0).astype(np.uint8)
    kind = Kind(head["kind"])
    data = (
        _read_integers(reader, count, head["width"])
        if kind is Kind.INT64
        else _read_texts(reader, count)
    )
    column = column_from_json(head["format"])
    return Column(column, kind, head["scale"], data, present, quality)


def _read_integers(reader: _Reader, count: int, width: int) -> NDArray[np.int64]:
    planes = np.frombuffer(reader.take(count * width), dtype=np.uint8).reshape(width, count)
    return np.ascontiguousarray(planes.T).view(f"<i{width}").reshape(count).astype(np.int64)


def _read_texts(reader: _Reader, count: int) -> NDArray[Any]:
    lengths: Sequence[int] = np.frombuffer(reader.take(4 * count), dtype="<u4").tolist()
    texts = np.empty(count, dtype=object)
    texts[:] = [bytes(reader.take(length)).decode() for length in lengths]
    return texts
