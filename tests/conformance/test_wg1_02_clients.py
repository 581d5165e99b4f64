"""CDS-WG1-02 5 and 6: Clients and Messages."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from registration.models import Client
from tests.factories.registration import ClientFactory, MessageFactory
from tests.registration.onboarding_support import offer_with
from tests.registration.schemas import SCHEMAS, problems
from tests.registration.support import caller, offer_demo_scopes, register_demo_client

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/clients"
OBJECTS = json.loads((SCHEMAS.parent / "objects.json").read_text(encoding="utf-8"))


@pytest.fixture
def api():
    offer_demo_scopes()
    register_demo_client(client_name=None)
    return caller(Client.objects.get(scopes=["cds_client_admin"]))


@pytest.fixture
def consent(api):
    return Client.objects.get(response_types=["code"])


@pytest.mark.spec("WG1-02 5 a", "WG1-02 11.2 c")
@pytest.mark.parametrize("path", ["clients", "messages", "credentials"])
def test_a_token_is_needed(path):
    """401 without one."""
    answer = APIClient().get(f"/cds-api/v1/{path}")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.spec("WG1-02 5.1 a", "WG1-02 5.1 b", "WG1-02 5.2 a", "WG1-02 5.3 a")
def test_client_format(api):
    """All Clients of a registration, in a listing that has its format too."""
    body = api.get(LIST).json()
    assert problems("ClientListing", body) == []
    for client in body["clients"]:
        assert problems("Client", client) == []
        assert client["client_name"] == client["client_id"]
        assert client["contacts"] == []
        assert "client_secret" not in client


@pytest.mark.spec("WG1-02 5.1 d")
def test_status_options(api):
    """All others list `disabled` (decision 22)."""
    for client in api.get(LIST).json()["clients"]:
        is_admin = client["scope"] == "cds_client_admin"
        assert ("disabled" in client["cds_status_options"]) is not is_admin


@pytest.mark.spec("WG1-02 5.1 e")
def test_server_metadata_of_clients(api):
    """Both documents have their format."""
    for client in api.get(LIST).json()["clients"]:
        own = APIClient().get(client["cds_server_metadata"]).json()
        assert problems("ServerMetadata", own) == []
        oauth = APIClient().get(own["oauth_metadata"]).json()
        assert problems("AuthorizationServerMetadata", oauth) == []
        assert set(client["scope"].split()) <= set(oauth["scopes_supported"])


@pytest.mark.spec("WG1-02 5.1 c", "WG1-02 5.4 a")
def test_addresses_are_unique(api):
    """Also among the Clients of several parties, which read only their own."""
    register_demo_client()
    other = caller(Client.objects.filter(scopes=["cds_client_admin"]).latest("pk"))
    mine, theirs = (
        {client["cds_client_uri"]: client for client in party.get(LIST).json()["clients"]}
        for party in (api, other)
    )
    assert len(mine) == len(theirs) == 3
    assert not mine.keys() & theirs.keys()
    assert [api.get(uri).status_code for uri in theirs] == [404] * 3


@pytest.mark.spec("WG1-02 5.1 g", "WG1-02 5.1 h", "WG1-02 5.1 i")
def test_defaults_of_clients_that_ask_customers(api):
    """At first all scopes, the server's own redirect URI and no details; others have none."""
    for client in api.get(LIST).json()["clients"]:
        named = {name for name in client if name.startswith("cds_default_")}
        if not client["response_types"]:
            assert named == set()
            continue
        assert client["cds_default_scope"] == client["scope"]
        assert [client["cds_default_redirect_uri"]] == client["redirect_uris"]
        assert client["cds_default_authorization_details"] == []
        assert len(named) == 3


@pytest.mark.spec("WG1-02 5.1 j")
def test_further_fields_are_documented(api):
    """What the standard's Client object does not list is named on the page about registration."""
    listed = {
        field["name"]
        for field in OBJECTS["Client"]["fields"]
        if not field.get("source", "").startswith("CDS-WG3")
    }
    offer_with(optional=("purposes", "company_kind"), scope="cds_usage_reviewed")
    purpose: Any = {
        "id": "",
        "name": "n",
        "content": "c",
        "related_uri": None,
        "scopes_supported": [],
    }
    answer = register_demo_client(
        scope="cds_client_admin cds_usage_reviewed",
        cds_purposes=[purpose],
        cds_company_kind="company",
        client_uri="https://solar.example/",
    )
    admin = Client.objects.get(client_id=answer.json()["client_id"])
    shown = {name for c in caller(admin).get(LIST).json()["clients"] for name in c}
    page = APIClient().get("/docs/registration/").content.decode()
    assert "cds_purposes" in shown
    for name in shown - listed:
        assert f"<code>{name}</code>" in page


@pytest.mark.spec("WG1-02 5.3 c")
def test_order(api):
    """By `cds_modified`."""
    now = timezone.now()
    registration = Client.objects.get(scopes=["cds_client_admin"]).registration
    ClientFactory.create(registration=registration, modified=now - timedelta(days=9))
    ClientFactory.create(registration=registration, modified=now + timedelta(days=9))
    times = [client["cds_modified"] for client in api.get(LIST).json()["clients"]]
    assert times == sorted(times, reverse=True)


