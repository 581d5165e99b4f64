"""Columns of a pack: exact values, a null mask and a quality byte per value.

A column is stored in one of three kinds. INT64 holds decimals as mantissas with one scale for the
column (value = mantissa * 10 ** -scale). TEXT holds meter readings, which are strings. JSON holds
whole value objects as canonical text: supply mix with `ci` and `eacs`, and numbers over 64 bits.
Every column is canonical (smallest scale, zeroed gaps), so equal values are equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.usage_values.formats import (
    QUALITY_BY_CODE,
    QUALITY_CODES,
    ColumnFormat,
    MeterReadings,
    SupplyMixShare,
)

INT64_LIMIT = 2**63
# A number with more digits is an error of the source, and its text would use too much memory.
_MAX_DIGITS = 60
_EXACT = Context(prec=4 * _MAX_DIGITS)


class ValueRejected(ValueError):
    """A value cannot be stored exactly: a float, not finite, too long or of the wrong type."""


class Kind(StrEnum):
    """How the values of a column are stored."""

    INT64 = "i"
    TEXT = "t"
    JSON = "j"


@dataclass(frozen=True, slots=True)
class SupplyMix:
    """A supply mix value: ratio, carbon intensity and certificates (CDS-WG3-01 10.8.5.3.2)."""

    sm: Decimal
    ci: Decimal | None = None
    eacs: tuple[str, ...] | None = None


Value = Decimal | str | SupplyMix


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Values of one format, all arrays of the same length.

    `data` is int64 for INT64 and an object array of str for TEXT and JSON; `present` is the
    inverted null mask; `quality` holds codes of `QUALITY_CODES`, 0 for unknown.
    """

    format: ColumnFormat
    kind: Kind
    scale: int
    data: NDArray[Any]
    present: NDArray[np.bool_]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.present)

    def sliced(self, first: int, last: int) -> Column:
        """The values [first, last), sharing memory."""
        return Column(
            self.format,
            self.kind,
            self.scale,
            self.data[first:last],
            self.present[first:last],
            self.quality[first:last],
        )

    def values(self) -> list[Value | None]:
        """All values as exact Python objects, None for a gap."""
        return [
            self._value(item) if there else None
            for item, there in zip(self.data.tolist(), self.present.tolist(), strict=True)
        ]

    def qualities(self) -> list[Quality | None]:
        """The quality of each value, None if it is unknown or the value is missing."""
        return [QUALITY_BY_CODE[code] for code in self.quality.tolist()]

    def _value(self, item: Any) -> Value:
        if self.kind is Kind.INT64:
            return _EXACT.scaleb(Decimal(item), -self.scale)
        if self.kind is Kind.TEXT:
            return str(item)
        parts = json.loads(item, parse_float=Decimal, parse_int=Decimal)
        if isinstance(self.format, SupplyMixShare):
            eacs = parts.get("eacs")
            return SupplyMix(
                parts["sm"], parts.get("ci"), tuple(eacs) if eacs is not None else None
            )
        number: Decimal = parts[self.format.value_field]
        return number


def decimal_text(value: Decimal) -> str:
    """The one canonical rendering: no exponent, no trailing zeros, "0" for any zero."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def exact(value: object) -> Decimal:
    """Check that `value` is a finite Decimal or an int of reasonable length.

    Raises:
        ValueRejected: floats, bools, NaN, infinities and extreme exponents.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise ValueRejected(f"{value!r} is {type(value).__name__}, but has to be an exact Decimal")
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueRejected(f"{value!r} is not a finite number")
    if exponent < -_MAX_DIGITS or number.adjusted() > _MAX_DIGITS:
        raise ValueRejected(f"{value!r} has too many digits")
    return number


def make_column(
    column: ColumnFormat,
    values: Sequence[Decimal | int | str | SupplyMix | None],
    quality: Quality | Sequence[Quality | None] | None = None,
) -> Column:
    """Build a column from Python values; None is a gap.

    `quality` is one quality for all values or one per value. Formats without a quality on the
    wire (cost, supply mix, meter readings) take none.

    Raises:
        ValueRejected: a value of the wrong type for the format, see `exact`.
    """
    present = np.fromiter((v is not None for v in values), dtype=np.bool_, count=len(values))
    codes = _quality_codes(column, quality, present)
    if isinstance(column, MeterReadings):
        return Column(column, Kind.TEXT, 0, _objects(map(_reading, values)), present, codes)
    if isinstance(column, SupplyMixShare):
        return _mix_column(column, values, present, codes)
    return _number_column(column, [None if v is None else exact(v) for v in values], present, codes)


