"""RFC 8414: what the metadata says about OAuth is what the endpoints do."""

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client as Browser

from consent.checks import check_classes, check_codes, check_gates
from tests.consent.oauth.support import offer_demo_scopes

ENDPOINTS = ("token_endpoint", "revocation_endpoint", "introspection_endpoint")


@pytest.fixture
def metadata(db: None) -> Any:
    """The authorization server metadata."""
    offer_demo_scopes()
    return Browser().get("/.well-known/oauth-authorization-server").json()


@pytest.mark.spec("RFC 8414", "2", "endpoints exist where the metadata says")
def test_endpoints_answer_as_oauth(metadata):
    """An unauthenticated request is an invalid client, in JSON."""
    for name in (*ENDPOINTS, "pushed_authorization_request_endpoint"):
        path = metadata[name].removeprefix("http://testserver")
        response = Browser().post(path, {"grant_type": "client_credentials", "token": "x"})
        assert response.status_code == 401, name
        assert response.json()["error"] == "invalid_client"
    path = metadata["authorization_endpoint"].removeprefix("http://testserver")
    assert Browser().get(path).status_code == 400
    path = metadata["cds_grants_api"].removeprefix("http://testserver")
    assert Browser().get(path).status_code == 401


@pytest.mark.spec("RFC 9207", "3", "iss is announced and is the issuer")
@pytest.mark.spec("RFC 9126", "5", "pushed requests are offered, not required")
@pytest.mark.spec("RFC 8414", "2", "response modes are named, as the default names one more")
def test_extensions(metadata):
    """Clients choose by these flags."""
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["response_modes_supported"] == ["query"]
    assert metadata["require_pushed_authorization_requests"] is False
    assert metadata["request_parameter_supported"] is False
    assert metadata["issuer"] == "http://testserver"
    assert metadata["code_challenge_methods_supported"] == ["S256"]


def test_the_strict_gates_are_on(settings):
    """Each check finds what it is for; as shipped there is nothing to find."""
    assert [*check_gates(), *check_classes(), *check_codes()] == []
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER,
        "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": False,
        "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.Server",
        "AUTHORIZATION_CODE_EXPIRE_SECONDS": 3600,
    }
    found = [*check_gates(), *check_classes(), *check_codes()]
    assert [problem.id for problem in found] == ["consent.E001", "consent.E002", "consent.E003"]
    assert all(problem.hint for problem in found)


def test_the_oauth_library_has_nothing_to_complain_about():
    """`check --deploy` of the library covers RFC 9700."""
    found = [p.id for p in run_checks(include_deployment_checks=True) if "oauth2" in str(p.id)]
    assert found == []
