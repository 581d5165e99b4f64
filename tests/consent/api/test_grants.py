"""Grants API (CDS-WG1-02 8.4 to 8.6)."""

from datetime import timedelta
from importlib import import_module
from urllib.parse import quote

import pytest
from django.apps import apps
from django.test import Client as Browser
from django.utils import timezone

from consent.models import Grant, GrantReplacement, Selection
from portal.models import AuditEvent
from portal.values.times import format_datetime
from tests.factories.consent import (
    AuthorizationRequestFactory,
    GrantFactory,
    ReceiptFactory,
    admin_token_for,
    token_for,
)

URL = "/cds-api/v1/grants"


class Api:
    """The Grants API as one party's admin Client sees it."""

    def __init__(self, party):
        self.headers = {"Authorization": f"Bearer {admin_token_for(party.admin)}"}
        self.own = Grant.objects.get(client=party.admin).grant_id

    def get(self, path=URL):
        return Browser().get(path, headers=self.headers)

    def ids(self, query=""):
        """Return the ids of a listing without the admin token's own Grant."""
        response = self.get(f"{URL}?{query}")
        assert response.status_code == 200, response.content
        return [g["grant_id"] for g in response.json()["grants"] if g["grant_id"] != self.own]

    def patch(self, grant, body):
        return Browser().patch(
            f"{URL}/{grant.grant_id}", body, content_type="application/json", headers=self.headers
        )


@pytest.fixture
def api(acme):
    """Acme's view."""
    return Api(acme)


@pytest.mark.spec("WG1-02 8.1 a", "WG3-01 9.4 b")
def test_a_grant_has_every_field_of_the_standard(acme, api):
    """CDS-WG1-02 8.1; `not_after` repeats `expires` (decision 14)."""
    expires = timezone.now() + timedelta(days=3)
    grant = GrantFactory.create(client=acme.app, expires=expires)
    older = GrantFactory.create(client=acme.app)
    GrantReplacement.objects.create(newer=grant, older=older)
    child = GrantFactory.create(client=acme.app, parent=grant)
    receipt = ReceiptFactory.create(grant=grant)
    uri = f"http://testserver{URL}/"
    assert api.get(f"{URL}/{grant.grant_id}").json() == {
        "grant_id": grant.grant_id,
        "uri": uri + grant.grant_id,
        "replacing": [uri + older.grant_id],
        "replaced_by": [],
        "parent": None,
        "children": [child.grant_id],
        "created": format_datetime(grant.created),
        "modified": format_datetime(grant.created),
        "not_before": None,
        "not_after": format_datetime(expires),
        "eta": None,
        "expires": format_datetime(expires),
        "status": "active",
        "client_id": acme.app.client_id,
        "scope": "cds_service_contracts cds_usage",
        "authorization_details": grant.authorization_details,
        "receipt_confirmations": [receipt.confirmation_number],
        "states": [],
        "enabled_scope": "cds_service_contracts cds_usage",
        "enabled_authorization_details": grant.authorization_details,
    }
    assert api.get(f"{URL}/{older.grant_id}").json()["replaced_by"] == [uri + grant.grant_id]
    assert api.get(f"{URL}/{child.grant_id}").json()["parent"] == grant.grant_id


