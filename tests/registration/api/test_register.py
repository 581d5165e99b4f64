"""What a registration request may hold, and what it makes."""

import json

import pytest
from rest_framework.test import APIClient

from portal import crypto
from portal.models import AuditEvent
from registration.models import Client, Credential, Registration
from tests.rates import rates
from tests.registration.support import offer_demo_scopes, register_demo_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _offers():
    offer_demo_scopes()


def test_everything_is_made_in_one_go():
    """One organisation, an admin Client, the consent Client and the grant admin it needs."""
    answer = register_demo_client(contacts=["ops@solar.example"]).json()
    registration = Registration.objects.get()
    clients = {client.scope: client for client in Client.objects.all()}
    assert registration.name == "Solar Helper"
    assert set(clients) == {"cds_client_admin", "cds_grant_admin_1", "cds_usage"}
    assert answer["client_id"] == clients["cds_client_admin"].client_id
    assert {client.registration for client in clients.values()} == {registration}
    assert Credential.objects.count() == 3
    assert AuditEvent.objects.filter(action="registration.created").count() == 1


def test_scopes_that_work_alike_share_a_client():
    """CDS-WG1-02 4.2: one authorization request can ask for both."""
    register_demo_client(scope="cds_usage cds_client_admin cds_service_contracts")
    consent = Client.objects.get(response_types=["code"])
    assert consent.scopes == ["cds_usage", "cds_service_contracts"]
    assert consent.cds_status == "sandbox"
    assert consent.cds_status_options == ["sandbox", "disabled"]


def test_a_public_client_has_no_secret():
    """Decision 54: `none` where offered, PKCE required, and no Credential."""
    answer = register_demo_client(token_endpoint_auth_method="none").json()
    consent = Client.objects.get(response_types=["code"])
    assert answer["token_endpoint_auth_method"] == "client_secret_basic"
    assert consent.is_public
    assert consent.pkce_required
    assert consent.client_type == Client.CLIENT_PUBLIC
    assert not consent.credentials.exists()


def test_the_secret_is_stored_encrypted():
    """Neither the database nor the library's own column holds it in clear."""
    secret = register_demo_client().json()["client_secret"]
    client = Client.objects.get(scopes=["cds_client_admin"])
    credential = client.credentials.get()
    assert client.client_secret == ""
    assert secret not in credential.secret_ciphertext
    assert credential.secret_digest == crypto.digest(secret, purpose="client_secret")
    assert credential.secret == secret


