"""The JSON text of `values`: one array per interval, one object or null per format.

CDS-WG3-01 10.8.3 to 10.8.5. Text is built column by column from the distinct values of each
column and joined once, so a page of hundreds of thousands of values takes well under a second.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customerdata.usage_values.codec import Pack
from customerdata.usage_values.columns import Column, Kind
from customerdata.usage_values.formats import QUALITY_BY_CODE, QUALITY_CODES
from customerdata.usage_values.wire import SegmentFormat


def segment_formats(pack: Pack) -> list[SegmentFormat]:
    """Every format for which the pack has values: each column once per quality present.

    A column without any value has no format, because nothing is known about it in this time.
    """
    return [
        SegmentFormat(column.format, QUALITY_BY_CODE[code])
        for column in pack.columns
        for code in np.unique(column.quality[column.present]).tolist()
    ]


def render_values(pack: Pack, formats: Sequence[SegmentFormat]) -> bytes:
    """The canonical `values` array of `pack` for `formats`, in their order, as UTF-8.

    Formats are a subset of `segment_formats` of the pack or of a longer pack it was cut from.
    Without formats each value set is an empty array.

    Raises:
        KeyError: a format whose column the pack does not have.
    """
    if not pack.count:
        return b"[]"
    if not formats:
        return b"[" + b",".join([b"[]"] * pack.count) + b"]"
    columns = {column.format.key: column for column in pack.columns}
    width = len(formats)
    cells = np.empty((pack.count, width), dtype=object)
    for position, entry in enumerate(formats):
        before = "[" if position == 0 else ","
        after = "]," if position == width - 1 else ""
        cells[:, position] = _cells(columns[entry.column.key], entry, before, after)
    body = "".join(cells.ravel().tolist())
    return b"[" + body[:-1].encode() + b"]"


def _cells(column: Column, entry: SegmentFormat, before: str, after: str) -> NDArray[Any]:
    """One text per value, with the brackets and commas around it already in place."""
    code = QUALITY_CODES[entry.quality] if entry.quality else 0
    shown = column.present & (column.quality == code)
    null = f"{before}null{after}"
    if column.kind is Kind.INT64:
        cells = _number_cells(column, before, after)
    else:
        cells = _text_cells(column, before, after)
    if not shown.all():
        cells[~shown] = null
    return cells


def _number_cells(column: Column, before: str, after: str) -> NDArray[Any]:
    distinct, where = np.unique(column.data, return_inverse=True)
    left = f'{before}{{"{column.format.value_field}":'
    right = f"}}{after}"
    texts = np.empty(len(distinct), dtype=object)
    texts[:] = [
        f"{left}{_scaled_text(mantissa, column.scale)}{right}" for mantissa in distinct.tolist()
    ]
    cells: NDArray[Any] = texts[where]
    return cells


def _scaled_text(mantissa: int, scale: int) -> str:
    """Canonical text of mantissa * 10 ** -scale."""
    if not scale:
        return str(mantissa)
    digits = str(abs(mantissa)).rjust(scale + 1, "0")
    fraction = digits[-scale:].rstrip("0")
    sign = "-" if mantissa < 0 else ""
    return f"{sign}{digits[:-scale]}.{fraction}" if fraction else f"{sign}{digits[:-scale]}"


def _text_cells(column: Column, before: str, after: str) -> NDArray[Any]:
    items = column.data.tolist()
    if column.kind is Kind.TEXT:
        name = column.format.value_field
        items = [f'{{"{name}":{json.dumps(item, ensure_ascii=False)}}}' for item in items]
    cells = np.empty(len(items), dtype=object)
    cells[:] = [f"{before}{item}{after}" for item in items]
    return cells
