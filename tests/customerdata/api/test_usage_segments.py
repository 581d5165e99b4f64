"""The Usage Segments listing: what shows, trimmed how, as of when, in which order, at what cost."""

import timeit
from datetime import UTC, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consent.catalogue.demo_offers import demo_offers
from customerdata.access.compute import compute_grant
from customerdata.models import GrantedObject
from customerdata.usage_values.segments import new_segment_id
from portal.http.listing import Cursor
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.segments_world import (
    COST_ID,
    MARCH,
    NET,
    NET_ID,
    T1,
    T2,
    T3,
    URL,
    ask,
    follow,
    found,
    get,
    grant_over,
    pages,
    readings,
    segments,
    series_of,
    usage,
    write,
)
from tests.factories.consent import token_for
from tests.factories.customerdata import (
    AccountFactory,
    AccountHolderFactory,
    Household,
    Service,
    chosen,
    make_grant,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("prepared_or_plain")]
STEP = timedelta(minutes=15)


@pytest.fixture(autouse=True)
def _offers():
    """The demo's scopes and value types."""
    load_offers(demo_offers().values())


@pytest.fixture
def home():
    """A household with one service and four quarter hours of usage and cost."""
    home = Household()
    write(series_of(home.services[0]), [1, 2, 3, 4], cost=[5, 6, 7, 8])
    return home


def shown(segment):
    """Start as a step from March, and the values of a segment with one format."""
    return [(value, kind) for _, kind, value in readings(segment)]


@pytest.mark.spec("WG3-01 10.8.1 a", "WG3-01 10.8.5.1.2 a", "WG3-01 10.8.5.7.2 a")
def test_a_segment_has_all_fields_and_its_values(home):
    """CDS-WG3-01 10.8.1 to 10.8.4, with six related arrays (decision 44)."""
    service = home.services[0]
    (segment,) = segments(grant_over(home, usage()))
    assert segment["related_accounts"] == [home.account.cds_account_id]
    assert segment["related_servicecontracts"] == [service.contract.cds_servicecontract_id]
    assert segment["related_servicepoints"] == [service.point.cds_servicepoint_id]
    assert segment["related_meterdevices"] == [service.meter.cds_meterdevice_id]
    assert (segment["related_aggregations"], segment["related_billsections"]) == ([], [])
    assert segment["segment_start"] == "2025-03-01T08:00:00Z"
    assert segment["segment_end"] == "2025-03-01T09:00:00Z"
    assert segment["interval"] == 900
    assert [entry["type"] for entry in segment["formats"]] == ["electric_usage", "cost"]
    assert segment["formats"][1]["indexes"] == [0]
    assert segment["values"][3] == [{"eu": 4}, {"c": 8}]
    assert segment["cds_synced"] == "2025-06-01T00:00:00Z"


def test_frozen_usage_was_confirmed_for_no_later_time(home):
    """CDS-WG3-01 7.3.1, 10.8.1: also where the same readings come again after the end."""
    series = series_of(home.services[0])
    frozen = grant_over(home, usage(sync_until=T2))
    going = grant_over(home, usage(sync_until=T2), usage())
    write(series, [1, 2, 3, 4], cost=[5, 6, 7, 8], as_of=T3)
    assert [each["cds_synced"] for each in segments(going)] == ["2025-06-03T00:00:00Z"]
    assert [each["cds_synced"] for each in segments(frozen)] == ["2025-06-02T00:00:00Z"]


@pytest.mark.spec("WG3-01 10.8.1 e")
def test_references_show_only_what_the_token_may_see(home):
    """Usage without accounts, contracts and points names none of them."""
    (segment,) = segments(grant_over(home, usage(includes=("include_usage_segments",))))
    assert segment["related_accounts"] == []
    assert segment["related_servicecontracts"] == []


@pytest.mark.spec("WG3-01 6.1.9 p")
def test_a_service_outside_the_grant_stays_hidden():
    """One contract was chosen, and the other one's usage shows in no way, not even by id."""
    home = Household(services=2)
    for service in home.services:
        write(series_of(service), [1])
    one = grant_over(home, usage(), indexes=(0,))
    other = grant_over(home, usage(), indexes=(1,))
    (hidden,) = found(other)
    assert len(found(one)) == 1
    assert found(one, cds_usagesegment_ids=hidden) == []
    other_contract = home.services[1].contract.cds_servicecontract_id
    assert found(one, cds_servicecontract_ids=other_contract) == []


