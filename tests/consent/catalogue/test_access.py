"""What a granted entry opens (CDS-WG3-01 7.2, 7.3)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.catalogue.access import (
    effective_includes,
    first_end,
    objects_turned_on,
    read_entry,
)
from portal.values.times import TimeFormatError
from registration.catalogue.types import scope_types


@pytest.mark.spec("WG3-01 6.1.* g", "WG3-01 6.2.* g", "WG3-01 7.2 b")
def test_implied_includes_win():
    """Decision 7: a scope type's own access needs no field, and false does not take it away."""
    for scope_type in scope_types().values():
        implied = set(scope_type.implied)
        assert effective_includes({}, scope_type) == implied
        assert effective_includes(dict.fromkeys(implied, False), scope_type) == implied


@pytest.mark.spec("WG3-01 7.2.2 d", "WG3-01 7.2.4 d")
def test_meters_and_contracts_bring_their_service_points():
    """CDS-WG3-01 7.2.2 and 7.2.4: without them clients could not connect the two."""
    contracts = scope_types()["cds_service_contracts"]
    assert "include_service_points" in effective_includes(
        {"include_meter_devices": True}, contracts
    )
    assert "include_service_points" not in effective_includes({}, contracts)


def test_includes_turn_on_objects():
    """Fields that only add to an object do not bring it."""
    includes = {"include_accounts", "include_account_numbers", "include_rate_plans"}
    assert objects_turned_on(includes) == {"Account"}


def test_an_entry_is_read_into_typed_values():
    """Nobody further in reads raw keys."""
    entry = {
        "type": "cds_usage",
        "include_meter_devices": True,
        "include_usage_segment_value_types": ["electric_net_kwh_valid"],
        "segment_start": "2025-03-31T12:00:00Z",
        "segment_end": "infinite",
        "statement_date_start": "2025-03-31",
        "service_types": ["electric"],
        "meter_types": None,
        "jwk": None,
    }
    access = read_entry(entry, scope_types()["cds_usage"])
    assert access.objects == {"MeterDevice", "UsageSegment"}
    assert access.value_types == ("electric_net_kwh_valid",)
    assert access.segment_start == datetime(2025, 3, 31, 12, tzinfo=UTC)
    assert access.segment_end is None
    assert access.statement_date_start == date(2025, 3, 31)
    assert access.preselections == {"service_types": ("electric",)}


@pytest.mark.spec("WG3-01 6.2.8 g")
def test_a_usage_query_without_the_field_gives_every_value_type():
    """CDS-WG3-01 6.2.8 implies them all."""
    query = scope_types()["cds_query_usage"]
    assert read_entry({"type": "q"}, query).all_value_types
    narrowed = read_entry({"type": "q", "include_usage_segment_value_types": None}, query)
    assert (narrowed.all_value_types, narrowed.value_types) == (False, None)


@pytest.mark.spec("WG3-01 7.3 b")
def test_a_relative_duration_in_a_grant_is_an_error():
    """CDS-WG3-01 7.3: a Grant that moved with the clock would open ever more data."""
    with pytest.raises(TimeFormatError):
        read_entry({"type": "cds_usage", "segment_end": "P1Y"}, scope_types()["cds_usage"])


EARLY, LATE = "2026-03-31T12:00:00Z", "2027-03-31T12:00:00Z"


@pytest.mark.parametrize(
    ("scope_type", "entry", "end"),
    [
        # Usage alone: the window, as far as anything new comes in at all.
        ("cds_usage", {"segment_end": EARLY}, EARLY),
        ("cds_usage", {"segment_end": EARLY, "sync_until": LATE}, EARLY),
        ("cds_usage", {"segment_end": LATE, "sync_until": EARLY}, EARLY),
        ("cds_usage", {"segment_end": "infinite", "sync_until": EARLY}, EARLY),
        ("cds_usage", {"segment_end": "infinite", "sync_until": "infinite"}, None),
        # With meters, their details go on.
        (
            "cds_usage",
            {"include_meter_devices": True, "segment_end": EARLY, "sync_until": LATE},
            LATE,
        ),
        ("cds_usage", {"include_meter_devices": True, "segment_end": EARLY}, None),
        ("cds_service_contracts", {"sync_until": EARLY}, EARLY),
        ("cds_service_contracts", {}, None),
        # `expires` takes access away, it is no end of new data.
        ("cds_service_contracts", {"expires": EARLY}, None),
        # Accounts come with bills, and go on after the last of them.
        ("cds_bill_statements", {"statement_date_end": "2026-03-31", "sync_until": LATE}, LATE),
        ("cds_aggregation_consent", {"expires": EARLY}, None),
    ],
)
def test_an_entry_gets_new_data_until(scope_type, entry, end):
    """Usage ends with its window, everything with `sync_until`; what goes on longest counts."""
    access = read_entry({"type": scope_type, **entry}, scope_types()[scope_type])
    assert access.new_data_until == (end and datetime.fromisoformat(end))


BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 3_000_000_000).map(lambda past: BEGINNING + timedelta(seconds=past))
ENDS = st.none() | st.just("infinite") | MOMENTS.map(lambda moment: moment.isoformat())


@pytest.mark.spec("WG3-01 7.3.8 c")
@given(st.lists(ENDS, max_size=5), st.none() | MOMENTS)
def test_a_grant_ends_with_the_first_that_ends(ends, already):
    """Entries without an end, or with an infinite one, end nothing; an end there was stays."""
    entries = [{"type": "cds_usage"} | ({"expires": end} if end else {}) for end in ends]
    finite = [datetime.fromisoformat(end) for end in ends if end and end != "infinite"]
    expected = sorted([*finite, *([already] if already else [])])
    assert first_end(entries, already=already) == (expected[0] if expected else None)
