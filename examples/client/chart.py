"""Turns usage segments into daily totals and a chart."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Any

BAR = 6
HEIGHT = 160


def label_of(value_format: dict[str, Any]) -> str:
    """Return a label for a value format, such as `electric_usage net kWh`."""
    unit = value_format.get("units", value_format.get("currency"))
    return " ".join(filter(None, (value_format["type"], value_format.get("direction"), unit)))


def number_of(value: dict[str, Any] | None) -> Decimal | int | None:
    """Return the number of a value object, None if the value is missing."""
    return next((v for v in (value or {}).values() if isinstance(v, int | Decimal)), None)


def daily(segments: Iterable[dict[str, Any]]) -> dict[str, dict[date, Decimal]]:
    """Return daily totals by label; missing values are left out."""
    totals: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for segment in segments:
        start = datetime.fromisoformat(segment["segment_start"])
        step = timedelta(seconds=float(segment["interval"]))
        labels = [label_of(value_format) for value_format in segment["formats"]]
        for number, values in enumerate(segment["values"]):
            day = (start + number * step).date()
            for label, value in zip(labels, values, strict=True):
                amount = number_of(value)
                if amount is not None:
                    totals[label][day] += amount
    return totals


def svg(days: dict[date, Decimal], label: str) -> str:
    """Return a bar chart with one bar per day."""
    last = sorted(days)[-120:]
    top = max((abs(days[day]) for day in last), default=Decimal(1)) or Decimal(1)
    bars = []
    for number, day in enumerate(last):
        high = int(HEIGHT * abs(days[day]) / top)
        bars.append(
            f'<rect x="{number * BAR}" y="{HEIGHT - high}" width="{BAR - 1}" height="{high}">'
            f"<title>{day}: {days[day]}</title></rect>"
        )
    width = max(len(last), 1) * BAR
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {HEIGHT}" '
        f'width="100%" height="{HEIGHT}" fill="#0b5c8f">{"".join(bars)}</svg>'
    )
