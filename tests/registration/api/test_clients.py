"""The Clients API: what a PUT changes, resets, refuses and causes."""

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.models import AuditEvent
from portal.registries import Registry
from registration import hooks
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.services.clients.update import disable_client, enable_client
from tests.factories.consent import GrantFactory
from tests.factories.registration import ClientFactory, CredentialFactory, MessageFactory
from tests.rates import rates
from tests.registration.support import admin_caller, caller, offer_demo_scopes

pytestmark = pytest.mark.django_db
APP = "https://app.example/cb"
WRONG_DETAILS: tuple[object, ...] = (
    {},
    "x",
    ["x"],
    [{}],
    [{"type": "cds_client_admin"}],
    [{"type": []}],
    [{"type": "cds_usage", "x": "\x00"}],
    [{"type": "cds_usage", "x": [[[[[[[[[[[1]]]]]]]]]]]}],
    [{"type": "cds_usage"}] * 101,
)


@pytest.fixture(autouse=True)
def _offers():
    offer_demo_scopes()


@pytest.fixture
def api():
    return admin_caller()[0]


@pytest.fixture
def consent(api):
    return ClientFactory.create(consent=True, registration=api.handler._force_user.registration)


def uri(client):
    return f"/cds-api/v1/clients/{client.client_id}"


def put(api, client, **fields):
    return api.generic("PUT", uri(client), json.dumps(fields), "application/json")


@pytest.mark.spec("WG1-02 5.5 a")
def test_what_a_get_answers_can_be_put_back(api, consent):
    """A client reads, edits and writes: unchanged it changes nothing and writes no Message."""
    consent.client_uri = "https://solar.example/"
    consent.save()
    wire = api.get(uri(consent)).json()
    answer = put(api, consent, **wire)
    assert (answer.status_code, answer.json()) == (200, wire)
    assert not Message.objects.exists()


@pytest.mark.spec("WG1-02 5.5 d")
def test_editable_fields_change(api, consent):
    """CDS-WG1-02 5.5: the twelve fields a Client may edit."""
    wanted = {
        "redirect_uris": [consent.cds_default_redirect_uri, APP, "http://127.0.0.1:9/cb"],
        "client_name": "New name",
        "client_uri": "https://app.example/",
        "logo_uri": "https://app.example/logo.svg",
        "tos_uri": "https://app.example/tos",
        "policy_uri": "https://app.example/privacy",
        "contacts": ["a@app.example"],
        "scope": "cds_usage",
        "cds_status": "sandbox",
        "cds_default_scope": "cds_usage",
        "cds_default_redirect_uri": APP,
        "cds_default_authorization_details": [{"type": "cds_usage"}],
    }
    answer = put(api, consent, **wanted)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in wanted} == wanted
    assert answer.json()["cds_modified"] > answer.json()["cds_created"]
    assert api.get(uri(consent)).json() == answer.json()


@pytest.mark.spec("WG1-02 5.5 k")
def test_absent_fields_go_back_to_the_default(api, consent):
    """Decision 23: except scope and cds_status, so a short PUT neither widens nor re-enables."""
    put(
        api,
        consent,
        scope="cds_usage",
        client_name="X",
        contacts=["x@x.example"],
        redirect_uris=[APP],
        policy_uri="https://app.example/p",
        cds_status="disabled",
    )
    answer = put(api, consent).json()
    assert answer["redirect_uris"] == [consent.cds_default_redirect_uri]
    assert answer["cds_default_redirect_uri"] == consent.cds_default_redirect_uri
    assert answer["client_name"] == consent.client_id
    assert answer["contacts"] == []
    assert "policy_uri" not in answer
    assert answer["scope"] == answer["cds_default_scope"] == "cds_usage"
    assert answer["cds_status"] == "disabled"


def test_the_default_redirect_follows_the_list(api, consent):
    """Whoever removes the server's default gets the first of the own ones."""
    answer = put(api, consent, redirect_uris=[APP, "https://app.example/2"]).json()
    assert answer["cds_default_redirect_uri"] == APP


