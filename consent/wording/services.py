"""Services, accounts and meters by the names that customers give them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from consent.catalogue.selection import SelectionType
from consent.wording.dates import list_words, number_words
from registration.catalogue.types import Text

_TYPES: Mapping[str, Text] = {
    "electric": gettext_lazy("electricity"),
    "natural_gas": gettext_lazy("natural gas"),
    "water": gettext_lazy("water"),
    "fuel_oil": gettext_lazy("fuel oil"),
    "waste_water": gettext_lazy("waste water"),
    "solid_waste": gettext_lazy("waste collection"),
}
# What stands in place of the service types where the customer chooses from accounts.
_ACCOUNT = "account"
_KINDS: Mapping[str, Text] = {
    "residential": gettext_lazy("residential"),
    "commercial": gettext_lazy("commercial"),
    "industrial": gettext_lazy("industrial"),
    "agriculture": gettext_lazy("agricultural"),
    "metered": gettext_lazy("metered"),
    "unmetered": gettext_lazy("not metered"),
    "distribution": gettext_lazy("delivery"),
    "supply": gettext_lazy("supply"),
    "generation": gettext_lazy("generation"),
    _ACCOUNT: gettext_lazy("account"),
}
# `n` chooses the plural form, `count` is how the language writes the number.
_COUNTED: Mapping[str, Text] = {
    "electric": ngettext_lazy("%(count)s electric service", "%(count)s electric services", "n"),
    "natural_gas": ngettext_lazy(
        "%(count)s natural gas service", "%(count)s natural gas services", "n"
    ),
    "water": ngettext_lazy("%(count)s water service", "%(count)s water services", "n"),
    _ACCOUNT: ngettext_lazy("%(count)s account", "%(count)s accounts", "n"),
}
_COUNTED_OTHER = ngettext_lazy("%(count)s service", "%(count)s services", "n")

_LEGENDS: Mapping[str, Text] = {
    SelectionType.ACCOUNT: gettext_lazy("From which accounts"),
    SelectionType.SERVICE_CONTRACT: gettext_lazy("From which services"),
    SelectionType.SERVICE_POINT: gettext_lazy("From which connections"),
    SelectionType.METER_DEVICE: gettext_lazy("From which meters"),
    SelectionType.AGGREGATION: gettext_lazy("From which combined totals"),
}
_ASKED: Mapping[str, Text] = {
    "account_numbers": gettext_lazy("Accounts with these numbers: %(values)s"),
    "account_programs": gettext_lazy("Accounts in these programs: %(values)s"),
    "contract_numbers": gettext_lazy("Services with these numbers: %(values)s"),
    "service_types": gettext_lazy("Services of this kind: %(values)s"),
    "service_programs": gettext_lazy("Services in these programs: %(values)s"),
    "servicepoint_numbers": gettext_lazy("Connections with these numbers: %(values)s"),
    "servicepoint_types": gettext_lazy("Connections of this kind: %(values)s"),
    "premise_numbers": gettext_lazy("Properties with these numbers: %(values)s"),
    "meter_numbers": gettext_lazy("Meters with these numbers: %(values)s"),
    "meter_types": gettext_lazy("Meters of this kind: %(values)s"),
    "meter_apps": gettext_lazy("Meters with these programs: %(values)s"),
    "aggregation_numbers": gettext_lazy("Combined totals with these numbers: %(values)s"),
    "addresses": gettext_lazy("Services at these addresses: %(values)s"),
}
_SHOWN_VALUES = 50
_MORE = ngettext_lazy("Show %(count)s more", "Show %(count)s more", "n")


def service_type_words(service_type: str) -> str:
    """Word the service types of one service, all of them (CDS-WG3-01 9.2.3.2).

    For example "electricity and natural gas: commercial and metered".
    """
    types = _split(service_type)
    commodities = [str(_TYPES[each]) for each in types if each in _TYPES]
    # A type that nobody has words for stands as the standard writes it.
    kinds = [str(_KINDS.get(each, each.replace("_", " "))) for each in types if each not in _TYPES]
    if commodities and kinds:
        return _("%(commodities)s: %(kinds)s") % {
            "commodities": list_words(commodities),
            "kinds": list_words(kinds),
        }
    return list_words(commodities or kinds) if types else ""


def count_by_type(service_types: Iterable[str]) -> tuple[str, ...]:
    """Say how many of each kind, without naming any: "1 electric service".

    A service of several commodities counts as none of them.
    """
    counts = Counter(_counted_as(service_type) for service_type in service_types)
    return tuple(
        _COUNTED.get(kind, _COUNTED_OTHER)
        % {"n": counts[kind], "count": number_words(counts[kind])}
        for kind in (*_COUNTED, "")
        if counts[kind]
    )


def _counted_as(service_type: str) -> str:
    commodities = [each for each in _split(service_type) if each in _TYPES or each == _ACCOUNT]
    return commodities[0] if len(commodities) == 1 and commodities[0] in _COUNTED else ""


def _split(service_type: str) -> list[str]:
    return [part.strip() for part in service_type.split(",") if part.strip()]


def legend(selection_type: str) -> str:
    """Return the question above a selection list."""
    return str(_LEGENDS.get(selection_type, _LEGENDS[SelectionType.SERVICE_CONTRACT]))


def later_label(selection_type: str, until: str) -> str:
    """Return the label of the box for what is added later; `until` is "" when open-ended."""
    if selection_type == SelectionType.ACCOUNT:
        if until:
            return _("Also accounts I add later, until %(end)s") % {"end": until}
        return _("Also accounts I add later, until I stop sharing")
    if until:
        return _("Also services I add later, until %(end)s") % {"end": until}
    return _("Also services I add later, until I stop sharing")


def nothing_chosen(selection_type: str) -> str:
    """Return the error of an empty selection: what happened and how to go on."""
    if selection_type == SelectionType.ACCOUNT:
        return _("Choose at least one account, or decline the request")
    return _("Choose at least one service, or decline the request")


@dataclass(frozen=True, slots=True)
class AskedLine:
    """What a company named by one field; `rest` opens under `more` where there is a lot."""

    text: str
    more: str = ""
    rest: str = ""


def asked_line(
    field_id: str, values: Iterable[str], names: Mapping[str, str] | None = None
) -> AskedLine | None:
    """Say which resources a company named, None for nothing (CDS-WG3-01 9.3.1).

    `names` are the utility's words for choices by their ids.
    """
    choices = names or {}
    words = [
        str(_TYPES[each]) if each in _TYPES else choices.get(each) or _plain(field_id, each)
        for each in values
        if not each.startswith("_")
    ]
    if not words:
        return None
    rest = words[_SHOWN_VALUES:]
    return AskedLine(
        text=str(_ASKED[field_id]) % {"values": ", ".join(words[:_SHOWN_VALUES])},
        more=_MORE % {"n": len(rest), "count": number_words(len(rest))} if rest else "",
        rest=", ".join(rest),
    )


def _plain(field_id: str, value: str) -> str:
    return value.replace("_", " ") if field_id.endswith("_types") else value