def mantissa_column(
    column: ColumnFormat,
    mantissas: NDArray[np.int64],
    scale: int,
    quality: Quality | None = None,
    present: NDArray[np.bool_] | None = None,
) -> Column:
    """Build a number column without Python objects: value = mantissa * 10 ** -scale.

    Raises:
        ValueRejected: the array does not hold integers, or the scale is outside 0..18.
    """
    if not np.issubdtype(mantissas.dtype, np.signedinteger):
        raise ValueRejected(f"mantissas are {mantissas.dtype}, but have to be signed integers")
    if not 0 <= scale <= 18 or isinstance(column, MeterReadings):
        raise ValueRejected(f"scale {scale} of {column.type} cannot be stored")
    there = np.ones(len(mantissas), dtype=np.bool_) if present is None else present
    codes = _quality_codes(column, quality, there)
    return _reduced(column, mantissas.astype(np.int64), scale, there, codes)


def rescaled(column: Column, scale: int) -> NDArray[np.int64] | None:
    """Mantissas of an INT64 column at a larger scale, None if they would leave 64 bits."""
    factor: int = 10 ** (scale - column.scale)
    if len(column) and _largest(column.data) * factor >= INT64_LIMIT:
        return None
    data: NDArray[np.int64] = column.data * np.int64(factor) if factor > 1 else column.data
    return data


def column_like(
    column: ColumnFormat,
    values: Sequence[Value | None],
    codes: NDArray[np.uint8],
) -> Column:
    """Build a column from values and stored quality codes."""
    plain = make_column(column, values)
    return Column(
        column,
        plain.kind,
        plain.scale,
        plain.data,
        plain.present,
        np.where(plain.present, codes, 0),
    )


def reduced(column: Column) -> Column:
    """The canonical form of an INT64 column: smallest scale, gaps zeroed."""
    return _reduced(column.format, column.data, column.scale, column.present, column.quality)


def _reduced(
    column: ColumnFormat,
    data: NDArray[np.int64],
    scale: int,
    present: NDArray[np.bool_],
    codes: NDArray[np.uint8],
) -> Column:
    data = np.where(present, data, 0)
    while scale and not (data % 10).any():
        data = data // 10
        scale -= 1
    return Column(column, Kind.INT64, scale, data, present, np.where(present, codes, 0))


def _number_column(
    column: ColumnFormat,
    numbers: Sequence[Decimal | None],
    present: NDArray[np.bool_],
    codes: NDArray[np.uint8],
) -> Column:
    scale = max((_scale(n) for n in numbers if n is not None), default=0)
    try:
        mantissas = [0 if n is None else int(_EXACT.scaleb(n, scale)) for n in numbers]
    except InvalidOperation as error:
        raise ValueRejected(f"{column.type}: a number has too many digits") from error
    if all(-INT64_LIMIT < m < INT64_LIMIT for m in mantissas):
        return _reduced(column, np.array(mantissas, dtype=np.int64), scale, present, codes)
    name = column.value_field
    texts = ("" if n is None else f'{{"{name}":{decimal_text(n)}}}' for n in numbers)
    return Column(column, Kind.JSON, 0, _objects(texts), present, codes)


def _mix_column(
    column: SupplyMixShare,
    values: Sequence[object],
    present: NDArray[np.bool_],
    codes: NDArray[np.uint8],
) -> Column:
    return Column(column, Kind.JSON, 0, _objects(map(_mix_text, values)), present, codes)


def _mix_text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, SupplyMix):
        raise ValueRejected(f"{value!r} is not a SupplyMix")
    ratio = exact(value.sm)
    if not 0 <= ratio <= 1:
        raise ValueRejected(f"supply mix {ratio} is not between 0 and 1")
    parts = [f'"sm":{decimal_text(ratio)}']
    if value.ci is not None:
        parts.append(f'"ci":{decimal_text(exact(value.ci))}')
    if value.eacs is not None:
        ids = json.dumps(list(value.eacs), ensure_ascii=False, separators=(",", ":"))
        parts.append(f'"eacs":{ids}')
    return "{" + ",".join(parts) + "}"


def _reading(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueRejected(f"{value!r}: a meter reading has to be the text shown on the meter")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueRejected(f"{value!r} cannot be encoded as UTF-8") from error
    return value


def _quality_codes(
    column: ColumnFormat,
    quality: Quality | Sequence[Quality | None] | None,
    present: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    if quality is None:
        return np.zeros(len(present), dtype=np.uint8)
    if not column.has_quality:
        raise ValueRejected(f"{column.type} has no quality")
    if isinstance(quality, Quality):
        return np.where(present, QUALITY_CODES[quality], 0).astype(np.uint8)
    codes = [0 if q is None else QUALITY_CODES[q] for q in quality]
    if len(codes) != len(present):
        raise ValueRejected(f"{len(codes)} qualities for {len(present)} values")
    return np.where(present, np.array(codes, dtype=np.uint8), 0).astype(np.uint8)


def _scale(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _largest(data: NDArray[np.int64]) -> int:
    return max(abs(int(data.min())), abs(int(data.max())))


def _objects(texts: Iterable[str]) -> NDArray[Any]:
    items = list(texts)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array
