"""Client authentication at the token endpoint (RFC 6749 2.3 and 5.2)."""

import base64
import json

import pytest
from django.test import Client as Browser
from django.utils import timezone

from registration.services.credentials.lifecycle import expire_credential
from tests.consent.oauth.support import ask_token, basic, post

ASK = {"grant_type": "client_credentials", "scope": "cds_client_admin"}


def ask_with(header: str):
    return Browser().post(
        "/oauth/token",
        "grant_type=client_credentials&scope=cds_client_admin",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": header},
    )


def test_a_wrong_secret_is_401_with_a_challenge(acme):
    """RFC 6749 5.2: the scheme that was used, so that HTTP libraries understand."""
    response = ask_with(basic(acme.admin_credential, secret="wrong"))
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"
    assert response["WWW-Authenticate"].startswith("Basic ")
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer abc", "Basic YWJj", "Basic /w=="])
def test_garbage_is_no_client(acme, header):
    """No header of any shape ends in an error of ours."""
    assert ask_with(header).status_code == 401


def test_a_nul_byte_is_no_client(acme):
    """PostgreSQL would refuse the lookup with an error."""
    header = "Basic " + base64.b64encode(b"cl_\x00:x").decode()
    assert ask_with(header).status_code == 401


def test_the_secret_of_another_client_opens_nothing(acme, rival):
    """Secrets are found by digest; the client_id must match all the same."""
    pair = f"{acme.admin.client_id}:{rival.admin_credential.secret}"
    header = "Basic " + base64.b64encode(pair.encode()).decode()
    assert ask_with(header).status_code == 401


def test_a_secret_in_the_body_is_refused(acme):
    """Metadata offers client_secret_basic only."""
    secret = acme.admin_credential.secret
    response = ask_token(client_id=acme.admin.client_id, client_secret=secret, **ASK)
    assert response.status_code == 401
    assert "Basic" in response.json()["error_description"]


def test_a_confidential_client_must_authenticate(acme):
    """Its client_id alone is public knowledge."""
    assert ask_token(client_id=acme.admin.client_id, **ASK).status_code == 401


def test_a_public_client_gets_no_client_credentials(acme):
    """RFC 6749 4.4: only confidential clients."""
    acme.public.grant_types = ["authorization_code", "refresh_token", "client_credentials"]
    acme.public.save()
    response = ask_token(client_id=acme.public.client_id, **ASK)
    assert response.status_code == 400
    assert response.json()["error"] == "unauthorized_client"


@pytest.mark.spec("WG1-02 7.6 g")
def test_an_expired_credential_is_refused(acme):
    """CDS-WG1-02 7.6."""
    expire_credential(credential=acme.admin_credential, at=timezone.now(), by="system")
    assert ask_token(acme.admin_credential, **ASK).status_code == 401


def test_a_disabled_client_is_refused(acme):
    """CDS-WG1-02 5.2."""
    acme.app.cds_status = "disabled"
    acme.app.save()
    assert ask_token(acme.app_credential, **ASK).status_code == 401


def test_guessing_is_slowed_down(acme, settings, stopped_clock):
    """After too many wrong secrets from one address not even the right one is tried."""
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"token_failures": "3/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    for _ in range(3):
        assert ask_with(basic(acme.admin_credential, secret="wrong")).status_code == 401
    response = ask_with(basic(acme.admin_credential))
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_a_missing_cache_stops_nobody(acme, settings):
    """Rate limits are comfort, not truth: a dead Redis must not stop the token endpoint."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert ask_token(acme.admin_credential, **ASK).status_code == 200


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:x", ""])
def test_other_grant_types_do_not_exist(acme, grant_type):
    """RFC 9700 2.4."""
    response = ask_token(acme.admin_credential, grant_type=grant_type, username="a", password="b")
    assert response.status_code == 400
    assert response.json()["error"] in {"unsupported_grant_type", "invalid_request"}


def test_only_post_is_answered(acme):
    """Links must not spend codes; the answer is JSON whatever was asked for."""
    response = Browser().get("/oauth/token", headers={"Accept": "text/html"})
    assert response.status_code == 405
    assert response.json()["error"] == "method_not_allowed"
    assert response["Allow"] == "POST"


def test_an_unreadable_body_is_an_oauth_error(acme):
    """RFC 6749 5.2 for whatever a client may send."""
    for body in (b"\xff\xfe", b"{not json", b"[1, 2]", b"{" * 100_000):
        response = Browser().post(
            "/oauth/token",
            body,
            content_type="application/json",
            headers={"Authorization": basic(acme.admin_credential)},
        )
        assert response.status_code == 400, body[:20]
        assert response.json()["error"] == "invalid_request"


def test_programs_in_browsers_may_ask_without_cookies(acme):
    """design.md 4: CORS on the token endpoint, never with credentials."""
    response = post("/oauth/token", acme.admin_credential, **ASK)
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize("path", ["token", "revoke", "introspect", "par", "authorize"])
@pytest.mark.parametrize("name", ["client_id", "code", "token", "grant_type", "scope", "state"])
def test_half_a_character_is_no_value(acme, path, name):
    """JSON can write a lone surrogate; no form, header or database can."""
    body = {"grant_type": "authorization_code", "code": "x", "token": "x", "response_type": "code"}
    response = Browser().post(
        f"/oauth/{path}",
        json.dumps({"client_id": acme.app.client_id, **body, name: "a\ud800"}),
        content_type="application/json",
        headers={"Authorization": basic(acme.app_credential)},
    )
    assert response.status_code == 400


@pytest.mark.parametrize("depth", [100, 300, 480, 900, 5_000])
def test_deeply_nested_json_is_refused(acme, depth):
    """Reading it recursively ends somewhere; that is the client's fault."""
    body = '{"grant_type":' * depth + "1" + "}" * depth
    response = Browser().post("/oauth/token", body, content_type="application/json")
    assert response.status_code in {400, 401}
