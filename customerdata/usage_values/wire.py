"""The `formats` array of a segment: which formats a token sees, and how they are sent.

A segment format is a column of a pack, limited to one reading quality, because the standard puts
the quality in the Value Format (CDS-WG3-01 10.8.2, 10.8.5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.usage_values.formats import (
    ColumnFormat,
    FormatError,
    IntervalCost,
    MeterReadings,
    SupplyMixShare,
    Unknown,
    canonical,
    column_from_json,
)


@dataclass(frozen=True, slots=True)
class SegmentFormat:
    """One entry of a segment's `formats`: a column, limited to the values of one quality."""

    column: ColumnFormat
    quality: Quality | None = None

    @property
    def choice_key(self) -> str:
        """The parts that have to match a published choice: everything but id and references.

        The register of a meter reading names the meter's slot, which no published list can
        enumerate, so it is not compared (CDS-WG3-01 7.2.8.1).
        """
        return _choice_key(self)

    @property
    def format_id(self) -> str:
        """An id derived from the content of the format, for formats that no choice publishes."""
        return f"{self.column.type}_{_digest(self.choice_key)}"

    def to_json(self) -> list[Any]:
        """Stored form: [column, quality or null]."""
        return [self.column.to_json(), self.quality]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> SegmentFormat:
        """Read the stored form."""
        return cls(column_from_json(data[0]), Quality(data[1]) if data[1] else None)


# Cached, because every segment of a listing needs it and there are few formats.
@lru_cache(maxsize=4096)
def _choice_key(entry: SegmentFormat) -> str:
    described = entry.column.described()
    described.pop("register", None)
    if entry.quality is not None:
        described["quality"] = str(entry.quality)
    return canonical(described)


def choice_format(wire: Mapping[str, Any]) -> SegmentFormat:
    """Parse the `usagesegment_format` of a published choice (CDS-WG3-01 7.2.8.1).

    Raises:
        FormatError: see `column_from_json`; also for a quality that is not in the list.
    """
    column = column_from_json(wire)
    quality = wire.get("quality")
    if quality is not None and (not column.has_quality or quality not in list(Quality)):
        raise FormatError(f"{column.type}: quality {quality!r} is not allowed")
    return SegmentFormat(column, Quality(quality) if quality else None)


def select_formats(
    present: Sequence[SegmentFormat],
    *,
    choice_keys: Collection[str],
    meters: Container[str],
) -> tuple[int, ...]:
    """Positions in `present` that a token can see, in order.

    `choice_keys` are the `SegmentFormat.choice_key`s of the granted choices, `meters` the public
    ids of visible meters. A meter reading has to name its meter (CDS-WG3-01 10.8.5.8.1), so it is
    left out if the token cannot see that meter.
    """
    return tuple(
        position
        for position, entry in enumerate(present)
        if entry.choice_key in choice_keys
        and (not isinstance(entry.column, MeterReadings) or entry.column.meter in meters)
    )


def published_ids(choices: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return Value Format ids by choice key, from (choice key, published id) of granted choices.

    The first choice of a format gives its id, wherever the format appears. Two scopes can publish
    one id for different formats; the later one gets another id, because ids within a segment have
    to differ.
    """
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for key, published in choices:
        if key not in ids:
            ids[key] = f"{published}_{_digest(key)}" if published in taken else published
            taken.add(ids[key])
    return ids


def wire_formats(
    shown: Sequence[SegmentFormat], *, meters: Container[str], ids: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The `formats` array of a segment for one token (CDS-WG3-01 10.8.2).

    `related_meterdevices` holds visible meters only; `indexes` point at positions in `shown`.
    `ids` are those that the metadata publishes with the granted choices (see `published_ids`).
    """
    return [_wire(entry, shown, meters, ids) for entry in shown]


def _wire(
    entry: SegmentFormat,
    shown: Sequence[SegmentFormat],
    meters: Container[str],
    ids: Mapping[str, str],
) -> dict[str, Any]:
    column = entry.column
    format_id = ids.get(entry.choice_key) or entry.format_id
    wire = {"id": format_id, **column.described()}
    if entry.quality is not None:
        wire["quality"] = str(entry.quality)
    if isinstance(column, MeterReadings):
        # Two registers can share a choice, but ids within one segment have to differ.
        wire["id"] = f"{format_id}_{_digest(column.key)[:8]}"
        wire["related_meterdevice"] = column.meter
    elif isinstance(column, IntervalCost | SupplyMixShare):
        wire["indexes"] = _indexes(column.of, shown)
    elif not isinstance(column.meters, Unknown):
        wire["related_meterdevices"] = [meter for meter in column.meters if meter in meters]
    return wire


def _indexes(of: Iterable[ColumnFormat], shown: Sequence[SegmentFormat]) -> list[int]:
    keys = {column.key for column in of}
    return [position for position, entry in enumerate(shown) if entry.column.key in keys]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