@pytest.mark.spec("WG1-02 5.5 k")
@pytest.mark.parametrize("nothing", [[], None])
def test_no_redirect_uris_means_the_servers_own(api, consent, nothing):
    """Decision 59: a Client that asks customers always has one, so an empty list is a reset."""
    put(api, consent, redirect_uris=[APP])
    answer = put(api, consent, redirect_uris=nothing, cds_default_redirect_uri=None)
    own = consent.cds_default_redirect_uri
    assert (answer.status_code, answer.json()["redirect_uris"]) == (200, [own])
    assert answer.json()["cds_default_redirect_uri"] == own


@pytest.mark.spec("WG1-02 5.5 g")
@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        ({"client_id": "other"}, "client_id", "invalid_client_metadata"),
        ({"client_id_issued_at": 1}, "client_id_issued_at", "invalid_client_metadata"),
        ({"client_secret": "x"}, "client_secret", "invalid_client_metadata"),
        ({"client_secret": 1}, "client_secret", "invalid_client_metadata"),
        ({"client_secret": "\ud800"}, "client_secret", "invalid_request"),
        ({"client_secret_expires_at": 12}, "client_secret_expires_at", "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "grant_types", "invalid_client_metadata"),
        ({"response_types": ["token"]}, "response_types", "invalid_client_metadata"),
        (
            {"token_endpoint_auth_method": "none"},
            "token_endpoint_auth_method",
            "invalid_client_metadata",
        ),
        (
            {"authorization_details_types": []},
            "authorization_details_types",
            "invalid_client_metadata",
        ),
        ({"cds_created": "x"}, "cds_created", "invalid_client_metadata"),
        ({"cds_client_uri": "x"}, "cds_client_uri", "invalid_client_metadata"),
        ({"cds_status_options": ["production"]}, "cds_status_options", "invalid_client_metadata"),
        ({"redirect_uris": ["http://evil.example"]}, "redirect_uris", "invalid_redirect_uri"),
        ({"redirect_uris": "x"}, "redirect_uris", "invalid_redirect_uri"),
        ({"client_name": []}, "client_name", "invalid_client_metadata"),
        ({"contacts": {}}, "contacts", "invalid_client_metadata"),
        ({"logo_uri": "http://x.example"}, "logo_uri", "invalid_client_metadata"),
        ({"scope": "cds_usage cds_client_admin"}, "scope", "invalid_client_metadata"),
        ({"scope": ""}, "scope", "invalid_client_metadata"),
        ({"scope": 5}, "scope", "invalid_client_metadata"),
        ({"cds_status": "production"}, "cds_status", "invalid_client_metadata"),
        ({"cds_status": ["disabled"]}, "cds_status", "invalid_client_metadata"),
        ({"cds_default_scope": "cds_client_admin"}, "cds_default_scope", "invalid_client_metadata"),
        (
            {"scope": "cds_usage", "cds_default_scope": "cds_service_contracts"},
            "cds_default_scope",
            "invalid_client_metadata",
        ),
        ({"cds_default_redirect_uri": APP}, "cds_default_redirect_uri", "invalid_client_metadata"),
        ({"cds_default_redirect_uri": []}, "cds_default_redirect_uri", "invalid_client_metadata"),
        *(
            (
                {"cds_default_authorization_details": value},
                "cds_default_authorization_details",
                "invalid_client_metadata",
            )
            for value in WRONG_DETAILS
        ),
    ],
)
def test_wrong_values_are_named_and_change_nothing(api, consent, fields, field, error):
    """Either all fields are right or nothing is stored."""
    answer = put(api, consent, **{"client_name": "Changed"} | fields)
    body = answer.json()
    assert (answer.status_code, body["error"], body["field"]) == (400, error, field)
    consent.refresh_from_db()
    assert consent.name != "Changed"


@pytest.mark.spec("WG1-02 5.5 e")
def test_immutable_fields_may_be_repeated(api, consent):
    """Decision 23; RFC 7592 2.2 even lets a client repeat its secret."""
    secret = CredentialFactory.create(client=consent).secret
    answer = put(api, consent, client_id=consent.client_id, client_secret=secret, client_name="Y")
    assert answer.status_code == 200
    assert "client_secret" not in answer.json()


