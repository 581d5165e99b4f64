"""Compiled rules of time zones (RFC 9636): old or invented ones, and a reader beside zoneinfo."""

from __future__ import annotations

import re
import struct
import zoneinfo
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HEADER = struct.Struct(">4s1s15x6I")


def compiled(rule: str) -> bytes:
    """The file of a zone that has followed one POSIX rule for ever (PST8PDT,M3.2.0,M11.1.0)."""
    block = _HEADER.pack(b"TZif", b"2", 0, 0, 0, 0, 1, 4) + struct.pack(">lbB", 0, 0, 0) + b"LMT\0"
    return block * 2 + b"\n" + rule.encode() + b"\n"


@contextmanager
def rules(folder: Path, **zones: str) -> Iterator[None]:
    """Have zones, such as America__Vancouver, follow POSIX rules inside the block."""
    for name, rule in zones.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(compiled(rule))
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[folder])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(to=before)
        zoneinfo.ZoneInfo.clear_cache()


def offset_at(data: bytes, second: int) -> int:
    """Seconds east of UTC at a second since 1970, from the bytes of a file.

    Behind the last transition it takes rules without a summer time alone, such as MST7.
    """
    counts = _HEADER.unpack_from(data)[2:]
    data = data[_HEADER.size + _block(counts, width=4) :]
    counts = _HEADER.unpack_from(data)[2:]
    _, _, _, times, types, _ = counts
    body = data[_HEADER.size :]
    moments = struct.unpack_from(f">{times}q", body)
    kinds = body[8 * times : 9 * times]
    position = bisect_right(moments, second)
    if position == times:
        rule = body[_block(counts, width=8) :].decode().strip()
        found = re.fullmatch(r"[A-Z]+(-?\d+)", rule)
        assert found, f"{rule} changes clocks"
        return -3600 * int(found[1])
    assert position, "before the first transition"
    offsets = [struct.unpack_from(">lbB", body, 9 * times + 6 * n)[0] for n in range(types)]
    offset: int = offsets[kinds[position - 1]]
    return offset


def _block(counts: tuple[int, ...], *, width: int) -> int:
    utc, standard, leaps, times, types, letters = counts
    return times * (width + 1) + types * 6 + letters + leaps * (width + 4) + standard + utc