def test_descriptive_fields_reach_every_client():
    """The consent page shows them, so the consent Client has them too."""
    register_demo_client(
        contacts=["ops@solar.example", "tel:+1-555-0100"],
        client_uri="https://solar.example/",
        logo_uri="https://solar.example/logo.png",
        tos_uri="https://solar.example/terms",
        policy_uri="https://solar.example/privacy",
    )
    for client in Client.objects.all():
        assert client.client_name == "Solar Helper"
        assert client.contacts == ["ops@solar.example", "tel:+1-555-0100"]
        assert client.policy_uri == "https://solar.example/privacy"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scope": None}, "scope"),
        ({"scope": ""}, "scope"),
        ({"scope": 7}, "scope"),
        ({"scope": ["cds_client_admin"]}, "scope"),
        ({"scope": "cds_usage"}, "scope"),
        ({"scope": "openid"}, "scope"),
        ({"scope": "cds_client_admin openid"}, "scope"),
        ({"scope": "cds_client_admin \u0000"}, "scope"),
        ({"client_name": 1}, "client_name"),
        ({"client_name": "x" * 256}, "client_name"),
        ({"client_name": "a\u202eb"}, "client_name"),
        ({"client_name": "a\u200eb"}, "client_name"),
        ({"client_name": "a\u200bb"}, "client_name"),
        ({"client_name": "a\u2028b"}, "client_name"),
        ({"client_name": "\u200d"}, "client_name"),
        ({"client_name": "Demo Gas & Electric"}, "client_name"),
        ({"client_name": "DEMO  GAS and ELECTRIC"}, "client_name"),
        ({"client_name": "\uff24emo Gas&Electric"}, "client_name"),
        ({"client_name": "Dem\u043e Gas & Electric"}, "client_name"),
        ({"client_name": "Ac\u043ce Energy"}, "client_name"),
        ({"client_name": "\u3164Demo Gas & Electric"}, "client_name"),
        ({"client_name": "Demo Gas & EIectric"}, "client_name"),
        ({"client_name": "Demo Gas & E1ectric"}, "client_name"),
        ({"client_name": "Dem0 Gas & Electr\u0131c"}, "client_name"),
        ({"client_name": "D\u1d07mo G\u0251s & El\u0247ctric"}, "client_name"),
        ({"client_name": "Billing of DemoGas & Electric, online"}, "client_name"),
        ({"client_name": "DG&E support"}, "client_name"),
        ({"client_name": "Acme (website confirmed)"}, "client_name"),
        ({"client_name": "Acme \u2713"}, "client_name"),
        ({"client_name": "A" + "\u0301" * 240}, "client_name"),
        ({"client_name": "\u0301Acme"}, "client_name"),
        ({"contacts": "ops@solar.example"}, "contacts"),
        ({"contacts": [1]}, "contacts"),
        ({"contacts": [["x"]]}, "contacts"),
        ({"contacts": [""]}, "contacts"),
        ({"contacts": ["x" * 321]}, "contacts"),
        ({"contacts": [str(n) for n in range(21)]}, "contacts"),
        ({"client_uri": "http://solar.example"}, "client_uri"),
        ({"client_uri": {"a": 1}}, "client_uri"),
        ({"client_uri": "https://user@solar.example"}, "client_uri"),
        ({"logo_uri": "javascript:alert(1)"}, "logo_uri"),
        ({"logo_uri": "data:image/png;base64,AAAA"}, "logo_uri"),
        ({"tos_uri": "https://"}, "tos_uri"),
        ({"tos_uri": "https://a b"}, "tos_uri"),
        ({"tos_uri": "https://solar.example:99999/"}, "tos_uri"),
        ({"policy_uri": "https://s\u00f6lar.example"}, "policy_uri"),
        ({"policy_uri": "https://a.example/" + "x" * 2000}, "policy_uri"),
        ({"grant_types": "client_credentials"}, "grant_types"),
        ({"response_types": [None]}, "response_types"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": 3}, "token_endpoint_auth_method"),
        (
            {"scope": "cds_client_admin", "token_endpoint_auth_method": "none"},
            "token_endpoint_auth_method",
        ),
    ],
)
def test_a_wrong_field_is_named(fields, field):
    """RFC 7591 3.2.2: a client can tell its user what to change; nothing is stored."""
    answer = register_demo_client(**fields)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"
    assert answer.json()["field"] == field
    assert field in answer.json()["error_description"]
    assert not Registration.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"null", b"7", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000]
)
def test_a_body_that_is_no_object_is_refused(body):
    """Whatever arrives, the answer is the same JSON shape."""
    answer = APIClient().generic("POST", "/oauth/register", body, "application/json")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_the_body_is_json_whatever_its_content_type(content_type):
    """The standard's own curl walk-through names no type."""
    body = json.dumps({"scope": "cds_client_admin"})
    assert APIClient().generic("POST", "/oauth/register", body, content_type).status_code == 201


def test_unknown_fields_are_ignored():
    """RFC 7591 2: extensions must not stop a registration."""
    assert register_demo_client(software_id={"a": [1]}, cds_company_name=None).status_code == 201


def test_the_name_defaults_to_the_client_id():
    """CDS-WG1-02 5.1."""
    answer = register_demo_client(client_name=None).json()
    assert answer["client_name"] == answer["client_id"]


def test_registrations_are_limited_by_address(settings, stopped_clock):
    """A script cannot fill the database; it is told when to come back."""
    rates(settings, register="1/min")
    assert register_demo_client().status_code == 201
    refused = register_demo_client()
    assert refused.status_code == 429
    assert refused.json()["error"] == "slow_down"
    assert int(refused["Retry-After"]) > 0


def test_answers_with_a_secret_are_not_cached():
    """RFC 6749 5.1."""
    assert register_demo_client()["Cache-Control"] == "no-store"


def test_get_is_not_allowed():
    """The endpoint only takes POST, and says so in JSON."""
    answer = APIClient().get("/oauth/register")
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "name",
    [
        "\u042d\u043d\u0435\u0440\u0433\u0438\u044f GmbH",
        "\u0395\u03bd\u03ad\u03c1\u03b3\u03b5\u03b9\u03b1",
        "\u6771\u4eac Energy",
        "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645",
    ],
)
def test_names_of_every_script_are_welcome(name):
    """What is refused are disguises, not alphabets."""
    answer = register_demo_client(client_name=name)
    assert answer.status_code == 201
    assert answer.json()["client_name"] == name