@pytest.mark.spec("WG3-01 6.1.9 i", "WG3-01 7.3.6 d", "WG3-01 7.3.7 d")
def test_windows_trim_at_both_ends(home):
    """Value sets wholly inside the window, own times, own id that stays the same (7.3.6, 7.3.7)."""
    whole = grant_over(home, usage())
    start, end = MARCH + timedelta(minutes=10), MARCH + timedelta(minutes=50)
    grant = grant_over(home, usage(NET_ID, segment_start=start, segment_end=end))
    (segment,) = segments(grant)
    assert [value for value, _ in shown(segment)] == [2, 3]
    assert segment["segment_start"] == "2025-03-01T08:15:00Z"
    assert segment["segment_end"] == "2025-03-01T08:45:00Z"
    (base,) = found(whole)
    assert segment["cds_usagesegment_id"].startswith(base + ".")
    assert found(grant) == [segment["cds_usagesegment_id"]]


@pytest.mark.spec("WG3-01 10.8.8 d")
def test_the_id_filter_knows_trimmed_ids_only_in_their_grant(home):
    """The id of the whole segment is not the id of its trimmed part."""
    whole = grant_over(home, usage())
    trimmed = grant_over(home, usage(segment_start=MARCH + STEP))
    (base,), (part,) = found(whole), found(trimmed)
    assert found(trimmed, cds_usagesegment_ids=f"{part} nonsense") == [part]
    assert found(trimmed, cds_usagesegment_ids=base) == []
    assert found(whole, cds_usagesegment_ids=part) == []
    assert found(whole, cds_usagesegment_ids=base) == [base]


@pytest.mark.spec("WG3-01 6.1.9 i", "WG3-01 7.2.8.1 j", "WG3-01 7.2.8.1 k")
def test_value_types_leave_out_other_formats(home):
    """7.2.8.1: a subset of the choices; null leaves formats and values empty."""
    (net,) = segments(grant_over(home, usage(NET_ID)))
    assert [entry["type"] for entry in net["formats"]] == ["electric_usage"]
    empty = usage() | {"include_usage_segment_value_types": None}
    (shell,) = segments(grant_over(home, empty))
    assert (shell["formats"], shell["values"]) == ([], [])
    assert shell["segment_end"] == "2025-03-01T09:00:00Z"


def test_a_segment_without_any_granted_format_is_not_listed(home):
    """A grant for gas does not tell that there is electricity."""
    assert segments(grant_over(home, usage("gas_therm"))) == []


def test_without_usage_nothing_shows(home):
    """A scope for contracts alone lists no segments."""
    grant = make_grant(
        home.user,
        (
            {"type": "cds_service_contracts", "include_service_contracts": True},
            chosen(*home.contract_ids(0)),
        ),
    )
    compute_grant(grant)
    assert ask(grant) == {"usage_segments": [], "next": None, "previous": None}


@pytest.mark.spec("WG3-01 10.8.1 d")
def test_entries_with_equal_value_types_unite_into_one_segment(home):
    """Decision 53: overlapping windows give the hull, once."""
    early = usage(NET_ID, segment_end=MARCH + 3 * STEP)
    late = usage(NET_ID, segment_start=MARCH + STEP)
    (segment,) = segments(grant_over(home, early, late))
    assert [value for value, _ in shown(segment)] == [1, 2, 3, 4]
    related = [segment[name] for name in segment if name.startswith("related_")]
    assert sum(map(len, related)) == 4
    assert all(len(ids) == len(set(ids)) for ids in related)


def test_entries_with_other_value_types_give_segments_that_never_overlap(home):
    """Decision 53: each format in its own window, each piece with an id of its own."""
    net = usage(NET_ID, segment_end=MARCH + 3 * STEP)
    cost = usage(COST_ID, segment_start=MARCH + 2 * STEP)
    grant = grant_over(home, net, cost)
    pieces = segments(grant)
    assert [shown(piece) for piece in pieces] == [
        [(1, "electric_usage"), (2, "electric_usage")],
        [(3, "electric_usage"), (7, "cost")],
        [(8, "cost")],
    ]
    ids = [piece["cds_usagesegment_id"] for piece in pieces]
    assert len(set(ids)) == 3
    for segment_id in ids:
        assert found(grant, cds_usagesegment_ids=segment_id) == [segment_id]


