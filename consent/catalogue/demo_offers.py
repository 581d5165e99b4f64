"""What the demo utility offers: the scopes that work from registration to data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from consent.catalogue.selection import SelectionType
from registration.catalogue.offers import Choice, FieldOffer, ScopeOffer

GRANT_ADMIN_ID = "cds_grant_admin_1"
FILES_ID = "cds_server_provided_files_1"

_HISTORY_LIMIT = "P3Y"
_HISTORY_DEFAULT = "P1Y"
_FUTURE_DEFAULT = "P1Y"
_SHORTEST_GRANT = "P1D"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A kind of reading; each quality of it is one value format (CDS-WG3-01 10.8.2).

    What is not `by_default` is rare here: clients ask for it.
    """

    id: str
    name: str
    description: str
    format: Mapping[str, object]
    by_default: bool = True


def _electricity(measure_id: str, name: str, description: str, direction: str = "") -> Measure:
    stated = {"direction": direction} if direction else {}
    return Measure(
        id=measure_id,
        name=name,
        description=description,
        format={"type": "electric_usage", "units": "kWh", **stated},
    )


def _demand(
    measure_id: str,
    name: str,
    description: str,
    direction: str = "",
    *,
    by_default: bool = True,
) -> Measure:
    stated = {"direction": direction} if direction else {}
    return Measure(
        id=measure_id,
        name=name,
        description=description,
        format={"type": "electric_demand", "units": "kW", "demand_type": "peak", **stated},
        by_default=by_default,
    )


def _gas(measure_id: str, unit: str, words: str, *, by_default: bool = False) -> Measure:
    return Measure(
        id=measure_id,
        name=f"Natural gas used ({words})",
        description="Natural gas used, by interval.",
        format={"type": "natural_gas_usage", "units": unit},
        by_default=by_default,
    )


MEASURES = (
    _electricity(
        "electric_net_kwh",
        "Net electricity (kWh)",
        "Electricity taken from the grid less electricity sent back, by interval.",
        "net",
    ),
    _electricity(
        "electric_forward_kwh",
        "Electricity used (kWh)",
        "Electricity taken from the grid, by interval.",
        "forward",
    ),
    _electricity(
        "electric_reverse_kwh",
        "Electricity sent back (kWh)",
        "Electricity sent to the grid, for example by solar panels, by interval: at most 0.",
        "reverse",
    ),
    _electricity(
        "electric_kwh",
        "Electricity, direction not stated (kWh)",
        "Electricity by interval, of meters that nobody knows to count one way or both.",
    ),
    _demand(
        "electric_demand_kw",
        "Highest electric demand (kW)",
        "The highest power drawn within each interval.",
        "forward",
    ),
    _demand(
        "electric_demand_any_kw",
        "Highest electric demand, direction not stated (kW)",
        "The highest power within each interval, of meters not known to count one way or both.",
    ),
    _demand(
        "electric_demand_net_kw",
        "Highest net electric demand (kW)",
        "The highest power drawn less power sent back within each interval.",
        "net",
        by_default=False,
    ),
    _demand(
        "electric_demand_reverse_kw",
        "Highest power sent back (kW)",
        "The highest power sent to the grid within each interval: at most 0.",
        "reverse",
        by_default=False,
    ),
    _gas("gas_therm", "therm", "therms", by_default=True),
    _gas("gas_btu", "Btu", "Btu"),
    _gas("gas_sm3", "Sm3", "standard cubic meters"),
    _gas("gas_scf", "scf", "standard cubic feet"),
)

# The empty key stands for readings of which nobody states the quality.
QUALITIES = {
    "": "of unstated quality",
    "raw": "as the meter sent them",
    "manual": "read by a person",
    "revenue": "measured precisely enough for billing",
    "calculated": "worked out by the utility from other readings",
    "valid": "checked by the utility",
    "estimated": "estimated by the utility where the meter sent nothing",
    "corrected": "corrected by the utility afterwards",
}

_CURRENCIES = {"USD": "US dollars", "CAD": "Canadian dollars", "EUR": "euros"}
COST_CHOICES = tuple(
    Choice(
        id=f"cost_{code.lower()}",
        name=f"Cost by interval ({code})",
        description=f"What the usage of each interval cost, in {words}.",
        usagesegment_format={
            "id": f"cost_{code.lower()}",
            "type": "cost",
            "currency": code,
            "indexes": [],
        },
    )
    for code, words in _CURRENCIES.items()
)


def value_type_id(measure_id: str, quality: str) -> str:
    """Return the choice id, and value format id, of one measure in one quality."""
    return f"{measure_id}_{quality}" if quality else measure_id


