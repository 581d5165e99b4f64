"""Pushed authorization requests (RFC 9126)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from consent.models import AuthorizationRequest
from tests.consent.oauth.support import CALLBACK, CHALLENGE, answer_of, post
from tests.factories.consent import GrantFactory

ASK = {"response_type": "code", "redirect_uri": CALLBACK, "state": "s1"}


def push(party, **fields):
    return post("/oauth/par", party.app_credential, **(ASK | fields))


def bring(client_id, request_uri, **fields):
    query = {"client_id": client_id, "request_uri": request_uri} | fields
    return Browser().get("/oauth/authorize", query)


def test_a_pushed_request_gets_a_short_lived_reference(acme):
    """RFC 9126 2.2."""
    response = push(acme)
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert body["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 <= body["expires_in"] <= 600


def test_the_browser_brings_the_reference(acme):
    """What the URL says besides is ignored: it was not authenticated."""
    uri = push(acme, scope="cds_usage").json()["request_uri"]
    response = bring(acme.app.client_id, uri, scope="cds_service_contracts", state="forged")
    row = AuthorizationRequest.objects.get()
    assert response["Location"] == f"/oauth/authorize/{row.request_id}/"
    assert [entry["type"] for entry in row.access] == ["cds_usage"]
    assert row.params["state"] == "s1"
    assert row.expires > timezone.now() + timedelta(minutes=50)


def test_a_reference_works_once(acme):
    """RFC 9126 7.3; the client learns it."""
    uri = push(acme).json()["request_uri"]
    bring(acme.app.client_id, uri)
    answer = answer_of(bring(acme.app.client_id, uri)["Location"])
    assert answer["error"] == "invalid_request_uri"
    assert answer["state"] == "s1"


def test_a_reference_grows_old(acme):
    """RFC 9126 2.2."""
    uri = push(acme).json()["request_uri"]
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        response = bring(acme.app.client_id, uri)
    assert answer_of(response["Location"])["error"] == "invalid_request_uri"


def test_a_reference_belongs_to_its_client(acme, rival):
    """RFC 9126 2.2: bound to the client that posted it."""
    uri = push(acme).json()["request_uri"]
    assert bring(rival.app.client_id, uri).status_code == 400
    assert bring(acme.app.client_id, uri).status_code == 303


def test_the_id_of_an_ordinary_request_is_no_reference(acme):
    """Only what was pushed can be brought."""
    Browser().get("/oauth/authorize", {"client_id": acme.app.client_id, **ASK})
    row = AuthorizationRequest.objects.get()
    assert bring(acme.app.client_id, row.request_id).status_code == 400


@pytest.mark.parametrize("uri", ["https://app.example.com/request.jwt", "urn:x", "a\x00"])
def test_other_references_are_unknown(acme, uri):
    """We fetch nothing (RFC 9101 10.4)."""
    assert bring(acme.app.client_id, uri).status_code == 400


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"redirect_uri": "https://evil.example.com/"}, "invalid_request"),
        ({"response_type": "token"}, "invalid_request"),
        ({"authorization_details": "x"}, "invalid_authorization_details"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "request_uri_not_supported"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"cds_grant_id": "gr_unknown"}, "cds_grant_id_invalid_value"),
    ],
)
def test_mistakes_are_told_at_once_as_json(acme, fields, error):
    """RFC 9126 2.3: no redirect, no page."""
    response = push(acme, **fields)
    assert response.status_code == 400
    assert response.json()["error"] == error
    assert response.json()["error_description"]


def test_the_client_authenticates(acme):
    """RFC 9126 2.1."""
    response = post("/oauth/par", client_id=acme.app.client_id, **ASK)
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


def test_one_client_cannot_push_for_another(acme, rival):
    """The authenticated client is the client."""
    response = push(acme, client_id=rival.app.client_id)
    assert response.status_code == 400
    assert not AuthorizationRequest.objects.exists()


def test_a_public_client_pushes_by_its_id(acme):
    """It has nothing else."""
    response = post(
        "/oauth/par",
        client_id=acme.public.client_id,
        response_type="code",
        redirect_uri="http://127.0.0.1:5000/cb",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    assert response.status_code == 201


@pytest.mark.spec("WG1-02 8.3 b")
def test_prompt_grant_and_language_survive_the_push(acme):
    """CDS-WG1-02 8.3: both must be understood from a request_uri."""
    grant = GrantFactory.create(client=acme.app, waiting=True)
    uri = push(
        acme, prompt="login", cds_grant_id=grant.grant_id, ui_locales="fr", scope="cds_usage"
    ).json()["request_uri"]
    bring(acme.app.client_id, uri)
    params = AuthorizationRequest.objects.get().params
    assert params["prompt"] == "login"
    assert params["cds_grant_id"] == grant.grant_id
    assert params["ui_locales"] == "fr"


@pytest.mark.parametrize(
    "text",
    [
        '[{"type":"cds_usage","\\ud800":1}]',
        '[{"type":"cds_usage","\\u0000":1}]',
        '[{"type":"\\ud800"}]',
        '[{"type":"cds_usage","contract_numbers":["\\u0000"]}]',
        "[" * 950 + "]" * 950,
    ],
)
def test_unwritable_details_are_refused(acme, text):
    """Names and values that no answer and no database can hold."""
    fields = {"response_type": "code", "scope": "cds_usage", "authorization_details": text}
    response = post("/oauth/par", acme.app_credential, **fields)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_authorization_details"