@pytest.mark.spec("WG3-01 7.3.1 c", "WG3-01 7.3.1 e")
def test_corrections_after_the_end_of_syncing_never_show(home):
    """7.3.1: as of sync_until; a late arrival that was true before does show."""
    series = series_of(home.services[0])
    still = grant_over(home, usage(NET_ID, sync_until=T1 + timedelta(hours=1)))
    open_ended = grant_over(home, usage(NET_ID))
    write(series, [10], as_of=T2)
    write(series, [40], start=MARCH + 4 * STEP, as_of=T1 + timedelta(minutes=30))
    assert [v for s in segments(still) for v, _ in shown(s)] == [1, 2, 3, 4, 40]
    assert [v for s in segments(open_ended) for v, _ in shown(s)] == [10, 2, 3, 4, 40]
    assert found(still) == found(open_ended)


def test_the_latest_end_of_syncing_decides_where_entries_overlap(home):
    """Decision 53: each entry in its window as of its own end, the latest where several do."""
    series = series_of(home.services[0])
    frozen = usage(NET_ID, COST_ID, sync_until=T1 + timedelta(hours=1))
    live = usage(NET_ID, segment_start=MARCH + 2 * STEP)
    grant = grant_over(home, frozen, live)
    write(series, [11, 12, 13, 14], cost=[15, 16, 17, 18], as_of=T2)
    values = sorted(reading for segment in segments(grant) for reading in readings(segment))
    by_type = {
        kind: [value for _, other, value in values if other == kind]
        for kind in ("electric_usage", "cost")
    }
    assert by_type == {"electric_usage": [1, 2, 13, 14], "cost": [5, 6, 7, 8]}
    ids = found(grant)
    assert len(set(ids)) == len(ids)
    for segment_id in ids:
        assert found(grant, cds_usagesegment_ids=segment_id) == [segment_id]


@pytest.mark.parametrize(("month", "quarters"), [("2025-03", 2972), ("2025-11", 2884)])
def test_months_of_clock_changes_have_their_real_length(month, quarters):
    """One local month is one segment, an hour short or long."""
    home = Household()
    year, number = map(int, month.split("-"))
    local = MARCH.astimezone(series_of(home.services[0]).tzinfo)
    start = local.replace(year=year, month=number).astimezone(UTC)
    write(series_of(home.services[0]), range(quarters + 1), start=start)
    first, second = segments(grant_over(home, usage(NET_ID)))
    assert len(first["values"]) == quarters
    assert first["segment_end"] == second["segment_start"]
    assert len(second["values"]) == 1


FILTERS = {
    "cds_account_ids": lambda s: s.account.cds_account_id,
    "account_numbers": lambda s: s.account.versions.get().account_number,
    "cds_servicecontract_ids": lambda s: s.contract.cds_servicecontract_id,
    "contract_numbers": lambda s: s.contract.versions.get().contract_number,
    "cds_servicepoint_ids": lambda s: s.point.cds_servicepoint_id,
    "servicepoint_numbers": lambda s: s.point.versions.get().servicepoint_number,
    "cds_meterdevice_ids": lambda s: s.meter.cds_meterdevice_id,
    "meter_numbers": lambda s: s.meter.versions.get().meter_number,
    "meter_number": lambda s: s.meter.versions.get().meter_number,
}


@pytest.fixture
def two():
    """Two accounts of one customer with a service each, and a day of usage."""
    home = Household()
    account = AccountFactory.create(customer=home.customer)
    AccountHolderFactory.create(account=account, user=home.user)
    home.services.append(Service(home.customer, account))
    for service in home.services:
        write(series_of(service), [1])
    return home