def value_type_choices() -> tuple[Choice, ...]:
    """Return the choices of include_usage_segment_value_types: every measure in every quality."""
    readings = (
        Choice(
            id=value_type_id(measure.id, quality),
            name=f"{measure.name}, {quality}" if quality else measure.name,
            description=f"{measure.description} Values {words}.",
            usagesegment_format={
                "id": value_type_id(measure.id, quality),
                **measure.format,
                **({"quality": quality} if quality else {}),
            },
        )
        for measure in MEASURES
        for quality, words in QUALITIES.items()
    )
    return (*readings, *COST_CHOICES)


def default_value_types() -> tuple[str, ...]:
    """Return the choices of a request that names none.

    What usage cost tells more than how much it was, so clients have to ask for it.
    """
    return tuple(
        value_type_id(measure.id, quality)
        for measure in MEASURES
        if measure.by_default
        for quality in QUALITIES
    )


_SERVICE_TYPES = (
    Choice(id="electric", name="Electricity", description="Electric services."),
    Choice(id="natural_gas", name="Natural gas", description="Natural gas services."),
)
_METER_TYPES = (
    Choice(id="electric_usage", name="Electric meters", description="Measure electricity."),
    Choice(id="natural_gas_usage", name="Gas meters", description="Measure natural gas."),
    Choice(id="bidirectional", name="Two-way meters", description="Count both directions."),
    Choice(id="ami_meter", name="Smart meters", description="Send their readings by themselves."),
)
_SELECTION = FieldOffer(
    id="authorization_form_selection_type",
    default=SelectionType.SERVICE_CONTRACT.value,
    choices=(
        Choice(
            id=SelectionType.SERVICE_CONTRACT.value,
            name="Service list",
            description="The customer chooses from a list of services.",
        ),
    ),
)
_FORM_FIELDS = (
    _SELECTION,
    FieldOffer(id="merge_selection_with"),
    FieldOffer(id="error_if_no_preselections"),
    FieldOffer(id="allow_scope_modifications"),
    FieldOffer(id="jwk"),
)
_PURPOSE = FieldOffer(
    id="purpose",
    choices=(
        Choice(
            id="home_energy",
            name="Home energy advice",
            description="To show you how you use energy and how you could use less of it.",
        ),
    ),
)
_PRESELECTIONS = (
    FieldOffer(id="account_numbers"),
    FieldOffer(id="contract_numbers"),
    FieldOffer(id="service_types", choices=_SERVICE_TYPES),
    FieldOffer(id="meter_numbers"),
    FieldOffer(id="addresses"),
)
_SYNC_AND_END = (
    FieldOffer(id="sync_until", default=_FUTURE_DEFAULT),
    FieldOffer(id="expires", minimum=_SHORTEST_GRANT),
)


def _included(*field_ids: str) -> tuple[FieldOffer, ...]:
    return tuple(FieldOffer(id=field_id, default=True) for field_id in field_ids)


def _on_request(*field_ids: str) -> tuple[FieldOffer, ...]:
    """Names, addresses and other details stay out unless a client asks for them."""
    return tuple(FieldOffer(id=field_id, default=False) for field_id in field_ids)


_SERVICE_CONTRACT_FIELDS = (
    *_PRESELECTIONS,
    *_included("include_account_numbers", "include_contract_numbers", "include_rate_plans"),
    *_on_request(
        "include_account_details",
        "include_account_programs",
        "include_service_contract_details",
        "include_service_programs",
        "include_service_points",
        "include_premises",
        "include_service_point_addresses",
        "include_coordinates",
        "include_meter_devices",
        "include_meter_numbers",
        "include_meter_apps",
    ),
    *_SYNC_AND_END,
    *_FORM_FIELDS,
)


def _usage_fields() -> tuple[FieldOffer, ...]:
    return (
        *_PRESELECTIONS,
        FieldOffer(id="servicepoint_numbers"),
        FieldOffer(id="servicepoint_types", choices=_SERVICE_TYPES),
        FieldOffer(id="premise_numbers"),
        FieldOffer(id="meter_types", choices=_METER_TYPES),
        *_included(
            "include_accounts",
            "include_service_contracts",
            "include_contract_numbers",
            "include_service_points",
            "include_meter_devices",
            "include_meter_numbers",
        ),
        *_on_request(
            "include_account_numbers",
            "include_premises",
            "include_service_point_addresses",
            "include_coordinates",
            "include_bill_sections",
            "include_bill_section_line_items",
        ),
        FieldOffer(
            id="include_usage_segment_value_types",
            default=default_value_types(),
            choices=value_type_choices(),
        ),
        FieldOffer(id="segment_start", default=_HISTORY_DEFAULT, maximum=_HISTORY_LIMIT),
        FieldOffer(id="segment_end", default=_FUTURE_DEFAULT),
        *_SYNC_AND_END,
        *_FORM_FIELDS,
    )


