"""Access computation against a naive model of the same rules, on small random structures."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.customer_accounts import listener
from customerdata.access.compute import KEY_SEPARATOR, compute_grant, recompute_grants_of
from customerdata.access.rules import Choice, reach
from customerdata.access.snapshot import SeriesFacts, Snapshot
from customerdata.kinds.base import Facts
from customerdata.models import GrantedObject
from tests.factories.customerdata import (
    Household,
    Service,
    chosen,
    contract_entry,
    make_grant,
    usage_entry,
)

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("Account", "ServiceContract", "ServicePoint", "MeterDevice", "UsageSegment")

keys = st.integers(0, 4)
some = st.frozensets(keys, max_size=3)
arrivals = st.sampled_from([SINCE - timedelta(days=1), SINCE + timedelta(days=1)])


def facts(public_id="", arrived=SINCE, **links):
    """An object of a customer with its links by column."""
    return Facts(customer=1, public_id=public_id, arrived=arrived, links=links)


def linked(of):
    """Points or meters with any links, current and previous."""
    return st.dictionaries(
        keys,
        st.builds(
            lambda at, now, then: facts("", at, **{f"current_{of}": now, f"previous_{of}": then}),
            arrivals,
            some,
            some,
        ),
    )


@st.composite
def snapshots(draw):
    """Any structure, broken references among it."""
    accounts = {
        pk: facts(f"ac{pk}", parent=frozenset() if parent is None else frozenset({parent}))
        for pk, parent in draw(st.dictionaries(keys, st.none() | keys)).items()
    }
    contracts = {
        pk: facts(f"sc{pk}", arrived, account=frozenset({account}))
        for pk, (account, arrived) in draw(st.dictionaries(keys, st.tuples(keys, arrivals))).items()
    }
    return Snapshot(
        {
            "account": accounts,
            "contract": contracts,
            "service_point": draw(linked("contracts")),
            "meter": draw(linked("service_points")),
        },
        tuple(
            SeriesFacts(*row)
            for row in draw(
                st.lists(st.tuples(keys, st.none() | keys, st.none() | keys), max_size=3)
            )
        ),
    )


choices = st.builds(
    lambda named, everything, future, accounts: Choice(
        selection_type="service_contract_selection",
        objects=frozenset(f"sc{key}" for key in named),
        everything=everything,
        include_future=future,
        accounts=accounts,
        since=SINCE,
    ),
    some,
    st.booleans(),
    st.booleans(),
    some,
)


def naive(choice, snap, objects):
    """The same rules, object by object, as a reader of the standard would apply them."""
    contracts = set()
    for pk, c in snap.of("contract").items():
        later = c.arrived > choice.since
        mine = c.one("account") in choice.accounts
        if c.public_id in choice.objects or (
            mine and ((later and choice.include_future) or (not later and choice.everything))
        ):
            contracts.add(pk)
    all_points, all_meters = snap.of("service_point"), snap.of("meter")
    points = {p for p, f in all_points.items() if contracts & f.links["current_contracts"]}
    meters = {m for m, f in all_meters.items() if points & f.links["current_service_points"]}
    if "UsageSegment" in objects:
        for s in snap.series:
            if s.contract in contracts:
                points.add(s.service_point)
                meters.add(s.meter)
    if "MeterDevice" in objects:
        for m in meters & set(all_meters):
            points |= all_meters[m].links["current_service_points"]
            points |= all_meters[m].links["previous_service_points"]
    known = snap.of("account")
    accounts = {snap.of("contract")[c].one("account") for c in contracts} & set(known)
    for _ in known:
        accounts |= {known[a].one("parent") for a in accounts} & set(known)
    return {
        "account": accounts if "Account" in objects else set(),
        "contract": contracts if "ServiceContract" in objects else set(),
        "service_point": points & set(all_points) if "ServicePoint" in objects else set(),
        "meter": meters & set(all_meters) if "MeterDevice" in objects else set(),
    }, contracts


@pytest.mark.spec("WG3-01 7.2.1 c", "WG3-01 7.2.2 c", "WG3-01 7.2.3 c", "WG3-01 7.2.4 c")
@settings(max_examples=300, deadline=None)
@given(choices, snapshots(), st.frozensets(st.sampled_from(NAMES)))
def test_reach_equals_the_naive_model(choice, snapshot, objects):
    """Every include combination, circles of parents, dangling links."""
    reached = reach(choice, snapshot, objects)
    wanted, contracts = naive(choice, snapshot, objects)
    assert {kind: set(reached.listed(kind)) for kind in wanted} == wanted
    assert reached.listed("contract") | reached.hidden("contract") == contracts


def stored(grant):
    """The stored rows of a grant as values."""
    return set(
        GrantedObject.objects.filter(grant=grant).values_list(
            "entry", "kind", "object_id", "listed", "base", "sort_key"
        )
    )


@pytest.mark.django_db
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.frozensets(st.integers(0, 2)), min_size=1, max_size=3), st.booleans())
def test_each_object_has_one_base_row_and_recomputing_changes_nothing(picks, with_contracts):
    """The union of the entries is visible once; a second run is a no-op."""
    home = Household(services=3)
    includes = ["include_service_contracts"] if with_contracts else []
    entries = [usage_entry(*includes, "include_meter_devices") for _ in picks]
    grant = make_grant(
        home.user,
        *(
            (entry, chosen(*home.contract_ids(*pick)))
            for entry, pick in zip(entries, picks, strict=True)
        ),
    )
    compute_grant(grant)
    before = stored(grant)
    union = frozenset().union(*picks)
    contracts = {home.services[i].contract.pk for i in union}
    base = [row[2] for row in before if row[1] == "contract" and row[4]]
    assert sorted(base) == (sorted(contracts) if with_contracts else [])
    assert {row[2] for row in before if row[1] == "contract"} == contracts
    versions = {row.pk for row in GrantedObject.objects.filter(grant=grant)}
    compute_grant(grant)
    assert stored(grant) == before
    assert {row.pk for row in GrantedObject.objects.filter(grant=grant)} == versions


in_db = pytest.mark.django_db


@in_db
def test_contracts_of_strangers_are_never_granted():
    """A selection that names another customer's contract opens nothing of it."""
    home, stranger = Household(), Household()
    grant = make_grant(home.user, (contract_entry(), chosen(*stranger.contract_ids(0))))
    assert compute_grant(grant) == 0


