"""Token revocation (RFC 7009) and introspection (RFC 7662)."""

import pytest
from django.utils import timezone

from consent.models import AccessToken
from consent.services.grants.lifecycle import end_grant
from tests.consent.oauth.support import CALLBACK, approved, ask_token, details, post

INACTIVE = {"active": False}


@pytest.fixture
def tokens(acme):
    """Return access token, refresh token and Grant of a customer's consent."""
    code, grant = approved(acme.app, redirect_uri=CALLBACK)
    body = ask_token(
        acme.app_credential, grant_type="authorization_code", code=code, redirect_uri=CALLBACK
    ).json()
    return body["access_token"], body["refresh_token"], grant


def introspect(credential, token):
    return post("/oauth/introspect", credential, token=token).json()


def revoke(credential, token, **fields):
    return post("/oauth/revoke", credential, token=token, **fields)


def test_a_client_sees_its_own_token(acme, tokens):
    """With everything that a resource server needs."""
    access, _refresh, grant = tokens
    body = introspect(acme.app_credential, access)
    assert body["active"] is True
    assert body["client_id"] == acme.app.client_id
    assert body["scope"] == grant.scope
    assert body["iss"] == "http://testserver"
    assert body["exp"] - body["iat"] == pytest.approx(3600, abs=2)
    assert body["authorization_details"] == grant.authorization_details
    assert body["cds_grant_ids"] == [grant.grant_id]


def test_other_clients_of_the_registration_see_it_too(acme, tokens):
    """One party, several Clients: the admin Client may look after all."""
    assert introspect(acme.admin_credential, tokens[0])["active"] is True
    assert introspect(acme.admin_credential, tokens[1])["active"] is True


def test_other_parties_learn_nothing(acme, rival, tokens):
    """Not even that the token exists."""
    assert introspect(rival.admin_credential, tokens[0]) == INACTIVE
    assert introspect(rival.admin_credential, tokens[1]) == INACTIVE
    assert introspect(rival.admin_credential, "nonsense") == INACTIVE


def test_introspection_needs_a_secret(acme, tokens):
    """Else it is an oracle for found tokens (RFC 7662 4)."""
    assert post("/oauth/introspect", token=tokens[0]).status_code == 401
    by_id = post("/oauth/introspect", token=tokens[0], client_id=acme.public.client_id)
    assert by_id.status_code == 401


def test_a_dead_grant_makes_dead_tokens(acme, tokens):
    """Whatever kills a token, introspection knows."""
    end_grant(grant=tokens[2], status="revoked", reason="test", by="system")
    assert introspect(acme.app_credential, tokens[0]) == INACTIVE
    assert introspect(acme.app_credential, tokens[1]) == INACTIVE


def test_a_grant_admin_token_names_its_own_grant(acme, tokens):
    """The same as the token response said."""
    grant = tokens[2]
    entry = {
        "type": "cds_grant_admin_1",
        "client_id": acme.app.client_id,
        "grant_id": grant.grant_id,
    }
    body = ask_token(
        acme.grant_admin_credential,
        grant_type="client_credentials",
        scope="cds_grant_admin_1",
        authorization_details=details(entry),
    ).json()
    shown = introspect(acme.admin_credential, body["access_token"])
    assert shown["cds_grant_ids"] == body["cds_grant_ids"]
    assert shown["scope"] == "cds_grant_admin_1"
    assert shown["authorization_details"] == [entry]


def test_revoking_a_refresh_token_kills_its_access_tokens(acme, tokens):
    """RFC 7009 2.1."""
    access, refresh, _grant = tokens
    again = ask_token(acme.app_credential, grant_type="refresh_token", refresh_token=refresh).json()
    assert revoke(acme.app_credential, refresh, token_type_hint="refresh_token").status_code == 200
    for token in (access, refresh, again["access_token"]):
        assert introspect(acme.app_credential, token) == INACTIVE


def test_revoking_an_access_token_leaves_the_refresh_token(acme, tokens):
    """The client gives one key back, not the consent."""
    access, refresh, _grant = tokens
    assert revoke(acme.app_credential, access).status_code == 200
    assert introspect(acme.app_credential, access) == INACTIVE
    assert introspect(acme.app_credential, refresh)["active"] is True


def test_a_wrong_hint_is_only_a_hint(acme, tokens):
    """RFC 7009 2.1."""
    revoke(acme.app_credential, tokens[0], token_type_hint="refresh_token")
    assert introspect(acme.app_credential, tokens[0]) == INACTIVE


def test_only_own_tokens_are_revoked_and_nobody_is_told(acme, rival, tokens):
    """RFC 7009 2.2: 200 all the same; other Clients of the party count as others."""
    for credential in (rival.app_credential, acme.admin_credential):
        response = revoke(credential, tokens[0])
        assert response.status_code == 200
        assert response.json() == {}
    assert AccessToken.objects.get().expires > timezone.now()


def test_revocation_needs_the_client_and_a_token(acme, tokens):
    """RFC 7009 2.1."""
    assert post("/oauth/revoke", token=tokens[0]).status_code == 401
    assert post("/oauth/revoke", acme.app_credential).json()["error"] == "invalid_request"