_BY_ACCOUNT = Choice(
    id=SelectionType.ACCOUNT.value,
    name="Account list",
    description="The customer chooses from a list of accounts.",
)
_BILL_FORM_FIELDS = _FORM_FIELDS[1:]
_STATEMENT_FIELDS = (
    FieldOffer(id="statement_date_start", default=_HISTORY_DEFAULT, maximum=_HISTORY_LIMIT),
    FieldOffer(id="statement_date_end", default=_FUTURE_DEFAULT),
)
_BILL_STATEMENT_FIELDS = (
    FieldOffer(id="account_numbers"),
    FieldOffer(id="contract_numbers"),
    FieldOffer(id="meter_numbers"),
    FieldOffer(id="addresses"),
    *_on_request(
        "include_bill_statement_files",
        "include_bill_statement_charges",
        "include_bill_statement_programs",
    ),
    *_STATEMENT_FIELDS,
    *_SYNC_AND_END,
    FieldOffer(
        id="authorization_form_selection_type",
        default=SelectionType.ACCOUNT.value,
        choices=(_BY_ACCOUNT,),
    ),
    *_BILL_FORM_FIELDS,
)
_SERVICE_BILL_FIELDS = (
    *_PRESELECTIONS,
    *_on_request(
        "include_bill_statements",
        "include_bill_statement_files",
        "include_bill_statement_charges",
        "include_bill_statement_programs",
        "include_bill_section_line_items",
        "include_service_points",
        "include_meter_devices",
        "include_meter_numbers",
    ),
    *_STATEMENT_FIELDS,
    FieldOffer(id="start_date", default=_HISTORY_DEFAULT, maximum=_HISTORY_LIMIT),
    FieldOffer(id="end_date", default=_FUTURE_DEFAULT),
    *_SYNC_AND_END,
    replace(_SELECTION, choices=(*_SELECTION.choices, _BY_ACCOUNT)),
    *_BILL_FORM_FIELDS,
)


def demo_offers(*, coverages: tuple[str, ...] = ()) -> dict[str, ScopeOffer]:
    """Return the demo utility's offers by scope id. `coverages` are ids of coverage entries."""
    return {
        offer.id: offer
        for offer in (
            ScopeOffer(id="cds_client_admin", type="cds_client_admin"),
            ScopeOffer(id=GRANT_ADMIN_ID, type="cds_grant_admin"),
            ScopeOffer(
                id=FILES_ID,
                type="cds_server_provided_files",
                grant_admin_scope=GRANT_ADMIN_ID,
                auth_methods=(),
            ),
            ScopeOffer(
                id="cds_service_contracts",
                type="cds_service_contracts",
                name="Accounts and services",
                coverages=coverages,
                fields=_SERVICE_CONTRACT_FIELDS,
                grant_admin_scope=GRANT_ADMIN_ID,
                auth_methods=("client_secret_basic", "none"),
            ),
            ScopeOffer(
                id="cds_usage",
                type="cds_usage",
                name="Usage",
                coverages=coverages,
                fields=_usage_fields(),
                grant_admin_scope=GRANT_ADMIN_ID,
                auth_methods=("client_secret_basic", "none"),
            ),
            ScopeOffer(
                id="cds_bill_statements",
                type="cds_bill_statements",
                name="Bills",
                coverages=coverages,
                fields=_BILL_STATEMENT_FIELDS,
                grant_admin_scope=GRANT_ADMIN_ID,
                auth_methods=("client_secret_basic", "none"),
            ),
            ScopeOffer(
                id="cds_service_bills",
                type="cds_service_bills",
                name="Bills by service",
                coverages=coverages,
                fields=_SERVICE_BILL_FIELDS,
                grant_admin_scope=GRANT_ADMIN_ID,
                auth_methods=("client_secret_basic", "none"),
            ),
            # The same data with what a utility may ask first, each kind of step once between the
            # two; the scopes above stay without.
            ScopeOffer(
                id="cds_usage_reviewed",
                type="cds_usage",
                name="Usage, after a review",
                coverages=coverages,
                fields=(*_usage_fields(), _PURPOSE),
                registration_requirements=(
                    "internal_review",
                    "email_verification",
                    "terms_form",
                ),
                registration_optional=("company_kind", "purposes"),
                grant_admin_scope=GRANT_ADMIN_ID,
                auth_methods=("client_secret_basic", "none"),
            ),
            ScopeOffer(
                id="cds_service_contracts_partner",
                type="cds_service_contracts",
                name="Accounts and services, for partners",
                coverages=coverages,
                fields=_SERVICE_CONTRACT_FIELDS,
                registration_requirements=(
                    "agreement_pdf",
                    "registration_fee",
                    "customer_sign_in",
                ),
                grant_admin_scope=GRANT_ADMIN_ID,
                auth_methods=("client_secret_basic", "none"),
            ),
        )
    }
