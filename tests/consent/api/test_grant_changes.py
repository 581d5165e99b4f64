"""PATCH of scope and authorization_details (CDS-WG1-02 8.6), through the API."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.models import Grant, Selection
from consent.services import tokens
from consent.services.authorization.fill_grant import authorize_grant
from consent.services.grants.lifecycle import GrantTerms, SelectionInput, end_grant
from portal.values.times import format_datetime
from registration.models import Message
from tests.consent.api.test_grants import URL, Api
from tests.consent.oauth.support import authorize_url
from tests.factories.consent import GrantFactory, token_for

IN_A_YEAR = format_datetime(timezone.now() + timedelta(days=365))
IN_A_MONTH = format_datetime(timezone.now() + timedelta(days=30))
IN_A_WEEK = format_datetime(timezone.now() + timedelta(days=7))
LONG_AGO = "2019-01-01T00:00:00Z"


@pytest.fixture
def api(acme):
    """Acme's view."""
    return Api(acme)


def usage(**fields):
    """Return an entry as an approval stores it, shortened."""
    return {
        "type": "cds_usage",
        "include_meter_numbers": True,
        "include_usage_segment_value_types": ["gas_therm", "electric_net_kwh"],
        # Further back than a request may ask for today: it was granted long ago.
        "segment_start": LONG_AGO,
        "segment_end": IN_A_YEAR,
        "sync_until": IN_A_YEAR,
        "expires": IN_A_YEAR,
        "allow_scope_modifications": True,
        "authorization_form_selection_type": "service_contract_selection",
        **fields,
    }


CONTRACTS = {"type": "cds_service_contracts", "sync_until": IN_A_YEAR, "expires": IN_A_YEAR}


def grant_of(party, *entries, **values):
    """Return an active Grant with these entries and a selection for each."""
    entries = entries or (CONTRACTS, usage())
    grant = GrantFactory.create(
        client=party.app,
        scope=" ".join(dict.fromkeys(entry["type"] for entry in entries)),
        authorization_details=list(entries),
        **values,
    )
    for number, entry in enumerate(entries):
        Selection.objects.create(
            grant=grant,
            entry=number,
            scope_id=entry["type"],
            selection_type="service_contract_selection",
            object_ids=[f"sc_{number}"],
        )
    return grant


def chosen(grant):
    """Return what is stored as chosen, by entry."""
    return {s.entry: (s.scope_id, s.object_ids) for s in grant.selections.order_by("entry")}


def complete(entry, **changes):
    """Return an entry that says false or nothing for all it leaves to defaults."""
    from consent.catalogue.demo_offers import demo_offers
    from registration.catalogue.offers import offered_fields

    off = {
        field.id: False
        for field in offered_fields(demo_offers()[entry["type"]]).values()
        if field.id.startswith("include_") and field.format.value == "boolean"
    }
    return {**off, **entry, **changes}


@pytest.mark.spec("WG1-02 8.6 e")
def test_less_in_an_entry_counts_at_once(acme, api, listener):
    """No consent needed: shorter, fewer, off. The rest of the entry stays as it was granted."""
    grant = grant_of(acme)
    less = complete(
        usage(),
        include_usage_segment_value_types=["gas_therm"],
        sync_until=IN_A_MONTH,
        expires=IN_A_MONTH,
        include_meter_numbers=False,
    )
    response = api.patch(grant, {"authorization_details": [CONTRACTS, less]})
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["status"] == "active"
    entry = body["authorization_details"][1]
    assert entry["include_usage_segment_value_types"] == ["gas_therm"]
    assert entry["sync_until"] == IN_A_MONTH
    assert entry["segment_start"] == LONG_AGO
    assert entry["include_meter_numbers"] is False
    assert body["enabled_authorization_details"] == body["authorization_details"]
    assert body["expires"] == body["not_after"] == IN_A_MONTH
    assert listener.approved == [grant.grant_id]
    assert chosen(grant) == {
        0: ("cds_service_contracts", ["sc_0"]),
        1: ("cds_usage", ["sc_1"]),
    }
    assert not Message.objects.exists()