def test_each_party_sees_its_own(acme, rival, api):
    """Another party's Grant is 404, as if it did not exist."""
    mine, theirs = GrantFactory.create(client=acme.app), GrantFactory.create(client=rival.app)
    assert api.ids() == [mine.grant_id]
    assert api.ids(f"grant_ids={theirs.grant_id}") == []
    assert api.get(f"{URL}/{theirs.grant_id}").status_code == 404
    assert api.patch(theirs, {"status": "closed"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.status == "active"


def test_the_admin_grant_itself_is_listed(acme, api):
    """CDS-WG1-02 12.16 shows it."""
    assert api.own in [g["grant_id"] for g in api.get().json()["grants"]]


@pytest.mark.spec("WG1-02 8.4 b")
def test_filters(acme, api):
    """All of spec 8.4, and `states` of CDS-WG3-01 9.1.1; together they intersect."""
    old = timezone.now() - timedelta(days=10)
    first = GrantFactory.create(
        client=acme.app, created=old, modified=old, scope="cds_usage", states=["state-0", "state-1"]
    )
    second = GrantFactory.create(
        client=acme.public, revoked=True, parent=first, authorization_details=[]
    )
    receipt = ReceiptFactory.create(grant=first)
    a, b = first.grant_id, second.grant_id
    when = quote(format_datetime(old))
    middle = quote(format_datetime(old + timedelta(days=1)))
    expected = {
        f"grant_ids={a}": [a],
        f"grant_ids={a}+{b}+gr_x": [b, a],
        f"parents={a}": [b],
        "statuses=active": [a],
        "statuses=active+revoked": [b, a],
        "statuses=nonsense": [],
        f"client_ids={acme.app.client_id}": [a],
        "scopes=cds_usage": [b, a],
        "scopes=cds_service_contracts": [b],
        "scopes=cds": [],
        "scopes=cds_.*": [],
        f"receipt_confirmations={receipt.confirmation_number}": [a],
        "states=state-1": [a],
        "states=other+state-0": [a],
        "states=other": [],
        f"after={when}": [b, a],
        f"after={middle}": [b],
        f"before={when}": [a],
        f"before={middle}&statuses=revoked": [],
        "statuses=": [b, a],
        "unknown=1": [b, a],
    }
    assert {query: api.ids(query) for query in expected} == expected


def test_a_scope_only_in_the_details_is_found(acme, api):
    """8.4: within `scope` or as the type of an entry."""
    grant = GrantFactory.create(
        client=acme.app, scope="", authorization_details=[{"type": "cds_usage"}]
    )
    assert api.ids("scopes=cds_usage") == [grant.grant_id]


def test_a_long_list_of_scopes_is_no_error(acme, api):
    """As many values as the parameter takes, all of them long."""
    grant = GrantFactory.create(client=acme.app, scope="cds_usage cds_more")
    many = "+".join(f"scope{number}{'x' * 70}" for number in range(990))
    assert api.ids(f"scopes={many}") == []
    assert api.ids(f"scopes={many}+cds_more") == [grant.grant_id]


@pytest.mark.parametrize("scope", ["cds_usag", "cds.usage", ".*", "cds_usage|x"])
def test_scopes_are_compared_as_a_whole(acme, api, scope):
    """Scope ids are no patterns."""
    GrantFactory.create(client=acme.app, scope="cds_usage", authorization_details=[])
    assert api.ids(f"scopes={scope}") == []


@pytest.mark.parametrize("query", ["after=yesterday", "cursor=x", "grant_ids=%00"])
def test_unreadable_filters_are_told(acme, api, query):
    """A filter that is silently ignored would show too much."""
    response = api.get(f"{URL}?{query}")
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


@pytest.mark.spec("WG1-02 8.4 c")
def test_pages_hold_a_hundred_in_order_and_each_grant_once(acme, api):
    """Last modified first; `next` and `previous` are always there (decision 25)."""
    at = timezone.now()
    made = [
        GrantFactory.create(
            client=acme.app, created=at, modified=at - timedelta(seconds=n // 3)
        ).grant_id
        for n in range(120)
    ]
    seen, url, sizes = [], f"{URL}?client_ids={acme.app.client_id}", []
    while url:
        body = api.get(url).json()
        seen += body["grants"]
        sizes.append(len(body["grants"]))
        url = body["next"]
    assert sizes == [100, 20]
    assert sorted(g["grant_id"] for g in seen) == sorted(made)
    assert [g["modified"] for g in seen] == sorted((g["modified"] for g in seen), reverse=True)
    assert len(api.get(body["previous"]).json()["grants"]) == 100


@pytest.mark.parametrize("count", [1, 100])
def test_a_page_costs_the_same_for_any_number_of_rows(acme, api, count, django_assert_num_queries):
    """Token, Grants, and one query for each of the four relations."""
    for grant in GrantFactory.create_batch(count, client=acme.app):
        ReceiptFactory.create(grant=grant)
        GrantFactory.create(client=acme.app, parent=grant)
    with django_assert_num_queries(6):
        api.get()


@pytest.mark.spec("WG1-02 8.6 c")
def test_closing_ends_the_grant(acme, api, listener):
    """CDS-WG1-02 8.6; the enabled fields empty (decision 32) and the tokens die."""
    grant = GrantFactory.create(client=acme.app)
    raw = token_for(grant)
    response = api.patch(grant, {"status": "closed", "grant_id": "ignored", "client_id": 7})
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "closed"
    assert body["enabled_scope"] == ""
    assert body["enabled_authorization_details"] == []
    assert body["scope"] == grant.scope
    assert body["modified"] > body["created"]
    assert listener.ended == [grant.grant_id]
    response = Browser().get(URL, headers={"Authorization": f"Bearer {raw}"})
    assert response.status_code == 401
    event = AuditEvent.objects.get(action="grant.closed")
    assert event.actor == f"client:{acme.admin.client_id}"


def test_closing_twice_is_no_error(acme, api):
    """A lost answer may be asked for again."""
    grant = GrantFactory.create(client=acme.app)
    first = api.patch(grant, {"status": "closed"}).json()
    assert api.patch(grant, {"status": "closed"}).json() == first


@pytest.mark.parametrize(
    "body",
    [
        {"status": "active"},
        {"status": "revoked"},
        {"status": None},
        {"scope": 7},
        {"scope": ""},
        {"scope": "cds_usage cds_client_admin"},
        {"authorization_details": {}},
        {"authorization_details": [{"type": "cds_usage", "file_id": "x"}]},
        {"authorization_details": ["cds_usage"]},
        {"scope": "cds_usage", "authorization_details": [{"type": "cds_service_contracts"}]},
        {"authorization_details": []},
        [],
        "closed",
    ],
)
def test_a_client_cannot_give_itself_more(acme, api, body):
    """Only `closed`, and only less; the Grant stays as it was."""
    grant = GrantFactory.create(client=acme.app)
    response = api.patch(grant, body)
    assert response.status_code == 400, response.content
    assert response.json()["error"] in {
        "invalid_request",
        "invalid_scope",
        "invalid_authorization_details",
    }
    after = Grant.objects.get(pk=grant.pk)
    assert (after.status, after.scope, after.modified) == ("active", grant.scope, grant.modified)


def test_a_revoked_grant_cannot_be_closed(acme, api):
    """Nothing leads out of an ended Grant."""
    grant = GrantFactory.create(client=acme.app, revoked=True)
    assert api.patch(grant, {"status": "closed"}).status_code == 400


@pytest.mark.spec("WG1-02 8.6 e")
def test_giving_a_scope_back_needs_no_consent(acme, api, listener):
    """CDS-WG1-02 8.6: a reduction; what was selected for the rest stays with it."""
    grant = GrantFactory.create(client=acme.app)
    for entry, scope in enumerate(grant.scope_ids):
        Selection.objects.create(
            grant=grant, entry=entry, scope_id=scope, selection_type="s", object_ids=[scope]
        )
    body = api.patch(grant, {"scope": "cds_usage"}).json()
    assert body["scope"] == body["enabled_scope"] == "cds_usage"
    assert [e["type"] for e in body["authorization_details"]] == ["cds_usage"]
    assert body["enabled_authorization_details"] == body["authorization_details"]
    assert list(grant.selections.values_list("entry", "scope_id")) == [(0, "cds_usage")]
    assert listener.approved == [grant.grant_id]


def test_giving_an_entry_back_takes_its_scope_along(acme, api):
    """The two name the same access (decision 47)."""
    grant = GrantFactory.create(client=acme.app)
    body = api.patch(grant, {"authorization_details": grant.authorization_details[:1]}).json()
    assert body["scope"] == "cds_service_contracts"
    assert body["authorization_details"] == grant.authorization_details[:1]


def test_other_methods_do_not_exist(acme, api):
    """Grants come of authorizations, not of POST, and are never deleted."""
    grant = GrantFactory.create(client=acme.app)
    assert Browser().post(URL, {}, headers=api.headers).status_code == 405
    assert Browser().delete(f"{URL}/{grant.grant_id}", headers=api.headers).status_code == 405


@pytest.mark.spec("CDS-WG1-02", "8.1", "states hold the state of each request (draft)")
def test_states_of_earlier_grants_are_kept_with_them(acme):
    """Requests are cleared away some time after their answer; the Grant is asked for by state."""
    grant, other = GrantFactory.create(client=acme.app), GrantFactory.create(client=acme.app)
    for number, state in enumerate(["first", "second", "first", None]):
        request = AuthorizationRequestFactory.create(client=acme.app)
        request.params["state"] = state
        request.outcome, request.grant = "approved", grant
        request.answered = timezone.now() + timedelta(minutes=number)
        request.save()
    fill = import_module("consent.migrations.0009_fill_grant_states").fill
    for _ in range(2):
        fill(apps, None)
    grant.refresh_from_db()
    other.refresh_from_db()
    assert (grant.states, other.states) == (["first", "second"], [])
