"""Scopes that a Client gives up and takes back by PUT (CDS-WG1-02 5.5)."""

import json
from dataclasses import replace

import pytest

from registration.models import Client, Message
from registration.services.catalogue.offers import current_offers, load_offers
from registration.services.reviews.decide import approve_request, reject_request
from tests.factories.registration import ClientFactory
from tests.registration.schemas import problems
from tests.registration.support import admin_caller, offer_demo_scopes, register_demo_client

pytestmark = pytest.mark.django_db
BOTH = "cds_service_contracts cds_usage"
WITH_PURPOSES = "cds_usage cds_usage_reviewed"
# What follows from other fields; a PUT may leave it out (decision 23).
FREE = {"cds_modified": None, "authorization_details_types": None}
OWN = {
    "name": "Savings",
    "content": "To see what a battery would save.",
    "related_uri": None,
    "related_name": None,
}


@pytest.fixture(autouse=True)
def _offers():
    offer_demo_scopes()


@pytest.fixture
def api():
    return admin_caller()[0]


@pytest.fixture
def consent(api):
    return ClientFactory.create(consent=True, registration=api.handler._force_user.registration)


@pytest.fixture
def production(api):
    return ClientFactory.create(
        consent=True, production=True, registration=api.handler._force_user.registration
    )


def uri(client):
    return f"/cds-api/v1/clients/{client.client_id}"


def put(api, client, fields):
    """GET, change, PUT; what follows from the change is left to the server."""
    fields = read(api, client) | FREE | {"cds_default_scope": None} | fields
    return api.generic("PUT", uri(client), json.dumps(fields), "application/json")


def read(api, client):
    return api.get(uri(client)).json()


def same(wire):
    """Return a Client object without the time of its last change."""
    return {name: value for name, value in wire.items() if name != "cds_modified"}


def narrowed(api, client, scope="cds_usage"):
    """Give all other scopes up: GET, change, PUT; return what was read before."""
    wire = read(api, client)
    answer = put(api, client, {**wire, "scope": scope, "cds_default_scope": scope})
    assert (answer.status_code, answer.json()["scope"]) == (200, scope), answer.json()
    return wire


def waiting():
    return Message.objects.filter(type="field_changes", status="pending")


@pytest.mark.spec("WG1-02 5.5 d")
def test_what_was_given_up_can_be_taken_back(api, consent):
    """Decision 59: the registration still holds it; the Client is as it was before."""
    before = narrowed(api, consent)
    answer = put(api, consent, before | FREE)
    assert answer.status_code == 200, answer.json()
    assert same(answer.json()) == same(before)


def as_read(api, client, **changes):
    """GET, change, PUT, as a program does that knows nothing of this server."""
    body = json.dumps(read(api, client) | changes)
    return api.generic("PUT", uri(client), body, "application/json")


@pytest.mark.spec("WG1-02 5.5 d")
def test_the_object_as_read_with_less_scope_is_accepted(api, consent):
    """The default scope was all of them by the server's own doing, so it follows."""
    answer = as_read(api, consent, scope="cds_usage")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["scope"] == answer.json()["cds_default_scope"] == "cds_usage"


def test_a_default_scope_that_the_owner_chose_does_not_follow(api, consent):
    """Who wrote it has to say what becomes of it."""
    assert as_read(api, consent, cds_default_scope="cds_service_contracts").status_code == 200
    answer = as_read(api, consent, scope="cds_usage")
    assert (answer.status_code, answer.json()["field"]) == (400, "cds_default_scope")


@pytest.mark.spec("WG1-02 5.5 d")
def test_the_object_as_read_with_other_redirects_is_accepted(api, consent):
    """The default was the server's choice, so it chooses again; so it does on the way back."""
    app, own = "https://app.example.com/done", consent.cds_default_redirect_uri
    for uris, default in (([app], app), ([], own), ([app, own], own)):
        answer = as_read(api, consent, redirect_uris=uris)
        assert answer.status_code == 200, answer.json()
        assert answer.json()["cds_default_redirect_uri"] == default


def test_a_default_redirect_that_the_owner_chose_does_not_follow(api, consent):
    """It has to be named again when it leaves the list."""
    app, own = "https://app.example.com/done", consent.cds_default_redirect_uri
    chosen = {"redirect_uris": [own, app], "cds_default_redirect_uri": app}
    assert as_read(api, consent, **chosen).status_code == 200
    answer = as_read(api, consent, redirect_uris=[own])
    assert (answer.status_code, answer.json()["field"]) == (400, "cds_default_redirect_uri")


@pytest.mark.spec("WG1-02 5.5 d")
def test_a_scope_is_swapped_for_one_given_up(api, consent):
    """One PUT may do both."""
    narrowed(api, consent)
    answer = put(api, consent, {"scope": "cds_service_contracts"})
    assert (answer.status_code, answer.json()["scope"]) == (200, "cds_service_contracts")
    assert put(api, consent, {"scope": BOTH}).json()["scope"] == BOTH


def test_what_was_never_registered_is_refused_by_what_there_is(api, consent):
    """The answer names all that the Client may have, given up or not."""
    narrowed(api, consent)
    answer = put(api, consent, {"scope": "cds_usage cds_accounts"})
    assert (answer.status_code, answer.json()["field"]) == (400, "scope")
    assert "cds_accounts" in answer.json()["error_description"]
    assert BOTH in answer.json()["error_description"]


