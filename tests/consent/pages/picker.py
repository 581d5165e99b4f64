"""The form's list of services, rendered alone."""

from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string

from consent.pages.authorization.presenter import LONG_LIST, Later, Picker, Row


def row(number: int = 0, **values: Any) -> Row:
    """Return a service."""
    shown: dict[str, Any] = {
        "value": f"id-{number}",
        "title": f"Number {1000 + number}",
        "meta": "Electricity",
        "checked": False,
        "hidden": False,
        "disabled_reason": "",
    }
    return Row(**(shown | values))


def selection(prefix: str, rows: Sequence[Row], *, error: str = "") -> str:
    """Render one list of services as the form does."""
    picker = Picker(
        prefix=prefix,
        name=prefix,
        legend=prefix,
        rows=tuple(rows),
        later=Later(name="later", label="Services I add later", checked=False),
        query="",
        query_name=f"{prefix}-query",
        chosen_only=False,
        count="",
        is_long=len(rows) >= LONG_LIST,
        is_huge=False,
        nothing_matches=False,
        error=error,
    )
    return render_to_string("consent/parts/picker.html", {"picker": picker, "index": 0})
