"""Bearer tokens on the APIs (RFC 6750)."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from consent.models import AccessToken
from consent.oauth.authentication import BearerAuthentication
from consent.services.grants.lifecycle import end_grant
from registration.services.credentials.lifecycle import expire_credential
from tests.factories.consent import GrantFactory, admin_token_for, token_for

pytestmark = pytest.mark.usefixtures("prepared_or_plain")


def principal_of(raw):
    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {raw}"})
    request.headers  # noqa: B018 -- what the API sees
    found = BearerAuthentication().authenticate(request)
    assert found is not None
    return found[0]


def is_dead(raw) -> bool:
    try:
        principal_of(raw)
    except AuthenticationFailed:
        return True
    return False


def test_a_token_names_its_party_and_what_it_opens(acme):
    """What all APIs work with."""
    grant = GrantFactory.create(client=acme.app)
    principal = principal_of(token_for(grant))
    assert principal.client == acme.app
    assert principal.registration == acme.app.registration
    assert principal.grant == grant
    assert principal.scopes == {"cds_service_contracts", "cds_usage"}
    assert principal.is_authenticated


def test_one_query_loads_everything(acme, django_assert_num_queries):
    """Every API call pays for this."""
    raw = token_for(GrantFactory.create(client=acme.app), credential=acme.app_credential)
    with django_assert_num_queries(1):
        principal = principal_of(raw)
        assert principal.registration.registration_id
        assert principal.grant.client.environment == "sandbox"
        assert principal.client.client_id


def test_a_narrow_token_opens_less_than_its_grant(acme):
    """RFC 6749 6: a refresh may ask for less."""
    grant = GrantFactory.create(client=acme.app)
    assert principal_of(token_for(grant, scope_ids=["cds_usage"])).scopes == {"cds_usage"}


def test_a_grant_admin_token_opens_what_the_grant_gives(acme):
    """CDS-WG1-02 3.3.2."""
    grant = GrantFactory.create(client=acme.app)
    own = GrantFactory.create(client=acme.grant_admin, user=None, scope="cds_grant_admin_1")
    raw = token_for(
        grant, client=acme.grant_admin, admin_grant=own, scope_ids=["cds_grant_admin_1"]
    )
    principal = principal_of(raw)
    assert principal.grant == grant
    assert principal.client == acme.grant_admin
    assert principal.scopes == set(grant.scope_ids)
    end_grant(grant=own, status="closed", reason="test", by="system")
    assert is_dead(raw)


def test_the_admin_clients_grant_counts_too(acme):
    """The clock and `tokens_not_before` of either Grant end the token."""
    grant = GrantFactory.create(client=acme.app)
    own = GrantFactory.create(client=acme.grant_admin, user=None, scope="cds_grant_admin_1")
    raw = token_for(grant, client=acme.grant_admin, admin_grant=own)
    own.expires = timezone.now()
    own.save()
    assert is_dead(raw)


def test_a_request_that_was_under_way_when_the_secret_ended_yields_nothing(acme):
    """It read the Credential before the end and stored the token after it."""
    raw = token_for(GrantFactory.create(client=acme.app), credential=acme.app_credential)
    assert not is_dead(raw)
    token = AccessToken.objects.get()
    acme.app_credential.expires = token.created
    acme.app_credential.save()
    assert is_dead(raw)


@pytest.mark.spec("WG1-02 8.2 b")
def test_a_pending_grant_gives_access_as_data_arrives(acme):
    """CDS-WG1-02 8.2."""
    grant = GrantFactory.create(client=acme.app, pending=True)
    assert principal_of(token_for(grant)).scopes == set(grant.scope_ids)


def test_a_partial_grant_gives_what_is_enabled(acme):
    """CDS-WG1-02 8.2."""
    grant = GrantFactory.create(client=acme.app, status="partial", enabled_scope="cds_usage")
    assert principal_of(token_for(grant)).scopes == {"cds_usage"}


@pytest.mark.parametrize("status", ["revoked", "closed", "expired", "disabled"])
def test_ending_a_grant_kills_its_tokens(acme, status):
    """In the same transaction (design.md 4)."""
    grant = GrantFactory.create(client=acme.app)
    raw = token_for(grant)
    end_grant(grant=grant, status=status, reason="test", by="system")
    assert is_dead(raw)


@pytest.mark.spec("WG1-02 8.2 d")
@pytest.mark.parametrize("status", ["future", "suspended"])
def test_a_grant_without_access_opens_nothing(acme, status):
    """CDS-WG1-02 8.2, last sentence."""
    grant = GrantFactory.create(
        client=acme.app, status=status, enabled_scope="", enabled_authorization_details=[]
    )
    assert is_dead(token_for(grant))


def test_time_kills_tokens(acme):
    """The token's own end and the Grant's, before any sweep."""
    now = timezone.now()
    grant = GrantFactory.create(client=acme.app)
    assert is_dead(token_for(grant, expires=now))
    assert is_dead(token_for(GrantFactory.create(client=acme.app, expires=now)))


def test_disabling_a_client_kills_its_tokens_for_good(acme):
    """Re-enabling revives none of them (design.md 2)."""
    raw = token_for(GrantFactory.create(client=acme.app))
    acme.app.cds_status, acme.app.tokens_not_before = "disabled", timezone.now()
    acme.app.save()
    assert is_dead(raw)
    acme.app.cds_status = "sandbox"
    acme.app.save()
    assert is_dead(raw)
    assert not is_dead(token_for(GrantFactory.create(client=acme.app)))


@pytest.mark.spec("WG1-02 7.6 g")
def test_a_credential_ended_now_kills_its_tokens(acme):
    """CDS-WG1-02 7.6; tokens of other credentials live on."""
    grant = GrantFactory.create(client=acme.app)
    mine, other = token_for(grant, credential=acme.app_credential), token_for(grant)
    expire_credential(credential=acme.app_credential, at=timezone.now(), by="system")
    assert is_dead(mine)
    assert not is_dead(other)


def test_a_credential_that_ends_later_kills_nothing_now(acme):
    """Planned rotation is no compromise."""
    raw = token_for(GrantFactory.create(client=acme.app), credential=acme.app_credential)
    expire_credential(
        credential=acme.app_credential, at=timezone.now() + timedelta(hours=1), by="system"
    )
    assert not is_dead(raw)


def test_a_dead_token_is_401_and_says_why(acme):
    """Never 403: the client must fetch a new one (design.md 4)."""
    response = Browser().get("/cds-api/v1/grants", headers={"Authorization": "Bearer nonsense"})
    assert response.status_code == 401
    assert 'error="invalid_token"' in response["WWW-Authenticate"]
    assert response.json()["error"] == "invalid_token"


def test_no_token_is_401_with_a_challenge(acme):
    """RFC 6750 3."""
    response = Browser().get("/cds-api/v1/grants")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.spec("WG1-02 11.2 c")
def test_a_token_in_the_url_or_body_is_not_seen(acme):
    """URLs end up in logs and histories (RFC 9700 4.3.2)."""
    raw = admin_token_for(acme.admin)
    assert Browser().get(f"/cds-api/v1/grants?access_token={raw}").status_code == 401


def test_the_scheme_is_case_insensitive(acme):
    """RFC 9110 11.1."""
    raw = admin_token_for(acme.admin)
    response = Browser().get("/cds-api/v1/grants", headers={"Authorization": f"bearer {raw}"})
    assert response.status_code == 200


def test_a_living_token_of_another_scope_is_403(acme):
    """The token is fine, the access is not given."""
    raw = token_for(GrantFactory.create(client=acme.app))
    response = Browser().get("/cds-api/v1/grants", headers={"Authorization": f"Bearer {raw}"})
    assert response.status_code == 403
    assert response.json()["error"] == "insufficient_scope"


@pytest.mark.parametrize("path", ["cds-customerdata-api/v1/accounts", "cds-api/v1/grants"])
def test_every_api_is_limited_by_client(acme, rival, settings, stopped_clock, path):
    """One busy client is told to wait; the others notice nothing."""
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "api": "2/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}

    def ask(party):
        is_admin = path == "cds-api/v1/grants"
        token = (
            admin_token_for(party.admin)
            if is_admin
            else token_for(GrantFactory.create(client=party.app))
        )
        return Browser().get(f"/{path}", headers={"Authorization": f"Bearer {token}"})

    answers = [ask(acme) for _ in range(3)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert int(answers[2]["Retry-After"]) > 0
    assert answers[2].json()["error"] == "slow_down"
    assert ask(rival).status_code != 429
