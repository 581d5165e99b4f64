"""CDS-WG1-02 4: the registration process."""

import pytest

from registration.models import Client, Credential
from tests.rates import rates
from tests.registration.schemas import problems
from tests.registration.support import caller, offer_demo_scopes, register_demo_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _offers():
    offer_demo_scopes()


@pytest.fixture
def clients():
    """What the registered party sees in its Clients API."""
    register_demo_client(redirect_uris=["https://app.example/cb"])
    admin = Client.objects.get(scopes=["cds_client_admin"])
    return caller(admin).get("/cds-api/v1/clients").json()["clients"]


@pytest.mark.spec("WG1-02 4.1 a")
def test_admin_scope_is_needed():
    """Other registrations are not of this standard, and this server knows no others."""
    assert register_demo_client(scope="cds_usage").status_code == 400


@pytest.mark.spec("WG1-02 4.1 b", "WG1-02 4.1 c")
def test_mixed_scopes_are_refused():
    """Also when the other scope is one of OpenID Connect."""
    answer = register_demo_client(scope="cds_client_admin cds_usage openid")
    assert (answer.status_code, answer.json()["field"]) == (400, "scope")
    assert not Client.objects.exists()


@pytest.mark.spec("WG1-02 4.1 d")
@pytest.mark.parametrize("value", [["https://app.example/cb"], ["javascript:x"], "x", 7, None])
def test_redirect_uris_are_ignored(value):
    """Whatever they are."""
    answer = register_demo_client(redirect_uris=value)
    assert (answer.status_code, answer.json()["redirect_uris"]) == (201, [])
    consent = Client.objects.get(response_types=["code"])
    assert consent.redirect_uri_list == [consent.cds_default_redirect_uri]


@pytest.mark.spec("WG1-02 4.2 a", "WG1-02 4.2 b", "WG1-02 4.2 c", "WG1-02 4.2 d")
def test_response():
    """Decision 21: 201, and no client_secret_expires_at."""
    answer = register_demo_client()
    body = answer.json()
    assert answer.status_code == 201
    assert problems("ClientRegistrationResponse", body) == []
    assert body["scope"] == "cds_client_admin"
    assert body["redirect_uris"] == body["response_types"] == []
    assert body["grant_types"] == ["client_credentials"]
    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert "client_secret_expires_at" not in body
    credential = Credential.objects.get(client__client_id=body["client_id"])
    assert body["client_secret"] == credential.secret


@pytest.mark.spec("WG1-02 4.2 e")
def test_other_clients_are_made(clients):
    """Each scope is in exactly one Client."""
    scopes = [scope for client in clients for scope in client["scope"].split()]
    assert sorted(scopes) == ["cds_client_admin", "cds_grant_admin_1", "cds_usage"]


@pytest.mark.spec("WG1-02 4.2 f")
def test_grant_admin_client_is_made(clients):
    """Decision 22."""
    admin = next(client for client in clients if client["scope"] == "cds_grant_admin_1")
    assert admin["cds_status"] == "production"
    assert admin["authorization_details_types"] == ["cds_grant_admin_1"]


@pytest.mark.spec("WG1-02 4.2 g")
def test_credentials_are_made(clients):
    """Available in the Credentials API."""
    admin = Client.objects.get(scopes=["cds_client_admin"])
    listed = caller(admin).get("/cds-api/v1/credentials").json()["credentials"]
    wanted = {
        client["client_id"]
        for client in clients
        if client["token_endpoint_auth_method"] is not None
    }
    assert {credential["client_id"] for credential in listed} == wanted


@pytest.mark.spec("WG1-02 4.2 h", "WG3-01 9.3.3 a")
def test_default_redirect_uri(clients):
    """It leads to the receipt on this server."""
    consent = next(client for client in clients if client["response_types"])
    expected = f"http://testserver/oauth/default-redirect/{consent['client_id']}"
    assert consent["redirect_uris"] == [consent["cds_default_redirect_uri"]] == [expected]


@pytest.mark.spec("WG1-02 4.2 j", "WG1-02 4.2 l")
def test_sandbox(clients):
    """Production comes after a review, as another Client."""
    for client in clients:
        options = set(client["cds_status_options"])
        assert not {"production", "sandbox"} <= options
        if client["response_types"]:
            assert options == {"sandbox", "disabled"}


@pytest.mark.spec("CDS-WG1-02", "4.2", "Clients share response types, grant types and auth method")
def test_grouping():
    """What differs is kept apart."""
    register_demo_client(scope="cds_client_admin cds_usage cds_service_contracts")
    seen = [
        (
            tuple(client.response_types),
            tuple(client.grant_types),
            client.token_endpoint_auth_method,
            client.is_admin,
        )
        for client in Client.objects.all()
    ]
    assert len(seen) == len(set(seen)) == 3


@pytest.mark.spec("CDS-WG1-02", "11.3", "registration is rate limited")
def test_registration_is_rate_limited(settings, stopped_clock):
    """429 with Retry-After."""
    rates(settings, register="1/min")
    register_demo_client()
    refused = register_demo_client()
    assert refused.status_code == 429
    assert refused.has_header("Retry-After")
