"""What a request would give: a few phrases, and every field in plain words with an example.

CDS-WG3-01 9.2.2.1: a short summary first, the details on demand, an example beside each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, format_decimal
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from consent.catalogue.access import VALUE_TYPES, effective_includes, objects_turned_on
from consent.catalogue.details import RequestedAccess
from consent.wording.dates import list_words
from portal.values.wording import page_locale
from registration.catalogue.offers import ScopeOffer, offered_fields
from registration.catalogue.types import AuthorizationDetailsField, Text, fields, scope_types

# One phrase each, in this order; meters and the points they hang on are one thing to customers.
_GROUPS: tuple[tuple[str, ...], ...] = (
    ("UsageSegment",),
    ("ServiceContract",),
    ("Account",),
    ("MeterDevice", "ServicePoint"),
    ("BillStatement",),
    ("BillSection",),
    ("Aggregation",),
    ("EnergyAttributeCertificate",),
)
_SHOWN_PARTS = 4

_READINGS: Mapping[tuple[str, str], Text] = {
    ("electric_usage", "net"): gettext_lazy("Electricity used less electricity sent back"),
    ("electric_usage", "forward"): gettext_lazy("Electricity you used"),
    ("electric_usage", "reverse"): gettext_lazy("Electricity you sent back to the grid"),
    ("electric_usage", ""): gettext_lazy("Electricity you used"),
    ("electric_demand", "reverse"): gettext_lazy("The highest electric power you sent back"),
    ("electric_demand", ""): gettext_lazy("The highest electric power you drew"),
    ("electric_supply_mix", ""): gettext_lazy("Where your electricity came from"),
    ("natural_gas_usage", ""): gettext_lazy("Natural gas you used"),
    ("water_usage", ""): gettext_lazy("Water you used"),
    ("fuel_oil_usage", ""): gettext_lazy("Fuel oil you used"),
    ("cost", ""): gettext_lazy("What your usage cost"),
    ("meter_readings", ""): gettext_lazy("What your meters showed"),
}
_COMMODITIES: Mapping[str, Text] = {
    "electric_usage": gettext_lazy("electricity"),
    "electric_demand": gettext_lazy("electricity"),
    "electric_supply_mix": gettext_lazy("electricity"),
    "natural_gas_usage": gettext_lazy("natural gas"),
    "water_usage": gettext_lazy("water"),
    "fuel_oil_usage": gettext_lazy("fuel oil"),
}
_UNITS: Mapping[str, Text] = {
    "therm": gettext_lazy("therms"),
    "gal": gettext_lazy("gallons"),
    "m3": "m³",
    "ft3": "ft³",
    "Sm3": gettext_lazy("standard cubic meters"),
    "scf": gettext_lazy("standard cubic feet"),
    "USD": gettext_lazy("US dollars"),
    "CAD": gettext_lazy("Canadian dollars"),
    "EUR": gettext_lazy("euros"),
}


_AMOUNTS: Mapping[str, Decimal] = {
    "electric_usage": Decimal("0.42"),
    "electric_demand": Decimal("4.2"),
    "natural_gas_usage": Decimal("1.3"),
    "water_usage": Decimal("250"),
    "cost": Decimal("0.12"),
    "meter_readings": Decimal("12345"),
}
_ANY_AMOUNT = Decimal("12.5")


@dataclass(frozen=True, slots=True)
class DataRow:
    """One kind of information, explained, with an example of it."""

    label: str
    explanation: str
    example: str


@dataclass(frozen=True, slots=True)
class DataItem:
    """A phrase of the short list, and what it stands for."""

    phrase: str
    rows: tuple[DataRow, ...]


def data_items(
    accesses: Sequence[RequestedAccess],
    offers: Mapping[str, ScopeOffer],
    *,
    examples: Mapping[str, str] | None = None,
) -> tuple[DataItem, ...]:
    """Return what one request section gives. `examples` are the customer's own, masked."""
    includes: set[str] = set()
    for access in accesses:
        includes |= effective_includes(access.values, scope_types()[access.scope_type])
    # Which measurements come along has its own lines, from the choices of the offer.
    includes.discard(VALUE_TYPES)
    own = examples or {}
    objects = objects_turned_on(includes)
    on = [name for group in _GROUPS for name in group if name in objects]
    items = []
    for group in _GROUPS:
        names = [name for name in group if name in on]
        if names == ["UsageSegment"]:
            items.append(_usage(accesses, offers, own))
        elif names:
            items.append(_structure(names, includes, on, own))
    return tuple(items)


def _home_of(field: AuthorizationDetailsField, on: Sequence[str]) -> str | None:
    """Return the object under which an optional field is explained: the first that is shared."""
    return next((name for name in field.turns_on.fields if name in on), None)


