"""The scope types that give access without asking the customer (CDS-WG3-01 6.2)."""

from django.utils.translation import gettext_lazy as _

from registration.catalogue.types import ScopeKind, ScopeType, Text

_NO_FORM = ("addresses", "merge_selection_with", "purpose", "allow_scope_modifications")


def _direct(
    scope_type: str,
    section: str,
    title: str,
    description: str,
    label: Text,
    explanation: Text,
    *,
    fields_required: tuple[str, ...],
    implied: tuple[str, ...],
) -> ScopeType:
    return ScopeType(
        type=scope_type,
        spec="CDS-WG3-01",
        section=section,
        kind=ScopeKind.DIRECT_ACCESS,
        title=title,
        description=description,
        label=label,
        explanation=explanation,
        grant_types=("client_credentials",),
        fields_required=fields_required,
        fields_forbidden=_NO_FORM,
        implied=implied,
        keeps_all_preselections=True,
    )


SCOPE_TYPES = (
    _direct(
        "cds_query_accounts",
        "6.2.1",
        "Accounts Query",
        "Direct access to accounts, without an authorization form.",
        _("Accounts"),
        _("Accounts that the company may look up."),
        fields_required=("sync_until",),
        implied=("include_accounts",),
    ),
    _direct(
        "cds_query_service_contracts",
        "6.2.2",
        "Service Contracts Query",
        "Direct access to service contracts, without an authorization form.",
        _("Services"),
        _("Services that the company may look up."),
        fields_required=("sync_until",),
        implied=("include_accounts", "include_service_contracts"),
    ),
    _direct(
        "cds_query_service_points",
        "6.2.3",
        "Service Points Query",
        "Direct access to service points, without an authorization form.",
        _("Connection points"),
        _("Connection points that the company may look up."),
        fields_required=("sync_until",),
        implied=("include_service_points",),
    ),
    _direct(
        "cds_query_meter_devices",
        "6.2.4",
        "Meter Devices Query",
        "Direct access to meters, without an authorization form.",
        _("Meters"),
        _("Meters that the company may look up."),
        fields_required=("sync_until",),
        implied=("include_meter_devices",),
    ),
    _direct(
        "cds_query_bill_statements",
        "6.2.5",
        "Bill Statements Query",
        "Direct access to bill statements, without an authorization form.",
        _("Bills"),
        _("Bills that the company may look up."),
        fields_required=("sync_until", "statement_date_start", "statement_date_end"),
        implied=("include_bill_statements",),
    ),
    _direct(
        "cds_query_bill_sections",
        "6.2.6",
        "Bill Sections Query",
        "Direct access to bill sections, without an authorization form.",
        _("Bill details"),
        _("Details of bills that the company may look up."),
        fields_required=("sync_until", "start_date", "end_date"),
        implied=("include_bill_sections",),
    ),
    _direct(
        "cds_query_aggregations",
        "6.2.7",
        "Aggregations Query",
        "Direct access to aggregations, without an authorization form.",
        _("Combined totals"),
        _("Totals of many customers that the company may look up."),
        fields_required=("sync_until",),
        implied=("include_aggregations",),
    ),
    _direct(
        "cds_query_usage",
        "6.2.8",
        "Usage Query",
        "Direct access to usage, without an authorization form.",
        _("Usage"),
        _("Usage that the company may look up."),
        fields_required=("sync_until", "segment_start", "segment_end"),
        implied=("include_usage_segments", "include_usage_segment_value_types"),
    ),
)
