"""Two requests at once: what one transaction decides, the other one sees (RFC 6749, 9700)."""

import pytest
from django.utils import timezone

from consent.models import AccessToken, RefreshToken
from consent.services.grants.lifecycle import end_grant
from consent.services.tokens import find_access_token, is_alive
from tests.consent.oauth.support import (
    CALLBACK,
    CHALLENGE,
    VERIFIER,
    approved,
    ask_token,
)
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.spec("RFC 6749", "4.1.2", "a code is used once, also by two requests at once")
def test_one_code_redeemed_twice_at_once(acme):
    """One request wins, the other one is reuse, and reuse revokes what was won."""
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)

    def redeem():
        return ask_token(
            acme.app_credential,
            grant_type="authorization_code",
            code=code,
            redirect_uri=CALLBACK,
        ).status_code

    assert sorted(at_once(redeem, redeem, redeem)) == [200, 400, 400]
    assert not AccessToken.objects.filter(expires__gt=timezone.now()).exists()
    assert not RefreshToken.objects.filter(revoked__isnull=True).exists()


@pytest.mark.spec("RFC 9700", "4.14.2", "rotation holds against two refreshes at once")
def test_one_refresh_token_rotated_twice_at_once(acme):
    """Two living successors of one token would defeat the detection of theft."""
    uri = "com.example.app:/cb"
    code, _grant = approved(
        acme.public, redirect_uri=uri, code_challenge=CHALLENGE, code_challenge_method="S256"
    )
    client = {"client_id": acme.public.client_id}
    body = ask_token(
        grant_type="authorization_code",
        code=code,
        redirect_uri=uri,
        code_verifier=VERIFIER,
        **client,
    ).json()

    def refresh():
        token = body["refresh_token"]
        return ask_token(grant_type="refresh_token", refresh_token=token, **client).status_code

    assert sorted(at_once(refresh, refresh)) == [200, 400]
    assert not RefreshToken.objects.filter(revoked__isnull=True).exists()


@pytest.mark.spec("WG1-02 8.2 d")
def test_ending_a_grant_while_it_is_refreshed(acme):
    """Neither deadlock nor a token that survives."""
    for _ in range(5):
        code, grant = approved(acme.app, redirect_uri=CALLBACK)
        body = ask_token(
            acme.app_credential,
            grant_type="authorization_code",
            code=code,
            redirect_uri=CALLBACK,
        ).json()

        def refresh(token=body["refresh_token"]):
            answer = ask_token(acme.app_credential, grant_type="refresh_token", refresh_token=token)
            return answer.json().get("access_token")

        def end(grant=grant):
            return end_grant(grant=grant, status="revoked", reason="test", by="system").status

        raw, again, status = at_once(refresh, refresh, end)
        assert status == "revoked"
        for token in filter(None, (raw, again)):
            found = find_access_token(token)
            assert found is not None
            assert not is_alive(found, now=timezone.now())