@pytest.mark.spec("WG1-02 8.6 f")
def test_more_waits_for_the_customer(acme, api, listener):
    """The wish is published, access stays: in columns, in tokens and for whoever computes it."""
    grant = grant_of(acme)
    raw = token_for(grant)
    more = complete(usage(), include_coordinates=True)
    response = api.patch(grant, {"authorization_details": [CONTRACTS, more]})
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["status"] == "needs_authorization"
    assert body["scope"] == "cds_service_contracts cds_usage"
    assert body["authorization_details"][1]["include_coordinates"] is True
    assert body["enabled_scope"] == "cds_service_contracts cds_usage"
    assert not body["enabled_authorization_details"][1].get("include_coordinates")
    stored = Grant.objects.get(pk=grant.pk)
    assert stored.authorization_details == body["enabled_authorization_details"]
    token = tokens.find_access_token(raw)
    assert token is not None
    assert tokens.is_alive(token, now=timezone.now())
    assert tokens.open_scopes(token) == {"cds_service_contracts", "cds_usage"}
    assert set(chosen(grant)) == {0, 1}


def test_what_is_given_back_along_with_a_wish_is_gone(acme, api):
    """Less in one field and more in another: the less counts now, the more waits."""
    grant = grant_of(acme)
    mixed = complete(usage(), sync_until=IN_A_MONTH, include_coordinates=True)
    body = api.patch(grant, {"authorization_details": [mixed]}).json()
    assert body["status"] == "needs_authorization"
    assert body["enabled_scope"] == body["scope"] == "cds_usage"
    (enabled,) = body["enabled_authorization_details"]
    assert enabled["sync_until"] == IN_A_MONTH
    assert not enabled.get("include_coordinates")
    assert chosen(grant) == {0: ("cds_usage", ["sc_1"])}


@pytest.mark.spec("WG1-02 8.6 d", "WG1-02 8.6 f")
def test_a_new_scope_waits_with_its_defaults(acme, api):
    """Found by its filter, and an authorization request may name it with the Grant's id."""
    grant = grant_of(acme, CONTRACTS)
    body = api.patch(grant, {"scope": "cds_service_contracts cds_usage"}).json()
    assert (body["status"], body["enabled_scope"]) == (
        "needs_authorization",
        "cds_service_contracts",
    )
    assert body["scope"] == "cds_service_contracts cds_usage"
    first, second = body["authorization_details"]
    assert first == CONTRACTS
    assert second["type"] == "cds_usage"
    assert second["include_coordinates"] is False
    assert second["segment_start"].endswith("Z")
    assert body["enabled_authorization_details"] == [CONTRACTS]
    assert api.ids("scopes=cds_usage") == [grant.grant_id]
    url = authorize_url(acme.app, scope="cds_usage", cds_grant_id=grant.grant_id)
    assert "error" not in api.get(url).headers["Location"]


def test_the_customer_settles_the_wish(acme, api):
    """CDS-WG1-02 8.3: the Grant is updated; the approval replaces what was granted and asked."""
    grant = grant_of(acme, CONTRACTS)
    asked = api.patch(grant, {"scope": "cds_service_contracts cds_usage"}).json()
    authorize_grant(
        grant=grant,
        user=grant.user,
        by=grant.user,
        terms=GrantTerms(
            authorization_details=asked["authorization_details"],
            scope=asked["scope"],
            selections=[
                SelectionInput(
                    entry=n, scope_id=e["type"], selection_type="s", object_ids=("sc_9",)
                )
                for n, e in enumerate(asked["authorization_details"])
            ],
        ),
    )
    body = api.get(f"{URL}/{grant.grant_id}").json()
    assert body["status"] == "active"
    assert body["enabled_scope"] == body["scope"] == asked["scope"]
    assert body["enabled_authorization_details"] == asked["authorization_details"]


def test_a_wish_can_be_taken_back(acme, api):
    """Back to what is granted: active again, without anybody's consent."""
    grant = grant_of(acme, CONTRACTS)
    api.patch(grant, {"scope": "cds_service_contracts cds_usage"})
    body = api.patch(grant, {"scope": "cds_service_contracts"}).json()
    assert (body["status"], body["scope"]) == ("active", "cds_service_contracts")
    assert body["authorization_details"] == body["enabled_authorization_details"] == [CONTRACTS]


def test_a_wish_ends_with_its_grant(acme, api):
    """An ended Grant asks nobody."""
    grant = grant_of(acme, CONTRACTS)
    api.patch(grant, {"scope": "cds_service_contracts cds_usage"})
    body = api.patch(grant, {"status": "closed"}).json()
    assert (body["status"], body["scope"]) == ("closed", "cds_service_contracts")


