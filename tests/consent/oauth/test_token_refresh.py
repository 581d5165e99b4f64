"""The refresh token grant (RFC 6749 6, RFC 9700 4.14)."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from consent.models import AccessToken, Grant, RefreshToken
from consent.services.grants.lifecycle import end_grant
from consent.services.tokens import find_access_token, is_alive
from consent.tasks import sweep_grants
from portal.models import AuditEvent
from registration.services.credentials.lifecycle import expire_credential
from tests.consent.oauth.support import CALLBACK, CHALLENGE, VERIFIER, approved, ask_token
from tests.factories.consent import GrantFactory, token_for
from tests.factories.registration import CredentialFactory


def first_tokens(party):
    code, grant = approved(party.app, redirect_uri=CALLBACK)
    body = ask_token(
        party.app_credential, grant_type="authorization_code", code=code, redirect_uri=CALLBACK
    ).json()
    return body, grant


def first_public_tokens(party):
    uri = "com.example.app:/cb"
    code, grant = approved(
        party.public, redirect_uri=uri, code_challenge=CHALLENGE, code_challenge_method="S256"
    )
    body = ask_token(
        grant_type="authorization_code",
        code=code,
        client_id=party.public.client_id,
        redirect_uri=uri,
        code_verifier=VERIFIER,
    ).json()
    return body, grant


def refresh(credential, token, **fields):
    return ask_token(credential, grant_type="refresh_token", refresh_token=token, **fields)


def public_refresh(party, token):
    return refresh(None, token, client_id=party.public.client_id)


def test_a_confidential_client_keeps_its_refresh_token(acme):
    """One lost answer must not end a consent: the same token works again and again."""
    body, grant = first_tokens(acme)
    for _ in range(3):
        again = refresh(acme.app_credential, body["refresh_token"])
        assert again.status_code == 200
        assert again.json()["refresh_token"] == body["refresh_token"]
        assert again.json()["cds_grant_ids"] == [grant.grant_id]
    assert RefreshToken.objects.count() == 1


def test_access_tokens_of_earlier_refreshes_live_on(acme):
    """Two workers of one client may refresh independently."""
    body, _grant = first_tokens(acme)
    refresh(acme.app_credential, body["refresh_token"])
    assert AccessToken.objects.filter(expires__gt=timezone.now()).count() == 2


def test_confidential_tokens_rotate_where_the_setting_says_so(acme, settings):
    """Some jurisdictions want rotation for all."""
    settings.ROTATE_CONFIDENTIAL_REFRESH_TOKENS = True
    body, _grant = first_tokens(acme)
    again = refresh(acme.app_credential, body["refresh_token"]).json()
    assert again["refresh_token"] != body["refresh_token"]
    assert refresh(acme.app_credential, body["refresh_token"]).status_code == 400


def test_a_public_client_gets_a_new_refresh_token_each_time(acme):
    """RFC 9700 4.14.2."""
    body, _grant = first_public_tokens(acme)
    second = public_refresh(acme, body["refresh_token"]).json()
    third = public_refresh(acme, second["refresh_token"])
    assert third.status_code == 200
    assert len({body["refresh_token"], second["refresh_token"], third.json()["refresh_token"]}) == 3


def test_reuse_of_a_rotated_token_ends_the_family(acme):
    """Whoever holds which token: one of them is a thief, so all die."""
    body, _grant = first_public_tokens(acme)
    second = public_refresh(acme, body["refresh_token"]).json()
    assert public_refresh(acme, body["refresh_token"]).json()["error"] == "invalid_grant"
    assert public_refresh(acme, second["refresh_token"]).json()["error"] == "invalid_grant"
    assert not AccessToken.objects.filter(expires__gt=timezone.now()).exists()


def test_showing_a_dead_token_again_is_no_event(acme):
    """Whoever has one can show it without end; the trail tells once that the family ended."""
    body, _grant = first_public_tokens(acme)
    public_refresh(acme, body["refresh_token"])
    for _ in range(3):
        assert public_refresh(acme, body["refresh_token"]).status_code == 400
    assert AuditEvent.objects.filter(action="tokens.revoked").count() == 1


def test_a_rotated_token_keeps_the_whole_scope(acme):
    """Asking for less once is no waiver (RFC 6749 6)."""
    body, grant = first_public_tokens(acme)
    narrow = ask_token(
        grant_type="refresh_token",
        refresh_token=body["refresh_token"],
        client_id=acme.public.client_id,
        scope="cds_usage",
    ).json()
    assert narrow["scope"] == "cds_usage"
    assert public_refresh(acme, narrow["refresh_token"]).json()["scope"] == grant.scope


def test_less_scope_means_fewer_details(acme):
    """The entries of a token are those of its scopes (CDS-WG3-01 7)."""
    body, _grant = first_tokens(acme)
    narrow = refresh(acme.app_credential, body["refresh_token"], scope="cds_usage").json()
    assert [entry["type"] for entry in narrow["authorization_details"]] == ["cds_usage"]


@pytest.mark.parametrize("scope", ["cds_usage cds_client_admin", "cds_client_admin"])
def test_more_scope_is_refused(acme, scope):
    """RFC 6749 6: nothing that the customer did not grant."""
    body, _grant = first_tokens(acme)
    response = refresh(acme.app_credential, body["refresh_token"], scope=scope)
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_scope"


def test_another_credential_of_the_client_may_refresh(acme):
    """Rotating a secret must not end consents."""
    body, _grant = first_tokens(acme)
    second = CredentialFactory.create(client=acme.app)
    soon = timezone.now() + timedelta(days=1)
    expire_credential(credential=acme.app_credential, at=soon, by="system")
    assert refresh(second, body["refresh_token"]).status_code == 200
    token = AccessToken.objects.latest("pk")
    assert token.credential == second


@pytest.mark.spec("WG1-02 7.6 g")
def test_a_credential_ended_now_takes_its_refresh_tokens_along(acme):
    """CDS-WG1-02 7.6: it counts as compromised, and so does all that it obtained."""
    body, _grant = first_tokens(acme)
    second = CredentialFactory.create(client=acme.app)
    expire_credential(credential=acme.app_credential, at=timezone.now(), by="system")
    response = refresh(second, body["refresh_token"])
    assert response.json()["error"] == "invalid_grant"


def test_another_client_cannot_use_it(acme, rival):
    """A refresh token is bound to its client, and a thief's attempt does not end it."""
    body, _grant = first_tokens(acme)
    assert refresh(rival.app_credential, body["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(acme.app_credential, body["refresh_token"]).status_code == 200


@pytest.mark.parametrize("status", ["revoked", "closed", "expired", "disabled"])
def test_an_ended_grant_refreshes_nothing(acme, status):
    """Whoever ended it."""
    body, grant = first_tokens(acme)
    end_grant(grant=grant, status=status, reason="test", by="system")
    assert refresh(acme.app_credential, body["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_grant_without_new_data_goes_on_refreshing(acme):
    """What is there stays available (CDS-WG1-02 8.2 `stopped`), so tokens must."""
    body, grant = first_tokens(acme)
    Grant.objects.filter(pk=grant.pk).update(new_data_until=timezone.now())
    sweep_grants()
    assert Grant.objects.get(pk=grant.pk).status == "stopped"
    response = refresh(acme.app_credential, body["refresh_token"])
    assert response.status_code == 200
    assert response.json()["scope"] == body["scope"]


def test_a_grant_whose_time_is_over_refreshes_nothing_before_any_sweep(acme):
    """The clock decides, not the sweep."""
    body, grant = first_tokens(acme)
    grant.expires = timezone.now() - timedelta(seconds=1)
    grant.save()
    assert refresh(acme.app_credential, body["refresh_token"]).json()["error"] == "invalid_grant"


def test_tokens_from_before_a_client_was_disabled_stay_dead(acme):
    """Re-enabling revives no token (design.md 2)."""
    body, _grant = first_tokens(acme)
    acme.app.tokens_not_before = timezone.now()
    acme.app.save()
    assert refresh(acme.app_credential, body["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_access_token_is_no_refresh_token(acme):
    """Token types do not stand in for each other."""
    body, _grant = first_tokens(acme)
    assert refresh(acme.app_credential, body["access_token"]).json()["error"] == "invalid_grant"


def test_all_tokens_end_in_an_emergency(acme, rival, staff, capsys):
    """Whoever holds one, of whichever Client; the secret gets new ones from then on."""
    body, grant = first_tokens(acme)
    raw = token_for(GrantFactory.create(client=rival.app))
    code, _grant = approved(acme.app, redirect_uri=CALLBACK)
    call_command("end_all_tokens", "--reason", "a dump was lost", "--by", staff.email)
    assert "Clients have ended" in capsys.readouterr().out
    assert refresh(acme.app_credential, body["refresh_token"]).json()["error"] == "invalid_grant"
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert ask_token(acme.app_credential, **asked).json()["error"] == "invalid_grant"
    for text in (raw, body["access_token"]):
        token = find_access_token(text)
        assert token is not None
        assert not is_alive(token, now=timezone.now())
    event = AuditEvent.objects.get(action="tokens.ended")
    assert (event.actor, event.details["reason"]) == (f"user:{staff.pk}", "a dump was lost")
    fresh = find_access_token(token_for(grant, client=acme.app))
    assert fresh is not None
    assert is_alive(fresh, now=timezone.now())


def test_by_the_draft_a_refresh_tells_of_no_grant(acme, settings):
    """Switched on, `cds_grant_ids` come with the code, whose customer made or changed the Grant."""
    settings.CDS_DRAFTS = True
    first, grant = first_tokens(acme)
    assert first["cds_grant_ids"] == [grant.grant_id]
    again = refresh(acme.app_credential, first["refresh_token"])
    assert (again.status_code, "cds_grant_ids" in again.json()) == (200, False)