def test_what_is_not_offered_any_more_cannot_be_taken_back(api, consent):
    """The registration holds no scope that the server dropped."""
    narrowed(api, consent)
    left = [offer for name, offer in current_offers().items() if name != "cds_service_contracts"]
    load_offers(left)
    answer = put(api, consent, {"scope": BOTH})
    assert (answer.status_code, answer.json()["field"]) == (400, "scope")


@pytest.mark.spec("WG1-02 5.5 h", "WG1-02 5.5 i")
def test_production_takes_back_what_the_utility_approves(api, production):
    """It was reviewed before customers were asked for it, so it is again; the defaults wait too."""
    before = narrowed(api, production)
    answer = put(api, production, before | FREE)
    assert (answer.status_code, answer.json()["scope"]) == (202, "cds_usage")
    assert answer.json()["cds_default_scope"] == "cds_usage"
    message = waiting().get()
    assert message.updates_requested == [
        {"field": "scope", "previous_value": "cds_usage", "new_value": BOTH},
        {"field": "cds_default_scope", "previous_value": "cds_usage", "new_value": BOTH},
    ]
    (wire,) = [
        row
        for row in api.get("/cds-api/v1/messages").json()["unread"]
        if row["type"] == "field_changes"
    ]
    assert problems("Message", wire) == []
    approve_request(message=message, by="command:test")
    assert same(read(api, production)) == same(before)


def test_a_scope_taken_back_waits_once_and_can_be_rejected(api, production):
    """Like any other reviewed change."""
    narrowed(api, production)
    for _ in range(2):
        assert put(api, production, {"scope": BOTH}).status_code == 202
    reject_request(message=waiting().get(), reason="Not now.", by="command:test")
    assert read(api, production)["scope"] == "cds_usage"
    assert put(api, production, {"scope": BOTH}).status_code == 202


def test_approval_gives_back_nothing_that_was_given_up_meanwhile(api):
    """The wish was for one scope; another one that the Client left since stays left."""
    production = ClientFactory.create(
        consent=True,
        production=True,
        registration=api.handler._force_user.registration,
        scopes=["cds_service_contracts", "cds_usage", "cds_usage_reviewed"],
    )
    narrowed(api, production, "cds_usage cds_usage_reviewed")
    assert put(api, production, {"scope": production.scope}).status_code == 202
    narrowed(api, production, "cds_usage")
    approve_request(message=waiting().get(), by="command:test")
    assert read(api, production)["scope"] == BOTH


def test_no_scope_gets_a_second_production_client(api, production):
    """What another production Client took over stays there."""
    narrowed(api, production)
    ClientFactory.create(
        consent=True,
        production=True,
        registration=production.registration,
        scopes=["cds_service_contracts"],
    )
    answer = put(api, production, {"scope": BOTH})
    assert (answer.status_code, answer.json()["field"]) == (400, "scope")
    assert not waiting().exists()


def test_server_granted_scopes_were_never_reviewed(api):
    """They work in production from the start, so taking one back needs nobody."""
    client = ClientFactory.create(
        registration=api.handler._force_user.registration,
        scopes=["cds_grant_admin_1", "cds_server_provided_files_1"],
    )
    assert put(api, client, {"scope": "cds_grant_admin_1"}).status_code == 200
    answer = put(api, client, {"scope": client.scope})
    assert (answer.status_code, answer.json()["scope"]) == (200, client.scope)


# --- Purposes, which belong to scopes (CDS-WG3-01 8.2) -------------------------------------------


@pytest.fixture
def known(api):
    """Make a consent Client by a registration: it has the server's default purpose."""
    made = register_demo_client(
        scope=f"cds_client_admin {WITH_PURPOSES}", contacts=["ops@solar.example"]
    )
    assert made.status_code == 201, made.json()
    client = Client.objects.get(scopes=WITH_PURPOSES.split())
    client.registration = api.handler._force_user.registration
    client.save()
    return client


def test_default_purposes_sent_back_are_ignored_whatever_the_scope(api, known):
    """CDS-WG3-01 8.2: the object as read, with a scope that has no purposes."""
    assert read(api, known)["cds_purposes"]
    narrowed(api, known)
    assert "cds_purposes" not in read(api, known)


def test_a_default_that_the_server_dropped_becomes_nobodys_purpose(api, known):
    """It was the server's; sent back later it is not a purpose that the Client wrote."""
    wire = read(api, known)
    load_offers(
        replace(offer, fields=tuple(entry for entry in offer.fields if entry.id != "purpose"))
        for offer in current_offers().values()
    )
    answer = put(api, known, wire)
    assert answer.status_code == 200, answer.json()
    assert "cds_purposes" not in answer.json()


def test_own_purposes_come_back_with_their_scope(api, known):
    """A purpose may be for no scope at all (CDS-WG3-01 8.3); its words are not lost."""
    wire = read(api, known)
    put(api, known, {**wire, "cds_purposes": {**wire["cds_purposes"], "new": OWN}})
    before = narrowed(api, known)
    assert len(before["cds_purposes"]) == 2
    left = read(api, known)["cds_purposes"]
    assert [purpose["scopes_supported"] for purpose in left.values()] == [[]]
    answer = put(api, known, before | FREE)
    assert answer.status_code == 200, answer.json()
    assert same(answer.json()) == same(before)


def test_new_purposes_need_a_scope_that_takes_them(api, known):
    """Nobody could ever choose them."""
    narrowed(api, known)
    answer = put(api, known, {"cds_purposes": {"new": OWN}})
    assert (answer.status_code, answer.json()["field"]) == (400, "cds_purposes"), answer.json()