@pytest.mark.spec("WG3-01 10.8.8 c", "WG3-01 10.8.8 d")
@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_picks_its_segments(name, two):
    """CDS-WG3-01 10.8.8; several values are alternatives, several parameters an intersection."""
    grant = grant_over(two, usage())
    values = [FILTERS[name](service) for service in two.services]
    ids = {
        segment["related_accounts"][0]: segment["cds_usagesegment_id"]
        for segment in segments(grant)
    }
    wanted = [ids[service.account.cds_account_id] for service in two.services]
    assert found(grant, **{name: values[0]}) == [wanted[0]]
    assert found(grant, **{name: values[1]}) == [wanted[1]]
    assert set(found(grant, **{name: " ".join(values)})) == set(wanted)
    assert found(grant, **{name: values[0], "cds_usagesegment_ids": wanted[1]}) == []
    assert found(grant, **{name: "other"}) == []
    assert set(found(grant, **{name: " "})) == set(wanted)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_on_hidden_values_match_nothing(name, two):
    """Otherwise a filter tells what no field does (decision 55)."""
    grant = grant_over(two, usage(includes=("include_usage_segments",)))
    GrantedObject.objects.filter(grant=grant).exclude(kind="contract").delete()
    GrantedObject.objects.filter(grant=grant).update(
        listed=False, base=False, fields=[], decides=[]
    )
    assert len(found(grant)) == 2
    assert found(grant, **{name: FILTERS[name](two.services[0])}) == []


@pytest.mark.parametrize(
    "name", ["cds_billsection_ids", "cds_aggregation_ids", "aggregation_numbers"]
)
def test_filters_on_what_no_usage_hangs_on_match_nothing(name, home):
    """There are no bill sections and aggregations behind these segments."""
    assert found(grant_over(home, usage()), **{name: "any"}) == []


@pytest.mark.spec("WG3-01 10.8.8 e")
def test_before_and_after_are_inclusive_and_read_liberally(home):
    """10.8.8: segment_start on or before, segment_end on or after, of the trimmed segment."""
    grant = grant_over(home, usage(segment_start=MARCH + STEP))
    (only,) = found(grant)
    assert found(grant, before="2025-03-01T08:15Z") == [only]
    assert found(grant, before="2025-03-01T08:14:59Z") == []
    assert found(grant, after="2025-03-01 01:00:00.000-08:00") == [only]
    assert found(grant, after="2025-03-01T09:00:00.000001Z") == []
    assert found(grant, after="2025-03-01T09:00:00+23:00") == [only]


@pytest.mark.parametrize(
    "params",
    [
        {"before": "soon"},
        {"after": "2025-13-01T00:00:00Z"},
        {"after": "0001-01-01T00:00:00+20:00"},
        {"cursor": "x"},
        {"cursor": "W2ZhbHNlXQ"},
        {"cds_account_ids": "a\x00b"},
    ],
)
def test_what_cannot_be_read_is_a_json_error(params, home):
    """400 with the usual body, never a page of everything."""
    response = get(grant_over(home, usage()), **params)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "values",
    [
        ["k", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "x", 1],
        ["k", "2025-01-01T00:00:00", "2025-01-01T00:00:00+00:00", "x", 1],
        ["k", "2025-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00", "x", True],
        ["k", "2025-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00", "x", 1.5],
        ["k", "2025-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00", 7, 1],
        ["k", "2025-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00", "x", 2**40],
        [1, 2, 3, 4, 5],
    ],
)
@pytest.mark.parametrize("backwards", [True, False])
def test_a_made_up_cursor_does_no_harm(values, backwards, two):
    """A page or a clean error."""
    raw = Cursor(tuple(values), backwards).encode(listing=URL)
    hidden = grant_over(two, usage(includes=("include_usage_segments",)))
    assert get(hidden, cursor=raw).status_code in {200, 400}


def test_a_thousand_ids_are_looked_up_at_once(home):
    """The most that a parameter takes, in as many months as there are."""
    grant = grant_over(home, usage())
    (known,) = found(grant)
    start = MARCH.replace(year=2000)
    others = [new_segment_id(start + timedelta(days=9 * n)) for n in range(999)]
    look_up = partial(found, grant, cds_usagesegment_ids=" ".join([*others, known]))
    assert look_up() == [known]
    assert min(timeit.repeat(look_up, number=1, repeat=3)) < 3
    assert get(grant, cds_usagesegment_ids=" ".join([*others, *others])).status_code == 400


@pytest.mark.spec("WG3-01 10 b")
def test_a_token_is_needed_and_head_has_no_body(home, client):
    """401 without a token; with a real one HEAD says the type and sends nothing."""
    assert client.get(URL).status_code == 401
    grant = grant_over(home, usage())
    headers = {"Authorization": f"Bearer {token_for(grant)}"}
    answer = client.get(URL, headers=headers)
    assert answer["Content-Type"] == "application/json"
    assert b"usage_segments" in b"".join(answer.streaming_content)
    head = client.head(URL, headers=headers)
    assert (head.status_code, head["Content-Type"], head.content) == (200, "application/json", b"")
    assert client.post(URL, headers=headers).status_code == 405


