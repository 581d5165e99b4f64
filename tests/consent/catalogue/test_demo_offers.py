"""What the demo utility offers."""

import pytest

from consent.catalogue.demo_offers import (
    MEASURES,
    QUALITIES,
    default_value_types,
    demo_offers,
    value_type_choices,
    value_type_id,
)
from registration.catalogue.offers import fields_from_json, fields_to_json, offered_fields
from registration.catalogue.types import fields, scope_types
from registration.fields.standard import standard_fields
from registration.fields.types import FieldType


def test_it_offers_what_works():
    """Metadata lists no more than works."""
    assert list(demo_offers()) == [
        "cds_client_admin",
        "cds_grant_admin_1",
        "cds_server_provided_files_1",
        "cds_service_contracts",
        "cds_usage",
        "cds_bill_statements",
        "cds_service_bills",
        "cds_usage_reviewed",
        "cds_service_contracts_partner",
    ]


def test_a_newcomer_can_try_each_kind_of_step():
    """And reaches data without any of them."""
    offers, known = demo_offers(), standard_fields()
    asked = [known[name] for o in offers.values() for name in o.registration_requirements]
    flows = sorted(field.type for field in asked)
    assert flows == sorted(kind for kind in FieldType if kind.is_flow)
    assert not offers["cds_usage"].registration_requirements
    assert not offers["cds_service_contracts"].registration_requirements


@pytest.mark.parametrize("scope_id", ["cds_service_contracts", "cds_usage"])
def test_settings_can_be_kept_as_rows(scope_id):
    """Staff edit rows; the demo writes these offers into them."""
    entries = demo_offers()[scope_id].fields
    assert fields_from_json(fields_to_json(entries)) == entries


def test_history_reaches_back_three_years_at_most():
    """Decision 5: the limit of the past is the maximum, the minimum is now."""
    field = offered_fields(demo_offers()["cds_usage"])["segment_start"]
    assert (field.maximum, field.minimum) == ("P3Y", "PT0S")


def test_every_measure_comes_in_every_quality():
    """Quality is part of the value format, so each pair is a choice."""
    formats = {choice.id: choice.usagesegment_format for choice in value_type_choices()}
    for measure in MEASURES:
        for quality in QUALITIES:
            choice_id = value_type_id(measure.id, quality)
            stated = {"quality": quality} if quality else {}
            assert formats[choice_id] == {**measure.format, "id": choice_id, **stated}


def test_what_is_rare_or_tells_more_has_to_be_asked_for():
    """Costs, and units and directions that this utility's own meters do not have."""
    field = offered_fields(demo_offers()["cds_usage"])["include_usage_segment_value_types"]
    assert field.default == default_value_types()
    default = set(default_value_types())
    left_out = {choice.id for choice in value_type_choices()} - default
    assert {"cost_usd", "cost_cad", "gas_btu", "electric_demand_net_kw_valid"} <= left_out
    assert {"electric_kwh", "electric_reverse_kwh_valid", "gas_therm"} <= default


@pytest.mark.parametrize("scope_id", ["cds_service_contracts", "cds_usage"])
def test_personal_details_are_shared_only_when_asked_for(scope_id):
    """Names, addresses and places stay out of the default access."""
    offered = offered_fields(demo_offers()[scope_id])
    for name in (
        "include_account_details",
        "include_service_contract_details",
        "include_service_point_addresses",
        "include_coordinates",
    ):
        assert name not in offered or offered[name].default is False


def test_coverages_are_handed_in():
    """Coverage entries belong to the deployment."""
    offers = demo_offers(coverages=("coverage-1",))
    assert offers["cds_usage"].coverages == ("coverage-1",)
    assert offers["cds_client_admin"].coverages == ()


def test_no_field_opens_objects_that_are_not_served():
    """CDS-WG3-01 6 lets a server offer more fields; each object they open has a listing."""
    served = {
        "Account",
        "ServiceContract",
        "ServicePoint",
        "MeterDevice",
        "BillStatement",
        "BillSection",
        "UsageSegment",
    }
    implied = {name for name, field in fields().items() if set(field.turns_on.objects) <= served}
    for offer in demo_offers().values():
        for field in offered_fields(offer).values():
            assert set(field.declared.turns_on.objects) <= served
        assert set(scope_types()[offer.type].implied) <= implied
