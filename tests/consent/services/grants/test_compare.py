"""Is a change of a Grant less, or more (CDS-WG1-02 8.6)? Checked against what entries open."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.catalogue.access import VALUE_TYPES, read_entry
from consent.catalogue.demo_offers import demo_offers, value_type_choices
from consent.services.grants.compare import covers, meet, plan_change
from portal.values.times import format_datetime
from registration.catalogue.offers import offered_fields
from registration.catalogue.types import FieldCategory, fields, scope_types

SCOPES = ("cds_service_contracts", "cds_usage")
TYPES = {name: scope_types()[name] for name in (*SCOPES, "cds_query_usage")}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OBJECTS = ("Account", "ServiceContract", "ServicePoint", "MeterDevice", "UsageSegment")

moments = st.one_of(
    st.just("infinite"),
    st.integers(0, 2000).map(lambda days: format_datetime(NOW + timedelta(days=days))),
)
value_types = st.one_of(
    st.none(),
    st.lists(st.sampled_from([c.id for c in value_type_choices()][:6]), unique=True, max_size=4),
)


@st.composite
def entries(draw, scope=None):
    """Any entry that the demo's consent scopes could have granted."""
    name = scope or draw(st.sampled_from(SCOPES))
    entry = {"type": name}
    for field in offered_fields(demo_offers()[name]).values():
        category = field.declared.category
        if draw(st.integers(0, 9)) == 0:
            continue
        if field.id == VALUE_TYPES:
            entry[field.id] = draw(value_types)
        elif category is FieldCategory.INCLUDE:
            entry[field.id] = draw(st.booleans())
        elif category is FieldCategory.DURATION:
            entry[field.id] = draw(moments)
    return entry


def optional(access, object_name):
    """The optional fields of an object that an entry turns on."""
    turned_on = (fields()[field_id].turns_on.fields for field_id in access.includes)
    return {name for each in turned_on for name in each.get(object_name, ())}


def opens_no_more(old, new):
    """Judge by what the data APIs would open, not by fields."""
    a = read_entry(old, TYPES[old["type"]])
    b = read_entry(new, TYPES[new["type"]])

    def before(left, right):
        return right is None or (left is not None and left <= right)

    def after(left, right):
        return right is None or (left is not None and left >= right)

    return (
        b.objects <= a.objects
        and all(optional(b, name) <= optional(a, name) for name in OBJECTS)
        and set(b.value_types or ()) <= set(a.value_types or ())
        and before(b.sync_until, a.sync_until)
        and before(b.segment_end, a.segment_end)
        and before(b.expires, a.expires)
        and after(b.segment_start, a.segment_start)
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_is_covered_never_opens_more(data):
    """The judgement may be too strict, never too lax."""
    scope = data.draw(st.sampled_from(SCOPES))
    old, new = data.draw(entries(scope)), data.draw(entries(scope))
    if covers(old, new, TYPES[scope]):
        assert opens_no_more(old, new)
    assert covers(old, old, TYPES[scope])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_both_give_is_no_more_than_either(data):
    """`meet` is what stays open while the customer has to decide about the rest."""
    scope = data.draw(st.sampled_from(SCOPES))
    old, new = data.draw(entries(scope)), data.draw(entries(scope))
    both = meet(old, new, TYPES[scope])
    assert covers(old, both, TYPES[scope])
    assert covers(new, both, TYPES[scope])
    assert meet(old, both, TYPES[scope]) == both


@settings(max_examples=100, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=4), st.lists(entries(), max_size=4))
def test_a_plan_keeps_nothing_that_was_not_granted(granted, wanted):
    """Whatever a Client sends, what stays open is part of what the customer granted."""
    plan = plan_change(granted, wanted, TYPES)
    for kept in plan.kept:
        assert opens_no_more(granted[kept.source], kept.entry)
    if not plan.widens:
        assert [kept.entry for kept in plan.kept] == wanted