def test_a_waiting_grant_gives_nothing_whatever_is_patched(acme, api):
    """Nobody has granted anything: the question changes, in both directions."""
    grant = GrantFactory.create(client=acme.app, waiting=True, scope="cds_service_contracts")
    body = api.patch(grant, {"scope": "cds_service_contracts cds_usage"}).json()
    assert (body["status"], body["enabled_scope"]) == ("needs_authorization", "")
    assert body["enabled_authorization_details"] == []
    body = api.patch(grant, {"scope": "cds_usage"}).json()
    assert (body["status"], body["scope"], body["enabled_scope"]) == (
        "needs_authorization",
        "cds_usage",
        "",
    )


def test_a_get_body_changes_nothing(acme, api, listener):
    """Sending back what was read is no change, whatever the limits are by now."""
    grant = grant_of(acme)
    body = api.get(f"{URL}/{grant.grant_id}").json()
    del body["status"]
    assert api.patch(grant, body).json() == {**body, "status": "active"}
    assert Grant.objects.get(pk=grant.pk).modified == grant.modified
    assert listener.approved == []


def test_a_changed_value_meets_the_limits_of_today(acme, api):
    """What is repeated is exempt, what is new is not: three years of the past at most."""
    grant = grant_of(acme)
    further = usage(segment_start="2018-01-01T00:00:00Z")
    response = api.patch(grant, {"authorization_details": [CONTRACTS, further]})
    assert response.status_code == 400
    assert response.json()["field"] == "segment_start"


def test_a_grant_without_a_customer_gets_nothing_that_customers_give(acme, api):
    """There is nobody to ask for it."""
    grant = grant_of(acme, CONTRACTS, user=None)
    response = api.patch(grant, {"scope": "cds_service_contracts cds_usage"})
    assert response.status_code == 400
    assert Grant.objects.get(pk=grant.pk).status == "active"


@pytest.mark.parametrize(
    "values",
    [
        {"revoked": True},
        {"status": "suspended", "enabled_scope": "", "enabled_authorization_details": []},
        {"status": "partial", "enabled_scope": "", "enabled_authorization_details": []},
        {"status": "needs_sub_grants", "enabled_scope": ""},
    ],
)
def test_what_others_ended_or_limited_gets_no_wish(acme, api, values):
    """An end is final; limits and suspensions are lifted by whoever set them."""
    grant = grant_of(acme, CONTRACTS, **values)
    response = api.patch(grant, {"scope": "cds_service_contracts cds_usage"})
    assert response.status_code == 400
    assert not Grant.objects.get(pk=grant.pk).is_asking


def test_a_suspended_grant_can_shrink(acme, api):
    """Giving back is always possible; it gives nothing meanwhile."""
    grant = grant_of(acme, status="suspended", enabled_scope="", enabled_authorization_details=[])
    body = api.patch(grant, {"scope": "cds_usage"}).json()
    assert (body["status"], body["scope"], body["enabled_scope"]) == ("suspended", "cds_usage", "")


def test_an_end_that_is_repeated_is_no_default(acme, api):
    """Two entries change: one has the Grant's end already, the other one gets it."""
    grant = grant_of(acme, CONTRACTS, usage(expires=IN_A_MONTH))
    contracts = complete({**CONTRACTS, "expires": IN_A_MONTH})
    less = complete(usage(expires=IN_A_MONTH, sync_until=IN_A_MONTH))
    response = api.patch(grant, {"authorization_details": [contracts, less]})
    assert response.status_code == 200, response.content
    assert response.json()["expires"] == IN_A_MONTH


@pytest.mark.parametrize("changed", [(CONTRACTS,), (CONTRACTS, usage())], ids=len)
def test_a_grant_ends_with_its_earliest_entry(acme, api, changed):
    """It ends as a whole (CDS-WG3-01 7.3.8); giving time back needs nobody, in one entry or two."""
    grant = grant_of(acme)
    ends = iter([IN_A_MONTH, IN_A_WEEK])
    less = {entry["type"]: complete({**entry, "expires": next(ends)}) for entry in changed}
    wanted = [less.get(entry["type"], entry) for entry in (CONTRACTS, usage())]
    response = api.patch(grant, {"authorization_details": wanted})
    assert response.status_code == 200, response.content
    assert response.json()["expires"] == (IN_A_MONTH if len(changed) == 1 else IN_A_WEEK)


def test_a_limited_grant_shrinks_within_its_limit(acme, api):
    """Giving one scope back does not open the other."""
    grant = grant_of(
        acme,
        status="partial",
        enabled_scope="cds_usage",
        enabled_authorization_details=[usage()],
    )
    body = api.patch(grant, {"authorization_details": [CONTRACTS, usage(sync_until=IN_A_MONTH)]})
    assert body.status_code == 400, "a field left out counts with its default, which is more"
    less = complete(usage(sync_until=IN_A_MONTH))
    body = api.patch(grant, {"authorization_details": [CONTRACTS, less]}).json()
    assert (body["status"], body["enabled_scope"]) == ("partial", "cds_usage")
    assert body["enabled_authorization_details"] == body["authorization_details"][1:]


