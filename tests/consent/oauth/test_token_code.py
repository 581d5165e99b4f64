"""The authorization code grant at the token endpoint (RFC 6749 4.1.3)."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from consent.models import AccessToken, AuthorizationCode, RefreshToken
from tests.consent.oauth.support import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    approved,
    ask_token,
    basic,
    post,
)


def redeem(party, code, **fields):
    values = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | fields
    return ask_token(party.app_credential, **values)


@pytest.mark.spec("WG3-01 9.1 a")
def test_a_code_gives_both_tokens_and_says_what_they_open(acme):
    """CDS-WG3-01 13.3.3: every field of the scope and the Grant's id, whatever was asked."""
    code, grant = approved(acme.app, redirect_uri=CALLBACK)
    response = redeem(acme, code)
    assert response.status_code == 200
    body = response.json()
    assert body["token_type"].lower() == "bearer"
    assert body["expires_in"] == 3600
    assert body["scope"] == grant.scope
    assert body["authorization_details"] == grant.authorization_details
    assert body["cds_grant_ids"] == [grant.grant_id]
    assert len(body["access_token"]) >= 43
    assert body["refresh_token"] != body["access_token"]
    assert response["Cache-Control"] == "no-store"


def test_a_second_use_revokes_what_the_first_one_issued(acme):
    """Either the first or the second one was a thief: nobody keeps the tokens (RFC 6749 4.1.2)."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    first = redeem(acme, code).json()
    second = redeem(acme, code)
    assert second.status_code == 400
    assert second.json()["error"] == "invalid_grant"
    assert AccessToken.objects.get().expires <= timezone.now()
    again = ask_token(
        acme.app_credential, grant_type="refresh_token", refresh_token=first["refresh_token"]
    )
    assert again.json()["error"] == "invalid_grant"


def test_a_code_lives_a_minute(acme):
    """A code found in a log later is worth nothing."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert redeem(acme, code).json()["error"] == "invalid_grant"


def test_a_code_belongs_to_its_client(acme, rival):
    """A stolen code is useless to another client, and stays good for its owner."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    assert redeem(rival, code).json()["error"] == "invalid_grant"
    assert redeem(acme, code).status_code == 200


def test_the_redirect_uri_must_come_again_unchanged(acme):
    """RFC 6749 4.1.3."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    assert redeem(acme, code, redirect_uri=CALLBACK + "/").json()["error"] == "invalid_grant"
    assert redeem(acme, code, redirect_uri="").json()["error"] == "invalid_grant"
    assert redeem(acme, code).status_code == 200


def test_a_defaulted_redirect_uri_need_not_come_again(acme):
    """A client that sent none has none to repeat (CDS-WG3-01 9.1.1)."""
    code, _grant = approved(acme.app)
    assert redeem(acme, code, redirect_uri="").status_code == 200


def test_the_verifier_must_match_the_challenge(acme):
    """RFC 7636 4.6."""
    fields = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code, _grant = approved(acme.app, redirect_uri=CALLBACK, **fields)
    assert redeem(acme, code).status_code == 400
    assert redeem(acme, code, code_verifier="w" * 43).json()["error"] == "invalid_grant"
    assert redeem(acme, code, code_verifier=VERIFIER).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(acme):
    """Else an attacker could strip the challenge from the authorization request (decision 51)."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    response = redeem(acme, code, code_verifier=VERIFIER)
    assert response.json()["error"] == "invalid_grant"


def test_staff_can_demand_pkce_of_a_client_between_code_and_token(acme):
    """A code issued without a challenge is not redeemed once PKCE is required."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    acme.app.pkce_required = True
    acme.app.save()
    assert redeem(acme, code).status_code == 400


def test_a_public_client_redeems_without_a_secret(acme):
    """RFC 8252: the verifier stands in for the secret."""
    code, _grant = approved(
        acme.public,
        redirect_uri="com.example.app:/cb",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    response = ask_token(
        grant_type="authorization_code",
        code=code,
        client_id=acme.public.client_id,
        redirect_uri="com.example.app:/cb",
        code_verifier=VERIFIER,
    )
    assert response.status_code == 200, response.content


def test_a_code_of_an_ended_grant_gives_nothing(acme):
    """The customer may revoke on the receipt before the client comes for its tokens."""
    code, grant = approved(acme.app, redirect_uri=CALLBACK)
    grant.status, grant.enabled_scope, grant.enabled_authorization_details = "revoked", "", []
    grant.save()
    assert redeem(acme, code).json()["error"] == "invalid_grant"


def test_nothing_that_opens_a_door_is_stored_in_clear(acme):
    """A stolen database dump holds no usable code, token or redirect with a code in it."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    body = redeem(acme, code).json()
    secrets = [code, body["access_token"], body["refresh_token"]]
    with connection.cursor() as cursor:
        for table in (
            "consent_authorizationcode",
            "consent_accesstoken",
            "consent_refreshtoken",
            "consent_authorizationrequest",
            "portal_auditevent",
        ):
            cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 -- names above
            dump = " ".join(row[0] for row in cursor.fetchall())
            assert not [secret for secret in secrets if secret in dump], table
    assert AccessToken.objects.get().token == ""
    assert RefreshToken.objects.get().token == ""
    assert len(AuthorizationCode.objects.get().code) == 64


def test_an_access_token_does_not_outlive_its_grant(acme):
    """`expires_in` never promises more than the customer gave."""
    code, grant = approved(acme.app, redirect_uri=CALLBACK)
    grant.expires = timezone.now() + timedelta(seconds=100)
    grant.save()
    assert 0 < redeem(acme, code).json()["expires_in"] <= 100


def test_the_token_endpoint_reads_json_and_odd_headers(acme):
    """Java clients send odd Accept headers; some send JSON, some no Content-Type."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    response = Browser().post(
        "/oauth/token",
        {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK},
        content_type="application/json",
        headers={
            "Accept": "text/html, image/gif, *; q=.2",
            "Authorization": basic(acme.app_credential),
        },
    )
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json"


def test_a_form_under_a_wrong_content_type_is_read(acme):
    """What the body looks like decides."""
    response = Browser().post(
        "/oauth/token",
        "grant_type=client_credentials&scope=cds_client_admin",
        content_type="text/plain",
        headers={"Authorization": basic(acme.admin_credential)},
    )
    assert response.status_code == 200, response.content


def test_parameters_come_once(acme):
    """RFC 6749 3.2: of two values no one knows which counts."""
    response = Browser().post(
        "/oauth/token",
        "grant_type=client_credentials&scope=cds_client_admin&scope=cds_usage",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": basic(acme.admin_credential)},
    )
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


def test_secrets_in_the_url_are_refused(acme):
    """URLs end up in logs."""
    response = post(
        "/oauth/token?grant_type=client_credentials",
        acme.admin_credential,
        grant_type="client_credentials",
    )
    assert response.status_code == 400