@settings(max_examples=100, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_leaving_entries_out_never_asks_anybody(granted, rand):
    """In any order: a reduction must not require another authorization."""
    wanted = rand.sample(granted, rand.randint(0, len(granted)))
    plan = plan_change(granted, wanted, TYPES)
    assert not plan.widens
    assert [granted[kept.source] for kept in plan.kept] == wanted


FULL = {
    "type": "cds_usage",
    "include_accounts": True,
    "include_coordinates": True,
    VALUE_TYPES: ["gas_therm", "electric_net_kwh"],
    "segment_start": "2025-01-01T00:00:00Z",
    "segment_end": "2027-01-01T00:00:00Z",
    "sync_until": "2027-01-01T00:00:00Z",
    "expires": "2027-01-01T00:00:00Z",
    "authorization_form_selection_type": "service_contract_selection",
    "allow_scope_modifications": True,
    "jwk": None,
}


@pytest.mark.parametrize(
    ("field", "value", "is_less"),
    [
        ("segment_start", "2025-06-01T00:00:00Z", True),
        ("segment_start", "2024-12-31T23:59:59Z", False),
        ("segment_start", "infinite", False),
        ("segment_end", "2026-06-01T00:00:00Z", True),
        ("segment_end", "2027-01-01T00:00:00.000001Z", False),
        ("segment_end", "2027-01-01T01:00:00+01:00", True),
        ("sync_until", "infinite", False),
        ("expires", "2026-06-01T00:00:00Z", True),
        ("include_coordinates", False, True),
        ("include_premises", True, False),
        ("include_premises", False, True),
        (VALUE_TYPES, ["gas_therm"], True),
        (VALUE_TYPES, ["electric_net_kwh", "gas_therm"], True),
        (VALUE_TYPES, None, True),
        (VALUE_TYPES, ["gas_therm", "cost_usd"], False),
        ("allow_scope_modifications", False, True),
        ("merge_selection_with", "cds_service_contracts", True),
        ("authorization_form_selection_type", "account_selection", False),
        ("purpose", "advertising", False),
        ("jwk", {"kty": "EC"}, True),
        ("a_field_of_tomorrow", 1, False),
    ],
)
def test_one_field_changes(field, value, is_less):
    """What the catalogue says a field means decides."""
    assert covers(FULL, FULL | {field: value}, TYPES["cds_usage"]) is is_less


def test_a_key_cannot_be_taken_off_or_changed():
    """The customer was told that only one device can read the data."""
    locked = FULL | {"jwk": {"kty": "EC", "x": "1"}}
    for key in (None, {"kty": "EC", "x": "2"}):
        assert not covers(locked, locked | {"jwk": key}, TYPES["cds_usage"])


def test_filters_of_direct_access_stay_filters():
    """Scope types that keep preselections filter by them: null lets everything through."""
    query = TYPES["cds_query_usage"]
    narrow = {"type": "cds_query_usage", "account_numbers": ["1", "2"]}
    wide = {"type": "cds_query_usage", "account_numbers": None}
    assert covers(wide, narrow, query)
    assert not covers(narrow, wide, query)
    assert covers(narrow, narrow | {"account_numbers": ["2"]}, query)
    assert not covers(narrow, narrow | {"account_numbers": ["3"]}, query)
    assert covers(wide, wide | {VALUE_TYPES: ["gas_therm"]}, query)
    assert not covers(wide | {VALUE_TYPES: ["gas_therm"]}, wide, query)


def test_meters_with_contracts_bring_service_points():
    """CDS-WG3-01 7.2.4: two harmless fields together open a third kind of object."""
    types = TYPES["cds_service_contracts"]
    old = {"type": "cds_service_contracts", "include_service_contracts": True}
    assert not covers(old, old | {"include_meter_devices": True}, types)


def test_entries_of_unknown_scopes_only_stay_as_they_are():
    """Nobody knows what their fields mean."""
    old = {"type": "gone", "x": 1}
    assert covers(old, dict(old), None)
    assert not covers(old, {"type": "gone"}, None)
    assert meet(old, {"type": "gone"}, None) == old
