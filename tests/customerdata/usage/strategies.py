"""Hypothesis strategies for columns and packs of every value type."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.usage_values.codec import Pack
from customerdata.usage_values.columns import Column, SupplyMix, make_column
from customerdata.usage_values.formats import (
    ElectricDemand,
    ElectricUsage,
    FuelOilUsage,
    IntervalCost,
    MeterReadings,
    NaturalGasUsage,
    SupplyMixShare,
    WaterUsage,
)

NET = ElectricUsage("kWh", "net", tou=None, season="summer", meters=("m1", "m2"))
FORMATS = (
    NET,
    ElectricUsage("kWh", "reverse"),
    ElectricDemand("kW", "peak", tier="tier_1"),
    SupplyMixShare("base", "solar", of=(NET,)),
    WaterUsage("m3", tier=None),
    NaturalGasUsage("therm", meters=()),
    FuelOilUsage("gal"),
    IntervalCost("USD", of=(NET,)),
    MeterReadings(meter="m1", units="kWh", register="1.8.0"),
)

plain_numbers = st.decimals(
    min_value=-(10**6), max_value=10**6, places=3, allow_nan=False
) | st.integers(-5, 5).map(Decimal)
wide_numbers = st.decimals(
    min_value=Decimal("-1e25"), max_value=Decimal("1e25"), allow_nan=False, places=12
)
ratios = st.decimals(min_value=0, max_value=1, places=4)
mixes = st.builds(
    SupplyMix,
    ratios,
    st.none() | plain_numbers,
    st.none() | st.lists(st.text(st.characters(codec="utf-8")), max_size=2).map(tuple),
)


def values_for(column: Any, size: int) -> st.SearchStrategy[list[Any]]:
    """Lists of `size` values that fit the column's format, with gaps."""
    if isinstance(column, SupplyMixShare):
        one: st.SearchStrategy[Any] = mixes
    elif isinstance(column, MeterReadings):
        one = st.text(st.characters(codec="utf-8"))
    else:
        return st.lists(st.none() | plain_numbers, min_size=size, max_size=size) | st.lists(
            st.none() | wide_numbers, min_size=size, max_size=size
        )
    return st.lists(st.none() | one, min_size=size, max_size=size)


@st.composite
def columns(draw: st.DrawFn, column: Any, size: int) -> Column:
    """A column of `size` values with mixed qualities where the format has them."""
    quality = None
    if column.has_quality:
        some = st.none() | st.sampled_from([Quality.RAW, Quality.ESTIMATED])
        quality = draw(
            st.sampled_from(Quality) | st.lists(some, min_size=size, max_size=size) | st.none()
        )
    return make_column(column, draw(values_for(column, size)), quality)


@st.composite
def packs(draw: st.DrawFn, max_size: int = 12) -> Pack:
    """A pack of a few columns at a random hour of a fixed grid."""
    size = draw(st.integers(0, max_size))
    chosen = draw(st.lists(st.sampled_from(FORMATS), min_size=1, max_size=4, unique=True))
    start = datetime(2025, 3, 9, draw(st.integers(0, 23)), tzinfo=UTC)
    return Pack("series", start, 3600, size, tuple(draw(columns(c, size)) for c in chosen))


def content(pack: Pack) -> dict[str, list[tuple[Any, Any]]]:
    """Values and qualities by column, for comparison."""
    return {
        column.format.key: list(zip(column.values(), column.qualities(), strict=True))
        for column in pack.columns
    }