def test_a_token_of_fewer_scopes_sees_what_they_open(home):
    """The entries of scopes that a token lacks give nothing."""
    grant = grant_over(home, usage())
    grant.scope = "cds_service_contracts"
    assert segments(grant) == []


def _hours(count, home=None):
    """A household of `count` services with three months of hourly values at odd starts each."""
    home = home or Household(services=count)
    for index, service in enumerate(home.services):
        series = series_of(service, interval=3600, columns=[NET])
        for month in (3, 4, 5):
            start = MARCH.replace(month=month) + timedelta(hours=index % 7, days=1)
            write(series, [index], start=start)
    return home


@pytest.mark.spec("WG3-01 10.8.8 g")
@pytest.mark.parametrize("hidden", [False, True])
def test_pages_give_each_segment_once_in_order_and_back(hidden, settings, monkeypatch):
    """Numbers order contracts; hidden ones count as empty, so starts order their segments."""
    settings.LISTING_PAGE_SIZE = 7
    monkeypatch.setattr("customerdata.api.segments.page.KEYS_AT_ONCE", 3)
    home = _hours(12)
    includes = ("include_usage_segments", "include_service_contracts")
    grant = grant_over(home, usage(includes=includes) if hidden else usage())
    walked = list(pages(grant))
    forward = [s for page in walked for s in page["usage_segments"]]
    assert len({s["cds_usagesegment_id"] for s in forward}) == len(forward) == 36
    numbers = {
        service.contract.cds_servicecontract_id: service.contract.versions.get().contract_number
        for service in home.services
    }
    order = [
        ("" if hidden else numbers[s["related_servicecontracts"][0]], s["segment_start"])
        for s in forward
    ]
    assert order == sorted(order)
    page = walked[-1]
    backward = page["usage_segments"]
    while page["previous"]:
        page = follow(grant, page["previous"])
        assert page["next"]
        backward = page["usage_segments"] + backward
    assert backward == forward
    assert walked[0]["previous"] is None


def test_of_equal_starts_the_newest_change_comes_first(home):
    """10.8.8: cds_modified, most recent first."""
    service = home.services[0]
    write(series_of(service, interval=3600), [1])
    grant = grant_over(home, usage(NET_ID))
    modified = [s["cds_modified"] for s in segments(grant)]
    assert len(modified) == 2
    assert modified == sorted(modified, reverse=True)


def test_a_page_holds_a_bounded_number_of_values(monkeypatch):
    """Many values end a page early, one large segment alone still goes out."""
    monkeypatch.setattr("customerdata.api.segments.page.MAX_VALUES", 50)
    home = Household(services=3)
    for service in home.services:
        write(series_of(service), range(30))
    sizes = [len(page["usage_segments"]) for page in pages(grant_over(home, usage(NET_ID)))]
    assert sizes == [1, 1, 1]


def test_a_page_that_matches_little_is_cut_short(monkeypatch):
    """No request runs through everything; next goes on where it stopped."""
    monkeypatch.setattr("customerdata.api.segments.page.MAX_PACKS", 5)
    home = _hours(4)
    gas = usage("gas_therm")
    walked = list(pages(grant_over(home, gas)))
    assert len(walked) == 3
    assert all(page["usage_segments"] == [] for page in walked)


@pytest.mark.parametrize(("params", "most"), [({}, 3), ({"account_numbers": "{account}"}, 4)])
def test_the_number_of_queries_does_not_grow(params, most):
    """One contract or twenty: sort keys, packs with their text, what they hang on."""
    counts = []
    for services in (1, 20):
        home = _hours(services)
        grant = grant_over(home, usage())
        number = home.account.versions.get().account_number
        filled = {name: text.format(account=number) for name, text in params.items()}
        ask(grant, **filled)
        with CaptureQueriesContext(connection) as queries:
            ask(grant, **filled)
        counts.append(len(queries))
    assert counts == [most, most]


@pytest.mark.spec("WG3-01 2 a")
def test_values_are_exact_decimals():
    """Energy never passes through a float."""
    home = Household()
    write(series_of(home.services[0]), ["0.1", "12345678901.123456"])
    (segment,) = segments(grant_over(home, usage(NET_ID)))
    assert [v for v, _ in shown(segment)] == [Decimal("0.1"), Decimal("12345678901.123456")]