def _structure(
    names: Sequence[str], includes: set[str], on: Sequence[str], own: Mapping[str, str]
) -> DataItem:
    declared = fields()
    asked = {field_id: field for field_id, field in declared.items() if field_id in includes}
    heads = [f for name in names for f, field in asked.items() if name in field.turns_on.objects]
    parts = [f for f, field in asked.items() if f not in heads and _home_of(field, on) in names]
    what = str(declared[heads[0]].label)
    labels = [_inside_sentence(str(declared[f].label)) for f in (*heads[1:], *parts)]
    phrase = what
    if labels:
        shown = labels[:_SHOWN_PARTS]
        if more := len(labels) - len(shown):
            shown.append(ngettext("%(n)d more detail", "%(n)d more details", more) % {"n": more})
        phrase = _("%(what)s: %(parts)s") % {"what": what, "parts": list_words(shown)}
    rows = tuple(_row(field_id, own) for field_id in (*heads, *parts))
    return DataItem(phrase=phrase, rows=rows + _always_sent(names, includes, own))


def _always_sent(
    names: Sequence[str], includes: set[str], own: Mapping[str, str]
) -> tuple[DataRow, ...]:
    """Bills always name the account, asked or not (CDS-WG3-01 10.5.1, 10.6.1)."""
    if names[0] in {"BillStatement", "BillSection"} and "include_account_numbers" not in includes:
        return (_row("include_account_numbers", own),)
    return ()


def _row(field_id: str, own: Mapping[str, str]) -> DataRow:
    entry = fields()[field_id]
    return DataRow(
        label=str(entry.label),
        explanation=str(entry.explanation),
        example=own.get(field_id) or str(entry.example),
    )


def _usage(
    accesses: Sequence[RequestedAccess], offers: Mapping[str, ScopeOffer], own: Mapping[str, str]
) -> DataItem:
    formats = _value_formats(accesses, offers)
    rows = [_row("include_usage_segments", own)]
    rows += [
        DataRow(label=label, explanation=_in_units(units), example=_reading_example(kind, units))
        for label, units, kind in dict.fromkeys(
            (
                _reading_words(each),
                str(each.get("units", each.get("currency", ""))),
                str(each.get("type", "")),
            )
            for each in formats
        )
    ]
    return DataItem(phrase=_usage_phrase(formats), rows=tuple(rows))


def _value_formats(
    accesses: Sequence[RequestedAccess], offers: Mapping[str, ScopeOffer]
) -> list[Mapping[str, Any]]:
    formats: list[Mapping[str, Any]] = []
    for access in accesses:
        chosen = access.values.get(VALUE_TYPES)
        offer = offers.get(access.scope_id)
        if not chosen or offer is None:
            continue
        choices = offered_fields(offer)[VALUE_TYPES].choices
        formats += [
            {"name": choice.name, **(choice.usagesegment_format or {})}
            for choice in choices
            if choice.id in chosen
        ]
    return formats


def _usage_phrase(formats: Sequence[Mapping[str, Any]]) -> str:
    if not formats:
        return _("When your usage was measured, without any amounts")
    kinds = dict.fromkeys(
        str(_COMMODITIES[each["type"]]) for each in formats if each.get("type") in _COMMODITIES
    )
    has_cost = any(each.get("type") == "cost" for each in formats)
    if not kinds:
        return _("What your usage cost") if has_cost else _("Your usage")
    words = {"kinds": list_words(list(kinds))}
    if has_cost:
        return _("Your usage of %(kinds)s, and what it cost") % words
    return _("Your usage of %(kinds)s, as your meters measured it") % words


def _reading_words(value_format: Mapping[str, Any]) -> str:
    kind = str(value_format.get("type", ""))
    direction = str(value_format.get("direction", ""))
    words = _READINGS.get((kind, direction)) or _READINGS.get((kind, ""))
    return str(words or value_format.get("name") or kind)


def _reading_example(kind: str, units: str) -> str:
    """Return an invented value: every kind of data has an example (CDS-WG3-01 9.2.2.1)."""
    if kind == "electric_supply_mix":
        return _("35 % wind power and 65 % water power")
    amount = _AMOUNTS.get(kind, _ANY_AMOUNT)
    if kind == "cost":
        return format_currency(amount, units or "USD", locale=page_locale())
    number = format_decimal(amount, locale=page_locale())
    words = _("%(number)s %(units)s") % {"number": number, "units": _UNITS.get(units, units)}
    sentence = _("%(amount)s from 10:00 to 10:15") if kind == "electric_usage" else "%(amount)s"
    return sentence % {"amount": words.strip()}


def _in_units(units: str) -> str:
    words = _UNITS.get(units, units)
    return _("Measured in %(units)s.") % {"units": words} if units else ""


def _inside_sentence(label: str) -> str:
    """Lower the first letter of a label that continues a sentence; acronyms stay."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