@pytest.mark.spec("WG3-01 7.2 a")
@in_db
def test_sandbox_clients_never_reach_production_customers():
    """The same person may hold both; the Client's environment decides."""
    home = Household(is_test=False)
    grant = make_grant(
        home.user, (contract_entry(), chosen(*home.contract_ids(0), everything=True))
    )
    assert compute_grant(grant) == 0


@in_db
def test_a_new_service_enters_at_recomputation_and_an_ended_grant_loses_all():
    """What the outbox task and consent's services rely on."""
    home = Household()
    grant = make_grant(home.user, (contract_entry(), chosen(everything=True, include_future=True)))
    assert listener().size(grant) == 1
    listener().grant_approved(grant)
    Service(home.customer, home.account, cds_created=timezone.now())
    assert recompute_grants_of(home.customer) == 1
    rows = GrantedObject.objects.filter(grant=grant)
    assert rows.filter(kind="contract").count() == 2
    listener().grant_ended(grant)
    assert not rows.exists()


@in_db
def test_what_was_there_at_a_later_approval_is_not_to_come():
    """A Grant approved anew is read as of that approval: what stood unticked then stays out."""
    home, now = Household(), timezone.now()
    ticked = chosen(*home.contract_ids(0), include_future=True)
    grant = make_grant(home.user, (contract_entry(), ticked), created=now - timedelta(days=20))
    unticked = Service(home.customer, home.account, cds_created=now - timedelta(days=10))
    rows = GrantedObject.objects.filter(grant=grant, kind="contract")
    compute_grant(grant)
    assert rows.count() == 2
    grant.authorized = now - timedelta(days=5)
    grant.save()
    compute_grant(grant)
    assert rows.get().object_id == home.services[0].contract.pk != unticked.contract.pk


@in_db
@pytest.mark.parametrize(
    ("includes", "key"),
    [
        ((), "{sep}"),
        (("include_contract_numbers",), "{sep}{contract}"),
        (("include_account_numbers",), "{account}{sep}"),
        (("include_account_numbers", "include_contract_numbers"), "{account}{sep}{contract}"),
    ],
)
def test_hidden_numbers_count_as_nothing_in_the_order(includes, key):
    """Otherwise the order of usage tells them (decision 55)."""
    home = Household()
    grant = make_grant(home.user, (contract_entry(*includes), chosen(*home.contract_ids(0))))
    compute_grant(grant)
    wanted = key.format(
        sep=KEY_SEPARATOR,
        account=home.account.versions.get().account_number,
        contract=home.services[0].contract.versions.get().contract_number,
    )
    row = GrantedObject.objects.get(grant=grant, kind="contract")
    assert row.sort_key == wanted


@in_db
def test_usage_without_contracts_keeps_a_hidden_row():
    """Usage hangs on contracts that the contract listing does not show."""
    home = Household()
    grant = make_grant(
        home.user, (usage_entry("include_account_numbers"), chosen(*home.contract_ids(0)))
    )
    compute_grant(grant)
    row = GrantedObject.objects.get(grant=grant)
    assert (row.kind, row.listed, row.base, row.fields) == ("contract", False, False, [])
    assert row.sort_key == KEY_SEPARATOR