@pytest.mark.spec("WG1-02 5.3 b")
def test_filter(api, consent):
    """Ids of others match nothing."""
    other = ClientFactory.create()
    ids = f"{consent.client_id} {other.client_id}"
    clients = api.get(LIST, {"client_ids": ids}).json()["clients"]
    assert [client["client_id"] for client in clients] == [consent.client_id]


@pytest.mark.spec("CDS-WG1-02", "5.3", "pages of 100")
def test_pages(api):
    """`next` leads through all, each once."""
    registration = Client.objects.get(scopes=["cds_client_admin"]).registration
    ClientFactory.create_batch(120, registration=registration)
    first = api.get(LIST).json()
    second = api.get(first["next"]).json()
    seen = [client["client_id"] for client in first["clients"] + second["clients"]]
    assert (len(first["clients"]), len(set(seen)), second["next"]) == (100, 123, None)


@pytest.mark.spec("WG1-02 5.3 d")
def test_changelog(api, consent):
    """With a link to the Client; registration itself wrote none."""
    assert api.get("/cds-api/v1/messages").json()["unread"] == []
    api.put(f"{LIST}/{consent.client_id}", {"client_name": "New"}, format="json")
    message = api.get("/cds-api/v1/messages").json()["unread"][0]
    assert problems("Message", message) == []
    assert message["related_type"] == "client"
    assert api.get(message["related_uri"]).json()["client_name"] == "New"


@pytest.mark.spec("WG1-02 5.4 a")
def test_get(api):
    """The same object as in the listing."""
    for client in api.get(LIST).json()["clients"]:
        assert api.get(client["cds_client_uri"]).json() == client


@pytest.mark.spec("WG1-02 5.5 a", "WG1-02 5.5 b", "WG1-02 5.5 j")
def test_put(api, consent):
    """redirect_uris with the default kept, and a new default."""
    new = "https://client.example.com/my-new-redirect"
    payload = {
        "scope": "cds_usage",
        "redirect_uris": [consent.cds_default_redirect_uri, new],
        "authorization_details_types": ["cds_usage"],
        "cds_status": "sandbox",
        "cds_default_scope": "cds_usage",
        "cds_default_redirect_uri": new,
        "cds_default_authorization_details": [],
        "cds_company_name": "My Company Name",
    }
    answer = api.put(f"{LIST}/{consent.client_id}", payload, format="json")
    assert answer.status_code == 200
    assert problems("Client", answer.json()) == []
    assert answer.json()["redirect_uris"] == payload["redirect_uris"]
    assert answer.json()["cds_default_redirect_uri"] == new


@pytest.mark.spec("WG1-02 5.5 e")
@pytest.mark.parametrize(
    "name",
    [
        "client_id",
        "client_id_issued_at",
        "client_secret",
        "client_secret_expires_at",
        "grant_types",
        "response_types",
        "token_endpoint_auth_method",
        "cds_created",
        "cds_modified",
        "cds_client_uri",
        "cds_server_metadata",
        "cds_status_options",
    ],
)
def test_immutable(api, consent, name):
    """400 that names the field."""
    answer = api.put(f"{LIST}/{consent.client_id}", {name: "changed"}, format="json")
    assert (answer.status_code, answer.json()["field"]) == (400, name)


@pytest.mark.spec("WG1-02 5.5 k")
def test_reset(api, consent):
    """Decision 23."""
    path = f"{LIST}/{consent.client_id}"
    api.put(path, {"client_name": "New", "cds_status": "disabled"}, format="json")
    body = api.put(path, {}, format="json").json()
    assert body["client_name"] == consent.client_id
    assert (body["cds_status"], body["scope"]) == ("disabled", "cds_usage")


@pytest.mark.spec("WG1-02 6.8 a")
def test_message_listing(api):
    """Three lists, each with next and previous."""
    registration = Client.objects.get(scopes=["cds_client_admin"]).registration
    MessageFactory.create(registration=registration, type="support_request", status="pending")
    MessageFactory.create(registration=registration, read=True)
    body = api.get("/cds-api/v1/messages").json()
    assert problems("MessageListing", body) == []
    assert [len(body[name]) for name in ("outstanding", "unread", "read")] == [1, 1, 1]


@pytest.mark.spec("WG1-02 6.10 a", "WG1-02 6.11 i")
def test_message(api):
    """200 with the whole updated object."""
    registration = Client.objects.get(scopes=["cds_client_admin"]).registration
    MessageFactory.create(registration=registration)
    message = api.get("/cds-api/v1/messages").json()["unread"][0]
    assert api.get(message["uri"]).json() == message
    answer = api.patch(message["uri"], {"read": True}, format="json")
    assert (answer.status_code, answer.json()["read"]) == (200, True)
    assert problems("Message", answer.json()) == []
