"""The fields that tick entries on the authorization form beforehand (CDS-WG3-01 7.1).

In direct access scopes the same fields narrow what the responses hold.
"""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from consent.catalogue.selection import SelectionType, SpecialValue
from registration.catalogue.formats import FieldFormat
from registration.catalogue.types import (
    AuthorizationDetailsField,
    DirectFilter,
    FieldCategory,
    Text,
)

ADDRESSES = "addresses"
"""Compared by rules of its own (CDS-WG3-01 7.1.13.1)."""

_ACCOUNT = SelectionType.ACCOUNT
_CONTRACT = SelectionType.SERVICE_CONTRACT
_POINT = SelectionType.SERVICE_POINT
_METER = SelectionType.METER_DEVICE
_AGGREGATION = SelectionType.AGGREGATION

_NUMBERS = (FieldFormat.STRING_LIST_OR_NULL, FieldFormat.CHOICE_LIST_OR_NULL)
_CHOICES = (FieldFormat.CHOICE_LIST_OR_NULL,)
_MAX_CHARACTERS = 20000

_ALL_AND_FUTURE = {
    SpecialValue.ALL.value: (_ACCOUNT.value, _CONTRACT.value),
    SpecialValue.INCLUDE_FUTURE.value: (_ACCOUNT.value, _CONTRACT.value),
}

_BY_ACCOUNT = DirectFilter(
    object="Account",
    reference_arrays=("Aggregation.grouped_accounts", "UsageSegment.related_accounts"),
)
_BY_CONTRACT = DirectFilter(
    object="ServiceContract",
    reference_arrays=(
        "ServicePoint.current_servicecontracts",
        "ServicePoint.previous_servicecontracts",
        "BillSection.related_servicecontracts",
        "Aggregation.grouped_servicecontracts",
        "UsageSegment.related_servicecontracts",
    ),
)
_BY_POINT = DirectFilter(
    object="ServicePoint",
    reference_arrays=(
        "MeterDevice.current_servicepoints",
        "MeterDevice.previous_servicepoints",
        "BillSection.related_servicepoints",
        "Aggregation.grouped_servicepoints",
        "UsageSegment.related_servicepoints",
    ),
)
_BY_METER = DirectFilter(
    object="MeterDevice",
    reference_arrays=(
        "BillSection.related_meterdevices",
        "Aggregation.grouped_meterdevices",
        "UsageSegment.related_meterdevices",
    ),
)
_BY_AGGREGATION = DirectFilter(
    object="Aggregation",
    reference_arrays=("Aggregation.grouped_aggregations", "UsageSegment.related_aggregations"),
)


def _preselection(
    field_id: str,
    section: str,
    name: str,
    description: str,
    label: Text,
    explanation: Text,
    example: tuple[str, ...],
    *,
    formats: tuple[FieldFormat, ...] = _NUMBERS,
    preselects: tuple[SelectionType, ...],
    direct_filter: DirectFilter | None,
    special_values: Mapping[str, tuple[str, ...]] | None = None,
) -> AuthorizationDetailsField:
    return AuthorizationDetailsField(
        id=field_id,
        spec="CDS-WG3-01",
        section=section,
        category=FieldCategory.PRESELECTION,
        formats=formats,
        name=name,
        description=description,
        label=label,
        explanation=explanation,
        example=example,
        null_means=_("Nothing is ticked beforehand and nothing is filtered."),
        maximum=_MAX_CHARACTERS,
        minimum=1,
        special_values=special_values or {},
        preselects=tuple(selection.value for selection in preselects),
        direct_filter=direct_filter,
        consent_only=direct_filter is None,
    )


