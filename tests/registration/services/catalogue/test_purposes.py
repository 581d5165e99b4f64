"""Purposes of Clients: defaults, the client's own, and the choices they become (CDS-WG3-01 8)."""

import json
from dataclasses import replace

import pytest

from registration.catalogue.formats import FieldFormat
from registration.models import Client
from registration.services.catalogue.offers import current_offers, load_offers, offers_for
from registration.services.catalogue.purposes import for_client
from registration.services.metadata.documents import (
    authorization_server_metadata,
    client_offers,
)
from tests.registration.onboarding_support import offer_with, refusal
from tests.registration.schemas import problems
from tests.registration.support import caller, register_demo_client

pytestmark = pytest.mark.django_db

SCOPE = "cds_usage_reviewed"
WRITTEN = {
    "id": "",
    "name": "Solar",
    "content": "To see how much sun\nyour roof gets.",
    "related_uri": "https://solar.example/why",
    "related_name": "More about it",
    "scopes_supported": [],
}


@pytest.fixture
def client():
    """A consent Client with the default purpose and one of its own."""
    offer_with(optional=("purposes",), scope=SCOPE)
    answer = register_demo_client(
        scope=f"cds_client_admin {SCOPE} cds_usage", cds_purposes=[WRITTEN]
    )
    assert answer.status_code == 201, answer.content
    return Client.objects.get(response_types=["code"])


def own_id(client):
    """The id that the server gave to the client's purpose."""
    client.refresh_from_db()
    return next(key for key in client.purposes if key != "home_energy")


def get(client):
    """The Client object as its owner sees it."""
    return caller(admin(client)).get(f"/cds-api/v1/clients/{client.client_id}").json()


def admin(client):
    """The admin Client of the same registration."""
    return Client.objects.get(registration=client.registration, scopes=["cds_client_admin"])


def put(client, purposes):
    """Change only the purposes."""
    body = {**get(client), "cds_purposes": purposes}
    if purposes is None:
        del body["cds_purposes"]
    answer = caller(admin(client)).generic(
        "PUT", f"/cds-api/v1/clients/{client.client_id}", json.dumps(body), "application/json"
    )
    client.refresh_from_db()
    return answer


@pytest.mark.spec("WG3-01 8.1 a", "WG3-01 8.3 a")
def test_registered_purposes(client):
    """Ids are the server's, scopes those with the field; the default comes along."""
    wire = get(client)["cds_purposes"]
    mine = wire[own_id(client)]
    assert set(wire) == {"home_energy", own_id(client)}
    assert all(key == purpose["id"] for key, purpose in wire.items())
    assert all(problems("Purpose", purpose) == [] for purpose in wire.values())
    assert mine["content"] == WRITTEN["content"]
    assert mine["scopes_supported"] == [SCOPE]
    assert "server_default" not in json.dumps(wire)


def test_clients_that_ask_nobody_have_none(client):
    """The field is for authorization forms."""
    assert "cds_purposes" not in get(admin(client))


@pytest.mark.spec("WG3-01 7.4.4 c", "WG3-01 7.4.4 d")
def test_choices_per_client(client):
    """CDS-WG3-01 7.4.4: the own ones in the Client's metadata, defaults only in the public one."""

    def choices(offers):
        described = authorization_server_metadata(offers)["cds_scope_descriptions"][SCOPE]
        fields = {f["id"]: f for f in described["authorization_details_fields_supported"]}
        assert fields["purpose"]["is_required"] is False
        return [choice["id"] for choice in fields["purpose"]["choices"]]

    assert choices(current_offers()) == ["home_energy"]
    assert choices(client_offers(client)) == ["home_energy", own_id(client)]


def test_a_client_without_purposes_can_only_say_null(client):
    """Then no choices are listed; a field that knows no null is not offered at all."""
    Client.objects.filter(pk=client.pk).update(purposes={})
    client.refresh_from_db()
    (entry,) = [entry for entry in offers_for(client)[SCOPE].fields if entry.id == "purpose"]
    assert entry.choices == ()
    strict = current_offers()[SCOPE].with_field(
        replace(entry, format=FieldFormat.CHOICE, default="home_energy")
    )
    assert "purpose" not in {entry.id for entry in for_client(strict, client).fields}