@pytest.mark.spec("WG1-02 3.9 a")
def test_default_details_keep_their_numbers(api, consent, monkeypatch):
    """Also those with a fraction; one too large for any memory is refused at once."""
    monkeypatch.setattr(hooks, "details_validators", Registry("test"))
    name = "cds_default_authorization_details"
    for text, status in (('{"type": "cds_usage", "x": [1.5, 2.0, 3]}', 200), ("1e999999999", 400)):
        entry = text if status == 200 else f'{{"type": "cds_usage", "x": {text}}}'
        body = f'{{"{name}": [{entry}]}}'.encode()
        answer = api.generic("PUT", uri(consent), body, "application/json")
        assert answer.status_code == status
    assert api.get(uri(consent)).json()[name] == [{"type": "cds_usage", "x": [1.5, 2, 3]}]


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"", b" \r\n", b"[" * 100_000])
def test_bodies_that_are_no_object_change_nothing(api, consent, body):
    """Decision 59: a body that was lost on its way must not wipe a Client (RFC 7591 3.2.2)."""
    before = api.get(uri(consent)).json()
    answer = api.generic("PUT", uri(consent), body, "text/plain")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert api.get(uri(consent)).json() == before


@pytest.mark.parametrize("body", [b"", b" "])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/oauth/register"),
        ("POST", "/cds-api/v1/messages"),
        ("POST", "/cds-api/v1/credentials"),
        ("PATCH", "/cds-api/v1/messages/{message}"),
        ("PATCH", "/cds-api/v1/credentials/{credential}"),
        ("PATCH", "/cds-api/v1/grants/{grant}"),
    ],
)
def test_no_body_is_an_empty_object(api, consent, method, path, body):
    """Whatever takes an object answers a lost body alike, and says so."""
    party = consent.registration
    path = path.format(
        message=MessageFactory.create(registration=party).message_id,
        credential=CredentialFactory.create(client=consent).credential_id,
        grant=GrantFactory.create(client=consent).grant_id,
    )
    answer = api.generic(method, path, body, "application/json")
    assert answer.status_code == 400
    assert "must be a JSON object" in answer.json()["error_description"]


def test_default_details_go_through_the_checks_of_consent(api, consent, monkeypatch):
    """The app below knows the fields; its words reach the developer."""

    def refuse(details, offers):
        assert set(offers) == {"cds_usage", "cds_service_contracts"}
        raise ValueError("segment_start must be a date")

    validators: Registry[hooks.DetailsValidator] = Registry("test")
    validators.register("refuse", refuse)
    monkeypatch.setattr(hooks, "details_validators", validators)
    answer = put(api, consent, cds_default_authorization_details=[{"type": "cds_usage"}])
    assert answer.status_code == 400
    assert "segment_start must be a date" in answer.json()["error_description"]


def test_disabling_ends_secrets_and_tokens_at_once(api, consent):
    """CDS-WG1-02 7.1: the expiry is the moment of disabling."""
    CredentialFactory.create(client=consent)
    old = CredentialFactory.create(client=consent, expires=timezone.now() - timedelta(days=1))
    before = timezone.now()
    assert put(api, consent, cds_status="disabled").status_code == 200
    consent.refresh_from_db()
    running = consent.credentials.exclude(pk=old.pk).get()
    assert consent.tokens_not_before == running.expires == running.tokens_not_before >= before
    assert consent.credentials.get(pk=old.pk).expires == old.expires
    assert set(Message.objects.values_list("related_type", flat=True)) == {
        "client",
        "credential_list",
    }


def test_enabling_again_needs_a_new_credential(api, consent):
    """Decision 24: nothing that was ended comes back, tokens neither."""
    CredentialFactory.create(client=consent)
    put(api, consent, cds_status="disabled")
    answer = put(api, consent, cds_status="sandbox")
    assert answer.json()["cds_status"] == "sandbox"
    consent.refresh_from_db()
    assert consent.tokens_not_before is not None
    assert not consent.credentials.usable(timezone.now()).exists()


def test_the_admin_client_cannot_be_disabled(api):
    """It would lock its owner out (CDS-WG1-02 5.1)."""
    admin = Client.objects.get(scopes=["cds_client_admin"])
    assert put(api, admin, cds_status="disabled").status_code == 400
    assert put(api, admin, scope="").status_code == 400
    assert put(api, admin, redirect_uris=[APP]).json()["error"] == "invalid_redirect_uri"
    assert put(api, admin, cds_default_scope="cds_usage").status_code == 400
    with pytest.raises(InvalidRequest):
        disable_client(client=admin, by="system")