FIELDS = (
    _preselection(
        "account_numbers",
        "7.1.1",
        "Account numbers",
        "Preselects accounts, or the services of accounts, by account number.",
        _("Certain accounts"),
        _("The company named these account numbers when it asked."),
        ("1001-2002-3003",),
        preselects=(_ACCOUNT, _CONTRACT),
        direct_filter=_BY_ACCOUNT,
        special_values=_ALL_AND_FUTURE,
    ),
    _preselection(
        "account_programs",
        "7.1.2",
        "Account programs",
        "Preselects accounts that take part in one of these programs.",
        _("Accounts in certain programs"),
        _("The company asked about accounts in these utility programs."),
        ("CARE",),
        formats=_CHOICES,
        preselects=(_ACCOUNT,),
        direct_filter=_BY_ACCOUNT,
    ),
    _preselection(
        "contract_numbers",
        "7.1.3",
        "Service contract numbers",
        "Preselects services, or the accounts they belong to, by contract number.",
        _("Certain services"),
        _("The company named these service numbers when it asked."),
        ("SA-4711",),
        preselects=(_ACCOUNT, _CONTRACT),
        direct_filter=_BY_CONTRACT,
        special_values=_ALL_AND_FUTURE,
    ),
    _preselection(
        "service_types",
        "7.1.4",
        "Service types",
        "Preselects services of these types, or the accounts they belong to.",
        _("Certain kinds of service"),
        _("The company asked about this kind of service, such as electricity."),
        ("electric",),
        formats=_CHOICES,
        preselects=(_ACCOUNT, _CONTRACT),
        direct_filter=_BY_CONTRACT,
    ),
    _preselection(
        "service_programs",
        "7.1.5",
        "Service programs",
        "Preselects services that take part in one of these programs.",
        _("Services in certain programs"),
        _("The company asked about services in these utility programs."),
        ("DR-2026",),
        formats=_CHOICES,
        preselects=(_CONTRACT,),
        direct_filter=_BY_CONTRACT,
    ),
    _preselection(
        "servicepoint_numbers",
        "7.1.6",
        "Service point numbers",
        "Preselects what belongs to service points with these numbers.",
        _("Certain connection points"),
        _("The company named these points where service reaches a property."),
        ("SP-90210",),
        preselects=(_ACCOUNT, _CONTRACT, _POINT, _METER),
        direct_filter=_BY_POINT,
        special_values={SpecialValue.ALL.value: (_POINT.value,)},
    ),
    _preselection(
        "servicepoint_types",
        "7.1.7",
        "Service point types",
        "Preselects what belongs to service points of these types.",
        _("Certain kinds of connection point"),
        _("The company asked about this kind of connection."),
        ("electric",),
        formats=_CHOICES,
        preselects=(_ACCOUNT, _CONTRACT, _POINT, _METER),
        direct_filter=_BY_POINT,
    ),
    _preselection(
        "premise_numbers",
        "7.1.8",
        "Premise numbers",
        "Preselects what belongs to service points on premises with these numbers.",
        _("Certain properties"),
        _("The company named these properties by their number."),
        ("P-1234",),
        preselects=(_ACCOUNT, _CONTRACT, _POINT, _METER),
        direct_filter=_BY_POINT,
    ),
    _preselection(
        "meter_numbers",
        "7.1.9",
        "Meter numbers",
        "Preselects what belongs to meters with these numbers.",
        _("Certain meters"),
        _("The company named the numbers of these meters."),
        ("M-55501",),
        preselects=(_ACCOUNT, _CONTRACT, _POINT, _METER),
        direct_filter=_BY_METER,
        special_values={SpecialValue.ALL.value: (_METER.value,)},
    ),
    _preselection(
        "meter_types",
        "7.1.10",
        "Meter types",
        "Preselects what belongs to meters of these types.",
        _("Certain kinds of meter"),
        _("The company asked about this kind of meter, such as smart meters."),
        ("ami_meter",),
        formats=_CHOICES,
        preselects=(_ACCOUNT, _CONTRACT, _POINT, _METER),
        direct_filter=_BY_METER,
    ),
    _preselection(
        "meter_apps",
        "7.1.11",
        "Meter apps",
        "Preselects what belongs to meters that run one of these apps.",
        _("Meters with certain apps"),
        _("The company asked about meters on which these programs run."),
        ("APP-7",),
        formats=_CHOICES,
        preselects=(_CONTRACT, _METER),
        direct_filter=_BY_METER,
    ),
    _preselection(
        "aggregation_numbers",
        "7.1.12",
        "Aggregation numbers",
        "Preselects what is part of aggregations with these numbers.",
        _("Certain combined totals"),
        _("The company named these totals, such as the sum of a whole building."),
        ("BLDG-4000",),
        preselects=(_ACCOUNT, _CONTRACT, _POINT, _METER, _AGGREGATION),
        direct_filter=_BY_AGGREGATION,
    ),
    _preselection(
        ADDRESSES,
        "7.1.13",
        "Addresses",
        "Preselects what belongs to these addresses, where an address fits one thing only; see the "
        "page for how addresses are compared.",
        _("Certain addresses"),
        _("The company named these addresses when it asked."),
        ("12 main street, springfield, ca, 90001",),
        preselects=(_ACCOUNT, _CONTRACT, _POINT, _METER, _AGGREGATION),
        direct_filter=None,
    ),
)
