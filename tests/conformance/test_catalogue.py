"""The catalogue against the tables of the specifications in tests/spec."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

import consent.catalogue
import customerdata.enums
from consent.catalogue.demo_offers import demo_offers
from consent.catalogue.selection import SelectionType, SpecialValue
from registration.catalogue import admin
from registration.catalogue.checks import check_offer
from registration.catalogue.formats import FieldFormat
from registration.catalogue.offers import FieldOffer, ScopeOffer, describe, offered_fields
from registration.catalogue.types import FieldCategory
from tests.registration.support import DocsUrls

SPEC = Path(__file__).parent.parent / "spec"
URLS = DocsUrls("https://utility.test")


def table(name):
    return json.loads((SPEC / f"{name}.json").read_text())


SCOPES = {name: row for name, row in table("scopes").items() if not name.startswith("_")}
FIELDS = table("auth_details_fields")
ENUMS = table("enums")
OBJECTS = table("objects")
SCOPE_TYPES = {entry.type: entry for entry in (*admin.SCOPE_TYPES, *consent.catalogue.SCOPE_TYPES)}
DECLARED = {entry.id: entry for entry in consent.catalogue.FIELDS}

each_scope = pytest.mark.parametrize("name", SCOPES)
each_data_scope = pytest.mark.parametrize(
    "name", [name for name, row in SCOPES.items() if row["spec"] == "CDS-WG3-01"]
)
each_field = pytest.mark.parametrize("name", FIELDS)


@pytest.fixture(autouse=True)
def registered_entries():
    """Descriptions are made from the registries."""
    admin.register()
    consent.catalogue.register()


@pytest.fixture(scope="module")
def validate():
    """Return a function that lists what breaks the schema of an object."""
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema))
        for schema in (json.loads(path.read_text()) for path in SPEC.glob("schemas/*.json"))
    )

    def problems(name, value):
        validator = Draft202012Validator(
            {"$ref": f"https://cds.invalid/schemas/{name}.schema.json"},
            registry=registry,
            format_checker=FormatChecker(),
        )
        return [error.message for error in validator.iter_errors(value)]

    return problems


@pytest.mark.spec("WG3-01 6.1.* a", "WG3-01 6.2.* a")
def test_every_scope_type_is_declared():
    """21 scope types, no more and no fewer."""
    assert set(SCOPE_TYPES) == set(SCOPES) == set(ENUMS["ScopeType"]["values"])


def test_every_field_is_declared_in_the_order_of_the_standard():
    """54 fields, no more and no fewer."""
    assert list(DECLARED) == list(FIELDS)


@each_scope
def test_scope_types_name_their_section(name):
    """Every entry can be looked up."""
    row, entry = SCOPES[name], SCOPE_TYPES[name]
    assert (entry.spec, entry.section, entry.kind.value) == (
        row["spec"],
        row["section"],
        row["kind"],
    )


@each_data_scope
@pytest.mark.spec("WG3-01 6.1.* b", "WG3-01 6.2.* b")
def test_response_and_grant_types(name):
    """Consent by code with refresh and never client_credentials; direct access the reverse."""
    row, entry = SCOPES[name], SCOPE_TYPES[name]
    assert set(entry.response_types) == set(row.get("response_types_required", []))
    assert set(entry.grant_types) == set(row["grant_types_required"])
    assert not set(entry.grant_types) & set(row.get("grant_types_forbidden", []))
    assert list(entry.code_challenge_methods) == row.get("code_challenge_methods_supported", [])


@each_data_scope
@pytest.mark.spec(
    "WG3-01 6.1.* c",
    "WG3-01 6.1.* e",
    "WG3-01 6.1.9 n",
    "WG3-01 6.2.* c",
    "WG3-01 7.4.1 c",
    "WG3-01 7.4.5 d",
)
def test_field_lists(name):
    """The three lists of every scope type."""
    row, entry = SCOPES[name], SCOPE_TYPES[name]
    assert list(entry.fields_required) == row["fields_required"]
    assert list(entry.fields_conditional) == row["fields_conditional"]
    assert list(entry.fields_forbidden) == row["fields_forbidden"]
    by_selection = {key: list(ids) for key, ids in entry.fields_required_by_selection.items()}
    assert by_selection == row.get("fields_required_by_selection", {})


@each_data_scope
@pytest.mark.spec("WG3-01 6.1.* g", "WG3-01 6.1.10 t", "WG3-01 6.2.* g")
def test_implied_fields_and_defaults(name):
    """What a scope type gives by itself."""
    row, entry = SCOPES[name], SCOPE_TYPES[name]
    assert list(entry.implied) == row["implied_true"]
    assert dict(entry.field_defaults) == row.get("field_defaults", {})


@each_data_scope
@pytest.mark.spec("WG3-01 6.1.* k", "WG3-01 6.1.10 u")
def test_rejections(name):
    """The table words them: "field null" or "field true"."""
    declared = [f"{item.field} {json.dumps(item.value)}" for item in SCOPE_TYPES[name].rejections]
    assert declared == [text.split(" (")[0] for text in SCOPES[name]["rejections"]]


@each_data_scope
@pytest.mark.spec("WG3-01 6.1.* f")
def test_selections(name):
    """Which selections must and may be offered."""
    row, rule = SCOPES[name]["selection_choices"], SCOPE_TYPES[name].selections
    if row is None or rule is None:
        assert row is rule
        return
    assert list(rule.required) == row.get("exactly", row.get("required", []))
    assert list(rule.allowed) == row.get("allowed", row.get("at_least_one_of", []))
    assert rule.any_of == ("at_least_one_of" in row)
    assert set(rule.possible) == set(SCOPES[name]["objects_by_selection"])


@each_data_scope
@pytest.mark.spec("WG3-01 6.1.* j", "WG3-01 6.1.* l")
def test_preselections_in_grants(name):
    """Removed, kept, or kept in part."""
    words, entry = SCOPES[name]["preselections_in_grant"], SCOPE_TYPES[name]
    kept = re.findall(r"^removed except (\w+)", words)
    assert list(entry.kept_preselections) == kept
    assert entry.keeps_all_preselections == (not words.startswith("removed"))


@pytest.mark.spec(
    "WG3-01 7.1.* a", "WG3-01 7.2.* a", "WG3-01 7.2.*.* a", "WG3-01 7.3.* a", "WG3-01 7.4.* a"
)
@each_field
def test_fields_match_the_table(name):
    """Section, category and formats of every field."""
    row, entry = FIELDS[name], DECLARED[name]
    assert (entry.section, entry.category.value) == (row["section"], row["category"])
    # The first format is the one an offer gets by default, so the order is ours.
    assert sorted(format_.value for format_ in entry.formats) == sorted(row["formats"])
    assert (entry.direction and entry.direction.value) == row.get("direction")
    assert list(entry.applies_to) == row.get("applies_to", [])


@each_field
@pytest.mark.spec(
    "WG3-01 7.1.* b", "WG3-01 7.2.* b", "WG3-01 7.2.*.* b", "WG3-01 7.3.* b", "WG3-01 7.4.* b"
)
def test_no_field_is_required_where_a_customer_is_asked(name):
    """Not by itself, and not by what staff set, in any scope type that asks."""
    for entry in SCOPE_TYPES.values():
        if entry.asks_customer:
            offers = [
                ScopeOffer(id="x", type=entry.type, fields=(FieldOffer(id=name, is_required=set_),))
                for set_ in (None, True)
            ]
            assert offered_fields(offers[0])[name].is_required is False
            assert f"x: {name} cannot be required where the customer is asked" in check_offer(
                offers[1]
            )


@each_field
def test_preselection_rules(name):
    """Which selections a field ticks, and what it filters without a form."""
    row, entry = FIELDS[name], DECLARED[name]
    special = {key: list(value) for key, value in entry.special_values.items()}
    if entry.category is FieldCategory.DURATION:
        assert set(row["special_values"]) == {"infinite"}
        assert special == {}
    else:
        assert special == row["special_values"]
    assert list(entry.preselects) == list(row.get("preselects", {}))
    filter_ = row.get("direct_access_filter")
    assert bool(entry.direct_filter) == bool(filter_)
    if entry.direct_filter:
        assert entry.direct_filter.object == filter_["object"]
        assert list(entry.direct_filter.reference_arrays) == filter_["restricted_reference_arrays"]


@each_field
@pytest.mark.spec("WG3-01 7.2.1.* f", "WG3-01 7.2.2.* f", "WG3-01 7.2.3.* f", "WG3-01 7.2.4.* f")
def test_gating(name):
    """Objects and optional fields; file_mimetype goes with file_uri (decision 34)."""
    turns_on = FIELDS[name].get("turns_on", {"objects": {}, "fields": {}})
    gating = DECLARED[name].turns_on
    fields = {
        key: [f for f in value if f != "file_mimetype"] for key, value in gating.fields.items()
    }
    assert list(gating.objects) == list(turns_on["objects"])
    assert fields == turns_on["fields"]


@each_field
@pytest.mark.spec("WG3-01 7.1.13 i", "WG3-01 7.4.2 i", "WG3-01 7.4.4 i", "WG3-01 7.4.5 i")
def test_fields_that_need_a_customer(name):
    """The note of the table and the declaration agree, and so do the scope types."""
    assert DECLARED[name].consent_only == ("forbidden_in" in FIELDS[name])
    if DECLARED[name].consent_only:
        direct = [entry for entry in SCOPE_TYPES.values() if entry.kind.value == "direct_access"]
        assert all(name in entry.fields_forbidden for entry in direct)


@pytest.mark.spec("WG3-01 7.2.1.* f", "WG3-01 7.2.2.* f", "WG3-01 7.2.3.* f", "WG3-01 7.2.4.* f")
@pytest.mark.parametrize(
    "name", ["Account", "ServiceContract", "ServicePoint", "MeterDevice", "BillStatement",
             "BillSection"]
)  # fmt: skip
def test_gating_agrees_with_the_objects(name):
    """Seen from the objects: each gated field is turned on by the field its row names."""
    for row in OBJECTS[name]["fields"]:
        if "gated_by" in row:
            gates = [row["gated_by"]] if isinstance(row["gated_by"], str) else row["gated_by"]
            for gate in gates:
                assert row["name"] in DECLARED[gate].turns_on.fields[name]


@pytest.mark.spec("CDS-WG1-02", "3.9", "formats")
def test_all_formats_are_known():
    """Those of CDS-WG1-02 3.9 and those that CDS-WG3-01 uses besides."""
    known = {format_.value for format_ in FieldFormat}
    assert known - set(ENUMS["AuthorizationDetailsFieldFormat"]["values"]) == {"choice_list"}
    assert set(ENUMS["AuthorizationDetailsFieldFormat"]["values"]) <= known


@pytest.mark.spec("WG3-01 9.2.3.* a")
def test_selection_words():
    """The strings of the standard."""
    assert [entry.value for entry in SelectionType] == ENUMS["SelectionType"]["values"]
    assert [entry.value for entry in SpecialValue] == ENUMS["PreselectionSpecialValue"]["values"]


@pytest.mark.spec("WG3-01 10.1.3 a", "WG3-01 10.2.3 a", "WG3-01 10.8.7.* a")
@pytest.mark.parametrize("name", customerdata.enums.__all__)
def test_enumerations(name):
    """The exact strings, in the order of the standard."""
    enumeration = getattr(customerdata.enums, name)
    assert enumeration.values == ENUMS[name]["values"]


def test_every_enumeration_of_customer_data_exists():
    """Sections 10 and beyond of CDS-WG3-01."""
    wanted = {
        name
        for name, row in ENUMS.items()
        if row["spec"] == "CDS-WG3-01" and row["section"].startswith("10.")
    }
    assert set(customerdata.enums.__all__) == wanted


@pytest.mark.parametrize(
    "name", ["cds_client_admin", "cds_grant_admin", "cds_server_provided_files"]
)
@pytest.mark.spec("WG1-02 3.3.1 a", "WG1-02 3.3.2 a", "WG1-02 3.3.3 b")
def test_fixed_descriptions(name):
    """Everything CDS-WG1-02 3.3 fixes, with for_types holding the scope id (decision 1)."""
    scope_id = name if name == "cds_client_admin" else f"{name}_1"
    fixed = json.loads(
        json.dumps(SCOPES[name]["fixed"])
        .replace("{id}", scope_id)
        .replace("{grant_admin_scope_id}", "cds_grant_admin_1")
        .replace('"for_types": ["cds_grant_admin"]', f'"for_types": ["{scope_id}"]')
    )
    files = name == "cds_server_provided_files"
    offer = ScopeOffer(
        id=scope_id, type=name, grant_admin_scope="cds_grant_admin_1" if files else None
    )
    described = describe(offer, URLS)
    for entry in described["authorization_details_fields_supported"]:
        del entry["documentation"]
    assert {key: described[key] for key in fixed} == fixed


@pytest.mark.parametrize("scope_id", demo_offers())
@pytest.mark.spec("WG1-02 3.4 a", "WG1-02 3.8 a", "WG1-02 3.10 a", "WG3-01 7 a")
def test_descriptions_match_the_schema(validate, scope_id):
    """Scope, fields, choices and value formats of everything the demo offers."""
    offer = demo_offers(coverages=("c-1",))[scope_id]
    described = describe(offer, URLS)
    assert validate("ScopeDescription", described) == []
    listed = [entry["id"] for entry in described["authorization_details_fields_supported"]]
    assert listed == list(offered_fields(offer))


def test_the_schema_sees_mistakes(validate):
    """The check above can fail."""
    described = describe(demo_offers()["cds_usage"], URLS)
    del described["authorization_details_fields_supported"][2]["choices"]
    described["code_challenge_methods_supported"] = []
    assert len(validate("ScopeDescription", described)) == 2


@each_data_scope
def test_every_declared_scope_type_can_be_described(validate, name):
    """Types that are not offered yet are complete as well."""
    entry = SCOPE_TYPES[name]
    without_choices = [
        FieldOffer(id=field_id)
        for field_id in (*entry.fields_required, *entry.fields_conditional)
        if not DECLARED[field_id].formats[0].has_choices
    ]
    described = describe(ScopeOffer(id="x", type=name, fields=tuple(without_choices)), URLS)
    assert validate("ScopeDescription", described) == []


@pytest.mark.parametrize("scope_id", ["cds_service_contracts", "cds_usage"])
@pytest.mark.spec("WG3-01 7.4.6 c")
def test_consent_fields_are_optional_with_a_default(scope_id):
    """A plain scope parameter must always be enough; jwk defaults to null (7.4.6)."""
    described = describe(demo_offers()[scope_id], URLS)
    fields = {entry["id"]: entry for entry in described["authorization_details_fields_supported"]}
    assert all(not entry["is_required"] and "default" in entry for entry in fields.values())
    assert fields["jwk"]["default"] is None
    assert described["authorization_details_types_supported"] == [scope_id]