def test_fewer_value_types_count_although_they_are_offered_no_more(acme, api):
    """What was granted can be reduced to any part of it, and to nothing else."""
    types = "include_usage_segment_value_types"
    grant = grant_of(acme, usage(**{types: ["gone", "gone_too", "gas_therm"]}))

    def wish(*wanted):
        entry = complete(usage(**{types: list(wanted)}))
        return api.patch(grant, {"authorization_details": [entry]})

    assert wish("gone", "never_there").status_code == 400
    assert wish("gone", "gone").status_code == 400
    body = wish("gone").json()
    assert body["status"] == "active"
    assert body["enabled_authorization_details"][0][types] == ["gone"]
    assert wish("gone", "gone_too").status_code == 400, "given back is gone"


def test_the_keys_of_all_entries_agree(acme, api):
    """CDS-WG3-01 7.4.6: a response has one key."""
    key = {"kty": "EC", "crv": "P-256", "x": "a" * 43, "y": "b" * 43}
    grant = grant_of(acme, {**CONTRACTS, "jwk": None}, usage(jwk=key))
    response = api.patch(grant, {"authorization_details": grant.authorization_details})
    assert response.status_code == 400
    assert response.json()["field"] == "jwk"


@pytest.mark.parametrize("count", [1, 60])
def test_a_change_costs_the_same_for_many_grants(acme, api, count, django_assert_max_num_queries):
    """Only the one Grant is read and written."""
    GrantFactory.create_batch(count - 1, client=acme.app)
    grant = grant_of(acme)
    with django_assert_max_num_queries(25):
        assert api.patch(grant, {"scope": "cds_usage"}).status_code == 200


bodies = st.fixed_dictionaries(
    {},
    optional={
        "scope": st.lists(
            st.sampled_from(["cds_usage", "cds_service_contracts", "cds_client_admin", "x"]),
            max_size=3,
        ).map(" ".join),
        "authorization_details": st.lists(
            st.builds(
                lambda entry, more: {**entry, **more},
                st.sampled_from([CONTRACTS, usage(), usage(sync_until=IN_A_MONTH), {"type": "x"}]),
                st.sampled_from(
                    [{}, {"include_coordinates": True}, {"sync_until": "infinite"}, {"zzz": 1}]
                ),
            ),
            max_size=3,
        ),
    },
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(bodies, min_size=1, max_size=3))
def test_no_sequence_of_patches_opens_more(acme, api, sequence):
    """Whatever a Client sends in whatever order: what is enabled was granted by the customer."""
    from consent.services.grants.compare import covers
    from registration.catalogue.types import scope_types

    grant = grant_of(acme)
    granted = [CONTRACTS, usage()]
    for body in sequence:
        assert api.patch(grant, body).status_code in {200, 400}
        now = Grant.objects.get(pk=grant.pk)
        for entry in (*now.enabled_authorization_details, *now.authorization_details):
            assert any(covers(old, entry, scope_types()[entry["type"]]) for old in granted)
        assert set(now.open_scope_ids) <= {"cds_usage", "cds_service_contracts"}
        assert set(chosen(now)) == set(range(len(now.authorization_details)))
    end_grant(grant=grant, status="closed", reason="", by="system")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "cds_usage \ud800"}, "scope"),
        ({"authorization_details": [{"type": "\ud800"}]}, "authorization_details"),
        ({"authorization_details": [usage(**{"\ud800": 1})]}, "authorization_details"),
        ({"authorization_details": [usage(jwk={"kty": "\ud800"})]}, "authorization_details"),
        ({"\ud800": 1}, None),
    ],
)
def test_half_a_character_is_a_mistake_of_the_client(acme, api, body, field):
    """No answer could repeat it, and no database hold it."""
    grant = grant_of(acme)
    response = api.patch(grant, body)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert response.json().get("field") == field
    assert "half a surrogate pair" in response.json()["error_description"]


@pytest.mark.parametrize(
    "body", [{"scope": "cds_usage \x00"}, {"authorization_details": [{"type": "\x00"}]}]
)
def test_a_nul_names_no_scope(acme, api, body):
    """It is a character of JSON, and of no scope."""
    assert api.patch(grant_of(acme), body).status_code == 400