def test_put_of_what_was_read_changes_nothing(client):
    """Neither the purposes nor `cds_modified`."""
    before = get(client)
    assert put(client, before["cds_purposes"]).status_code == 200
    assert get(client) == before


@pytest.mark.spec("WG3-01 8.2 b")
def test_put_changes_words_but_not_ids_or_scopes(client):
    """CDS-WG3-01 8.2: the latter are ignored."""
    key = own_id(client)
    changed = get(client)["cds_purposes"]
    changed[key] |= {"content": "New words.", "id": "other", "scopes_supported": ["cds_usage"]}
    assert put(client, changed).status_code == 200
    mine = get(client)["cds_purposes"][key]
    assert (mine["id"], mine["content"]) == (key, "New words.")
    assert mine["scopes_supported"] == [SCOPE]


@pytest.mark.spec("WG3-01 8.2 a")
def test_defaults_cannot_be_changed_or_removed(client):
    """Whatever is sent about them."""
    default = get(client)["cds_purposes"]["home_energy"]
    changed = {"home_energy": {**default, "content": "We sell your data."}}
    assert put(client, changed).status_code == 200
    assert get(client)["cds_purposes"] == {"home_energy": default}


@pytest.mark.spec("WG3-01 8.2 c")
def test_absent_purposes_are_removed(client):
    """One by one, and all of the client's by leaving the field out."""
    assert put(client, {}).status_code == 200
    assert set(get(client)["cds_purposes"]) == {"home_energy"}
    put(client, {"x": WRITTEN})
    assert put(client, None).status_code == 200
    assert set(get(client)["cds_purposes"]) == {"home_energy"}


@pytest.mark.spec("WG3-01 8.2 d")
def test_unknown_ids_are_new_purposes(client):
    """The server gives them ids and scopes; `scopes_supported` of the request does not count."""
    added = {**WRITTEN, "id": "mine", "scopes_supported": ["cds_client_admin"]}
    assert put(client, {"mine": added}).status_code == 200
    key = own_id(client)
    assert key != "mine"
    assert get(client)["cds_purposes"][key]["scopes_supported"] == [SCOPE]


@pytest.mark.spec("WG3-01 8.3 b", "WG3-01 8.3 c")
@pytest.mark.parametrize(
    "purposes",
    [
        [],
        "x",
        {"x": "y"},
        {"x": {**WRITTEN, "content": " "}},
        {"x": {**WRITTEN, "related_name": None}},
        {"x": {**WRITTEN, "related_name": "a\nb"}},
        {"x": {**WRITTEN, "related_uri": "javascript:alert(1)"}},
        {str(n): WRITTEN for n in range(51)},
    ],
)
def test_bad_purposes(client, purposes):
    """Nothing of such a PUT is stored."""
    before = get(client)
    answer = put(client, purposes)
    assert (answer.status_code, answer.json()["field"]) == (400, "cds_purposes")
    assert get(client) == before


@pytest.mark.spec("WG3-01 5.1 a")
@pytest.mark.parametrize("own", [{"id": "mine"}, {"scopes_supported": [SCOPE]}])
def test_bad_purposes_in_a_registration(own):
    """The same rules, and neither an id nor scopes of the client's own."""
    offer_with(optional=("purposes",), scope=SCOPE)
    wrong = refusal(scope=f"cds_client_admin {SCOPE}", cds_purposes=[{**WRITTEN, **own}])
    assert wrong["field"] == "cds_purposes"


def test_offers_are_still_checked():
    """A requirement nobody describes cannot be offered."""
    offer_with()
    offers = dict(current_offers())
    assert "internal_review" in offers[SCOPE].registration_requirements
    load_offers(offers.values())
