"""From a request to checked values, to absolute values, to the wire (CDS-WG3-01 7)."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import consent.catalogue
from consent.catalogue.demo_offers import demo_offers, value_type_choices
from consent.catalogue.details import (
    InvalidAuthorizationDetails,
    InvalidScope,
    parse_request,
    resolve,
    to_wire,
    without_preselections,
)
from portal.values.times import format_datetime
from registration.catalogue import admin
from registration.catalogue.offers import Choice, FieldOffer, ScopeOffer, offered_fields
from registration.catalogue.types import ScopeKind, scope_types

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
PACIFIC = ZoneInfo("America/Los_Angeles")
USAGE = "cds_usage"
CONTRACTS = "cds_service_contracts"


def parse(offers, *details, scopes=(USAGE,)):
    return parse_request(scopes, list(details) or None, offers, now=NOW, zone=PACIFIC)


def refused(offers, *details, scopes=(USAGE,)):
    with pytest.raises(InvalidAuthorizationDetails) as caught:
        parse(offers, *details, scopes=scopes)
    return caught.value


@pytest.mark.spec("WG3-01 7 b")
def test_a_plain_scope_gets_every_default(offers):
    """CDS-WG3-01 7: fields left out count as sent with their default."""
    (access,) = parse(offers)
    defaults = {field.id: field.default for field in offered_fields(offers[USAGE]).values()}
    assert dict(access.values) == defaults
    assert access.selection_type == "service_contract_selection"


def test_each_entry_is_an_access_of_its_own(offers):
    """Two windows over the same services are two entries (decision 53)."""
    accesses = parse(
        offers,
        {"type": USAGE, "segment_start": "P1M"},
        {"type": USAGE, "segment_start": "P2M"},
        scopes=(CONTRACTS, USAGE),
    )
    assert [access.scope_id for access in accesses] == [CONTRACTS, USAGE, USAGE]


def test_entries_add_to_the_scope_parameter(offers):
    """CDS-WG1-02 8.1: scopes may be named in details only."""
    accesses = parse(offers, {"type": CONTRACTS}, scopes=())
    assert [access.scope_id for access in accesses] == [CONTRACTS]


def test_a_scope_named_twice_counts_once(offers):
    """The scope parameter is a set (RFC 6749 3.3)."""
    assert len(parse(offers, scopes=(USAGE, USAGE))) == 1


def test_an_unknown_scope_is_refused(offers):
    """Offers hold what this client may use, nothing else exists."""
    with pytest.raises(InvalidScope) as caught:
        parse(offers, scopes=("cds_usage", "everything"))
    assert (caught.value.code, caught.value.field) == ("invalid_scope", "scope")


@pytest.mark.spec("WG1-02 3.8 c", "WG3-01 7.3 a", "WG3-01 7.4.6 f")
@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"type": USAGE, "segment_begin": "P1Y"}, "segment_begin"),
        ({"type": USAGE, "contract_numbers": "SA-1"}, "contract_numbers"),
        ({"type": USAGE, "contract_numbers": []}, "contract_numbers"),
        ({"type": USAGE, "contract_numbers": ["x" * 20001]}, "contract_numbers"),
        ({"type": USAGE, "service_types": ["steam"]}, "service_types"),
        ({"type": USAGE, "service_types": ["_all"]}, "service_types"),
        ({"type": USAGE, "include_meter_devices": None}, "include_meter_devices"),
        ({"type": USAGE, "include_meter_devices": "yes"}, "include_meter_devices"),
        ({"type": USAGE, "segment_start": "P3Y1D"}, "segment_start"),
        ({"type": USAGE, "segment_start": "infinite"}, "segment_start"),
        ({"type": USAGE, "segment_start": "2020-01-01T00:00:00Z"}, "segment_start"),
        ({"type": USAGE, "segment_start": "2027-01-01T00:00:00Z"}, "segment_start"),
        ({"type": USAGE, "segment_start": None}, "segment_start"),
        ({"type": USAGE, "expires": "PT0S"}, "expires"),
        (
            {"type": USAGE, "authorization_form_selection_type": "account_selection"},
            "authorization_form_selection_type",
        ),
        (
            {"type": USAGE, "include_usage_segment_value_types": ["water"]},
            "include_usage_segment_value_types",
        ),
        ({"type": USAGE, "jwk": {"kty": "RSA"}}, "jwk"),
        ({"type": USAGE, "purpose": "other"}, "purpose"),
        ({"type": "cds_meters"}, "type"),
        ({"type": "cds_client_admin"}, "type"),
    ],
)
def test_a_broken_rule_names_its_field(offers, entry, field):
    """RFC 9396 5: one error code; the developer needs to know which field."""
    assert refused(offers, entry).field == field


@pytest.mark.parametrize("details", [{"type": USAGE}, ["cds_usage"], [{}], [{"type": 1}], "x"])
def test_details_must_be_an_array_of_typed_objects(offers, details):
    """RFC 9396 2."""
    with pytest.raises(InvalidAuthorizationDetails):
        parse_request([USAGE], details, offers)


def test_the_number_of_entries_is_limited(offers):
    """A request is read whole before anyone is signed in."""
    assert "at most" in refused(offers, *[{"type": USAGE}] * 101).message


def test_special_values_stand_beside_numbers_and_choices(offers):
    """Decision 9: in consent scopes, also where the field is a choice list."""
    (access,) = parse(offers, {"type": USAGE, "contract_numbers": ["_all", "_include_future"]})
    assert access.values["contract_numbers"] == ("_all", "_include_future")


def test_special_values_have_no_meaning_without_a_customer(offers):
    """Decision 9: direct access has no form whose boxes could be ticked."""
    direct = ScopeOffer(
        id="accounts",
        type="cds_query_accounts",
        fields=(FieldOffer(id="sync_until"), FieldOffer(id="account_numbers")),
    )
    entry = {"type": "accounts", "account_numbers": ["1", "_all"]}
    error = refused({"accounts": direct}, entry, scopes=("accounts",))
    assert error.field == "account_numbers"


@pytest.mark.spec("WG3-01 6.1.5 g", "WG3-01 7.2 b")
def test_what_a_scope_implies_cannot_be_switched_off(offers):
    """Decision 7: the implied value wins, false has no effect."""
    contracts = offers[CONTRACTS]
    entry = FieldOffer(id="include_accounts", default=False)
    offered = replace(contracts, fields=(*contracts.fields, entry))
    (access,) = parse(
        {CONTRACTS: offered}, {"type": CONTRACTS, "include_accounts": False}, scopes=(CONTRACTS,)
    )
    assert access.values["include_accounts"] is True
    assert offered_fields(offered)["include_accounts"].default is True


@pytest.mark.spec("WG3-01 6.2.8 g")
def test_a_usage_query_gives_every_value_type_by_default():
    """Decision 7: CDS-WG3-01 6.2.8 implies "true" for a list of choices."""
    choices = value_type_choices()
    offer = ScopeOffer(
        id="query",
        type="cds_query_usage",
        fields=(FieldOffer(id="include_usage_segment_value_types", choices=choices),),
    )
    (access,) = parse({"query": offer}, scopes=("query",))
    assert access.values["include_usage_segment_value_types"] == tuple(
        choice.id for choice in choices
    )


PROGRAMS = (Choice(id="CARE", name="CARE", description="Discount"),)


@pytest.mark.spec("WG3-01 6.1.* k", "WG3-01 6.1.10 u")
@pytest.mark.parametrize(
    ("scope_type", "good", "bad"),
    [
        ("cds_account_programs", {"account_programs": ["CARE"]}, {"account_programs": None}),
        ("cds_account_programs", {"account_programs": ["CARE"]}, {"account_programs": []}),
        ("cds_service_programs", {"service_programs": ["CARE"]}, {}),
        (
            "cds_aggregation_consent",
            {"aggregation_numbers": ["B1"], "premise_numbers": ["P1"]},
            {"aggregation_numbers": ["B1"], "premise_numbers": None},
        ),
        (
            "cds_aggregation_consent",
            {"aggregation_numbers": ["B1"], "premise_numbers": ["P1"]},
            {
                "aggregation_numbers": ["B1"],
                "premise_numbers": ["P1"],
                "allow_scope_modifications": True,
            },
        ),
        (
            "cds_aggregation_consent",
            {"aggregation_numbers": ["B1"], "premise_numbers": ["P1"]},
            {
                "aggregation_numbers": ["B1"],
                "premise_numbers": ["P1"],
                "error_if_no_preselections": False,
            },
        ),
    ],
)
def test_some_scope_types_refuse_a_value(scope_type, good, bad):
    """CDS-WG3-01 6.1.2, 6.1.3 and 6.1.10: what is asked must be named."""
    declared = scope_types()[scope_type]
    assert declared.selections is not None
    selection = Choice(id=str(declared.selections.required[0]), name="List", description="List")
    entries = {name: FieldOffer(id=name) for name in declared.fields_required}
    for name in ("account_programs", "service_programs", "service_types"):
        if name in entries:
            entries[name] = FieldOffer(id=name, choices=PROGRAMS)
    entries["authorization_form_selection_type"] = FieldOffer(
        id="authorization_form_selection_type", default=selection.id, choices=(selection,)
    )
    offers = {"x": ScopeOffer(id="x", type=scope_type, fields=tuple(entries.values()))}
    assert parse(offers, {"type": "x", **good}, scopes=("x",))
    refused(offers, {"type": "x", **bad}, scopes=("x",))


def test_a_grant_admin_token_names_one_grant(offers):
    """CDS-WG1-02 3.3.2, decision 4: exactly one entry with both ids."""
    scope = "cds_grant_admin_1"
    entry = {"type": scope, "client_id": "c", "grant_id": "g"}
    (access,) = parse(offers, entry, scopes=(scope,))
    assert dict(access.values) == {"client_id": "c", "grant_id": "g"}
    assert refused(offers, entry, entry, scopes=(scope,)).field == "authorization_details"
    assert refused(offers, {"type": scope, "client_id": "c"}, scopes=(scope,)).field == "grant_id"
    assert refused(offers, scopes=(scope,)).field == "client_id"


@pytest.mark.spec("WG3-01 7.3 c")
def test_durations_become_absolute_at_one_instant(offers):
    """CDS-WG3-01 7.3, decision 11: history is subtracted, all else added."""
    (access,) = parse(
        offers, {"type": USAGE, "segment_start": "P1Y", "segment_end": "PT0S", "sync_until": "P1M"}
    )
    values = resolve(access, now=NOW, zone=PACIFIC)
    assert values["segment_start"] == "2025-03-31T12:00:00Z"
    assert values["segment_end"] == "2026-03-31T12:00:00Z"
    assert values["sync_until"] == "2026-04-30T12:00:00Z"
    assert values["expires"] == "infinite"


@pytest.mark.spec("WG3-01 7 c")
def test_the_wire_carries_every_field_of_the_scope(offers):
    """CDS-WG3-01 7, decision 19: clients see the defaults that were used."""
    (access,) = parse(offers)
    entry = to_wire(access.with_values(resolve(access, now=NOW, zone=PACIFIC)))
    assert set(entry) == {"type", *offered_fields(offers[USAGE])}
    assert json.loads(json.dumps(entry)) == entry


@pytest.mark.spec("WG3-01 6.1.9 j")
def test_preselections_stay_out_of_grants(offers):
    """CDS-WG3-01 6.1.9: the Selection says what the customer chose."""
    (access,) = parse(offers, {"type": USAGE, "contract_numbers": ["SA-1"]})
    entry = without_preselections(to_wire(access), scope_types()[USAGE])
    assert "contract_numbers" not in entry
    assert "segment_start" in entry


@pytest.mark.spec(
    "WG3-01 6.1.1 j", "WG3-01 6.1.2 j", "WG3-01 6.1.2 l", "WG3-01 6.1.3 j", "WG3-01 6.1.3 l"
)
@pytest.mark.parametrize(
    ("scope_type", "kept"),
    [
        ("cds_account_programs", {"account_programs"}),
        ("cds_service_programs", {"service_programs"}),
        ("cds_query_usage", {"account_programs", "service_programs", "meter_numbers"}),
        ("cds_rate_plan", set()),
    ],
)
def test_some_scope_types_keep_preselections(scope_type, kept):
    """CDS-WG3-01 6.1.2, 6.1.3 and 6.2: there they limit what is served."""
    entry = {"type": "x", "account_programs": [], "service_programs": [], "meter_numbers": []}
    left = without_preselections(entry, scope_types()[scope_type])
    assert set(left) - {"type"} == kept


admin.register()
consent.catalogue.register()
OFFERS = demo_offers()
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=8)),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)  # fmt: skip
DURATION = st.sampled_from(
    ["P1D", "P1M", "P2Y", "P3Y", "PT36H", "infinite", "P0S", "PT0S", format_datetime(NOW)]
)


def plausible(field):
    """Return values near what the field takes, right and wrong ones."""
    numbers = st.lists(st.text(min_size=1, max_size=6) | st.sampled_from(["_all"]), max_size=3)
    by_format = {
        "boolean": st.booleans(),
        "string_list_or_null": st.none() | numbers,
        "choice_list_or_null": st.none() | st.lists(st.sampled_from(field.choice_ids or ("x",))),
        "choice": st.sampled_from(field.choice_ids or ("x",)),
        "relative_or_absolute_datetime": DURATION,
    }
    return by_format.get(field.format.value, st.none()) | JUNK


ENTRIES = st.sampled_from([USAGE, CONTRACTS]).flatmap(
    lambda scope_id: st.fixed_dictionaries(
        {"type": st.just(scope_id)},
        optional={
            field.id: plausible(field) for field in offered_fields(OFFERS[scope_id]).values()
        },
    )
)


@given(ENTRIES)
def test_what_is_accepted_is_accepted_again(entry):
    """Round trip: the wire form of an access asks for exactly the same."""
    try:
        (access,) = parse(OFFERS, entry, scopes=())
    except InvalidAuthorizationDetails:
        return
    (again,) = parse(OFFERS, to_wire(access), scopes=())
    assert again == access


@given(st.lists(ENTRIES, max_size=3))
def test_nothing_outside_the_offer_is_accepted(entries):
    """Accepted values hold to choices, types and limits, checked independently here."""
    try:
        accesses = parse(OFFERS, *entries, scopes=())
    except InvalidAuthorizationDetails:
        return
    for access in accesses:
        for field in offered_fields(OFFERS[access.scope_id]).values():
            value = access.values[field.id]
            if field.format.value == "boolean":
                assert isinstance(value, bool)
            if field.format.value == "choice_list_or_null" and value is not None:
                assert set(value) <= set(field.choice_ids)
            if field.id == "segment_start":
                assert value not in {"infinite", "P4Y"}
            if not field.format.is_nullable:
                assert value is not None


@pytest.mark.spec("WG3-01 7.3 b")
@given(ENTRIES)
def test_resolved_values_are_absolute(entry):
    """CDS-WG3-01 7.3: no Grant carries a relative duration."""
    try:
        (access,) = parse(OFFERS, entry, scopes=())
    except InvalidAuthorizationDetails:
        return
    values = resolve(access, now=NOW, zone=PACIFIC)
    moments = [values[name] for name in ("sync_until", "expires")]
    assert not any(moment.startswith("P") for moment in moments)
    assert resolve(access.with_values(values), now=NOW, zone=UTC) == values


def test_only_consent_scopes_ask_the_customer():
    """Fields about the form exist only where there is a form."""
    for scope_type in scope_types().values():
        assert scope_type.asks_customer == (scope_type.kind is ScopeKind.CUSTOMER_CONSENT)


@pytest.mark.spec("WG3-01 7.3.8 c")
@pytest.mark.parametrize("types", [(USAGE, USAGE), (CONTRACTS, USAGE), (USAGE, CONTRACTS, USAGE)])
def test_one_request_has_one_end(offers, types):
    """One Grant comes of it and ends as a whole, however many entries are of one type."""
    ends = ["P30D", *["P60D"] * (len(types) - 1)]
    entries = [{"type": name, "expires": end} for name, end in zip(types, ends, strict=True)]
    error = refused(offers, *entries, scopes=())
    assert error.field == "expires"
    for name, end in {(types[0], "2026-04-30T12:00:00Z"), (types[-1], "2026-05-30T12:00:00Z")}:
        assert f"{end} in {name}" in error.message
    same = [entry | {"expires": "P30D"} for entry in entries]
    assert len(parse(offers, *same, scopes=())) == len(types)


def test_an_end_that_is_left_out_counts_with_its_default(offers):
    """The default is infinite, which is another end than the one that was sent."""
    entries = [{"type": USAGE, "expires": "P30D"}, {"type": USAGE}]
    assert refused(offers, *entries).field == "expires"