def test_staff_services_disable_and_enable(consent):
    """The same rules from the moderation pages."""
    assert disable_client(client=consent, by="system").cds_status == "disabled"
    assert enable_client(client=consent, by="system").cds_status == "sandbox"


def test_only_the_utility_enables_what_it_disabled(api, consent):
    """Otherwise a stopped party would be back with one request; other fields can still change."""
    disable_client(client=consent, reason="Complaints", by="system")
    answer = put(api, consent, cds_status="sandbox")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"
    shown = put(api, consent, client_name="Renamed").json()
    assert (shown["cds_status"], shown["cds_status_options"]) == ("disabled", ["disabled"])
    assert put(api, consent, **shown).status_code == 200
    assert put(api, consent, cds_status="disabled").json()["cds_status"] == "disabled"
    enable_client(client=consent, by="system")
    assert put(api, consent).json()["cds_status_options"] == ["sandbox", "disabled"]
    for status in ("disabled", "sandbox"):
        assert put(api, consent, cds_status=status).json()["cds_status"] == status


def test_staff_may_also_keep_what_its_owner_disabled(api, consent):
    """The status is the same before and after, who may change it is not."""
    put(api, consent, cds_status="disabled")
    disable_client(client=consent, reason="Complaints", by="system")
    assert "Complaints" in Message.objects.latest("pk").description
    assert put(api, consent, cds_status="sandbox").status_code == 400


def test_a_change_is_written_down(api, consent):
    """CDS-WG1-02 5.3: the changelog names the fields; the audit trail names the caller."""
    put(api, consent, client_name="New", redirect_uris=[APP], contacts=consent.contacts)
    message = Message.objects.get()
    assert message.related_uri == f"http://testserver{uri(consent)}"
    assert "client_name" in message.description
    assert "redirect_uris" in message.description
    assert not message.read
    event = AuditEvent.objects.get(action="client.modified")
    assert event.actor.startswith("client:")


def test_a_changed_website_must_be_confirmed_again(api, consent):
    """The confirmation was for the old address."""
    Client.objects.filter(pk=consent.pk).update(website_confirmed=timezone.now())
    put(api, consent, client_uri="https://other.example/")
    consent.refresh_from_db()
    assert consent.website_confirmed is None


def test_another_partys_client_is_404(api):
    """It looks like one that does not exist, for reading and writing."""
    other = ClientFactory.create(consent=True)
    assert api.get(uri(other)).status_code == put(api, other).status_code == 404
    assert other.client_id not in api.get("/cds-api/v1/clients").content.decode()


@pytest.mark.parametrize(
    "values",
    [[False, "x", 1], [False, "2026-01-01T00:00:00", "x"], [False, "2026-01-01T00:00Z", 2**70], 7],
)
def test_a_forged_cursor_is_refused(api, values):
    """It is a wrong request, not an error of ours."""
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    answer = api.get("/cds-api/v1/clients", {"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


@pytest.mark.parametrize("count", [1, 20])
def test_the_listing_costs_the_same_for_any_length(api, django_assert_num_queries, count):
    """One page: the Clients and the stamps of the offers."""
    ClientFactory.create_batch(
        count, consent=True, registration=api.handler._force_user.registration
    )
    api.get("/cds-api/v1/clients")
    with django_assert_num_queries(2):
        assert len(api.get("/cds-api/v1/clients").json()["clients"]) == count + 1


@pytest.mark.parametrize(
    "path", ["clients", "clients/x", "credentials", "credentials/x", "messages"]
)
def test_tokens_without_the_scope_are_refused(consent, path):
    """403 names the missing access; without any token it is 401."""
    answer = caller(consent).get(f"/cds-api/v1/{path}")
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def test_the_api_is_limited_by_client(api, settings, stopped_clock):
    """One busy client does not slow down the others."""
    rates(settings, api="1/min")
    assert api.get("/cds-api/v1/clients").status_code == 200
    assert api.get("/cds-api/v1/clients").status_code == 429
    assert admin_caller()[0].get("/cds-api/v1/clients").status_code == 200
