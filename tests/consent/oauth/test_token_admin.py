"""Client credentials: the Client Admin and Grant Admin scopes (CDS-WG1-02 3.3)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from consent.models import AccessToken, Grant
from consent.services.grants.lifecycle import end_grant
from portal.models import AuditEvent
from registration.models import Credential
from tests.consent.oauth.support import (
    approved,
    ask_token,
    details,
    make_party,
    offer_demo_scopes,
)
from tests.factories.consent import GrantFactory
from tests.races import at_once

pytestmark = pytest.mark.usefixtures("prepared_or_plain")

ADMIN = {"grant_type": "client_credentials", "scope": "cds_client_admin"}


def ask_for_grant(party, grant, *, client_id=None, scope="cds_grant_admin_1", **fields):
    entry = {
        "type": "cds_grant_admin_1",
        "client_id": client_id or grant.client.client_id,
        "grant_id": grant.grant_id,
    }
    values = {"grant_type": "client_credentials", "authorization_details": details(entry)}
    values |= {"scope": scope} if scope else {}
    return ask_token(party.grant_admin_credential, **values, **fields)


def test_an_admin_token_has_a_grant_of_its_own(acme):
    """CDS-WG3-01 13.1.3 shows its id."""
    body = ask_token(acme.admin_credential, **ADMIN).json()
    assert body["scope"] == "cds_client_admin"
    assert "refresh_token" not in body
    assert "authorization_details" not in body
    grant = Grant.objects.get()
    assert body["cds_grant_ids"] == [grant.grant_id]
    assert (grant.status, grant.scope, grant.enabled_scope) == (
        "active",
        "cds_client_admin",
        "cds_client_admin",
    )


def test_identical_requests_share_one_grant(acme):
    """A client that asks for a token each hour must not fill its own list (decision 14)."""
    ids = [ask_token(acme.admin_credential, **ADMIN).json()["cds_grant_ids"] for _ in range(3)]
    assert ids[0] == ids[1] == ids[2]
    assert AuditEvent.objects.filter(action="grant.created").count() == 1


def test_after_closing_it_there_is_a_new_one(acme):
    """An ended Grant gives nothing, so it is not reused."""
    first = ask_token(acme.admin_credential, **ADMIN).json()["cds_grant_ids"]
    end_grant(grant=Grant.objects.get(), status="closed", reason="test", by="system")
    assert ask_token(acme.admin_credential, **ADMIN).json()["cds_grant_ids"] != first


@pytest.mark.django_db(transaction=True)
def test_simultaneous_first_requests_share_one_grant():
    """The unique constraint decides the race, and nobody sees an error."""
    offer_demo_scopes()
    party = make_party()
    # The day's first use of a secret writes its row, and that lock would hide the race.
    Credential.objects.update(last_used_on=datetime.now(tz=UTC).date())

    def ask():
        return ask_token(party.admin_credential, **ADMIN).json()["cds_grant_ids"][0]

    assert len(set(at_once(*[ask] * 4))) == 1


def test_the_scope_may_be_left_out(acme):
    """RFC 6749 3.3: the Client's own scope stands in."""
    response = ask_token(acme.admin_credential, grant_type="client_credentials")
    assert response.json()["scope"] == "cds_client_admin"


@pytest.mark.parametrize("scope", ["cds_usage", "cds_client_admin cds_usage", "nonsense"])
def test_no_other_scope_comes_by_client_credentials(acme, scope):
    """Customers' data needs a customer; direct access is not offered."""
    for credential in (acme.admin_credential, acme.app_credential):
        body = {"grant_type": "client_credentials", "scope": scope}
        response = ask_token(credential, **body)
        assert response.status_code == 400
        assert response.json()["error"] in {"invalid_scope", "unauthorized_client"}


@pytest.mark.spec("WG1-02 3.3.2 f")
def test_a_grant_admin_token_reaches_the_data_of_one_grant(acme):
    """CDS-WG1-02 3.3.2: two Grants, the Client's own in the answer, the data's behind the token."""
    _code, grant = approved(acme.app)
    body = ask_for_grant(acme, grant).json()
    own = Grant.objects.exclude(pk=grant.pk).get()
    assert body["cds_grant_ids"] == [own.grant_id]
    assert body["scope"] == "cds_grant_admin_1"
    assert body["authorization_details"] == [
        {
            "type": "cds_grant_admin_1",
            "client_id": acme.app.client_id,
            "grant_id": grant.grant_id,
        }
    ]
    token = AccessToken.objects.get()
    assert (token.cds_grant, token.admin_grant) == (grant, own)


@pytest.mark.spec("WG1-02 3.3.2 b")
def test_the_entry_alone_is_enough(acme):
    """Its type stands for the scope (CDS-WG1-02 3.3.2)."""
    _code, grant = approved(acme.app)
    assert ask_for_grant(acme, grant, scope="").json()["scope"] == "cds_grant_admin_1"


@pytest.mark.spec("WG1-02 3.3.2 d", "WG1-02 3.8 d")
def test_without_an_entry_there_is_nothing_to_open(acme):
    """The entry is required."""
    response = ask_token(
        acme.grant_admin_credential, grant_type="client_credentials", scope="cds_grant_admin_1"
    )
    assert response.json()["error"] == "invalid_authorization_details"


@pytest.mark.spec("WG1-02 3.3.2 d")
def test_one_entry_per_token(acme):
    """CDS-WG1-02 3.3.2 against 9: one (decision 4)."""
    _code, grant = approved(acme.app)
    entry = {
        "type": "cds_grant_admin_1",
        "client_id": acme.app.client_id,
        "grant_id": grant.grant_id,
    }
    response = ask_token(
        acme.grant_admin_credential,
        grant_type="client_credentials",
        scope="cds_grant_admin_1",
        authorization_details=details(entry, entry),
    )
    assert response.json()["error"] == "invalid_authorization_details"


@pytest.mark.spec("WG1-02 3.3.2 e")
def test_another_partys_grant_does_not_exist(acme, rival):
    """Even with the right ids."""
    _code, grant = approved(rival.app)
    assert ask_for_grant(acme, grant).json()["error"] == "invalid_authorization_details"


@pytest.mark.spec("WG1-02 3.3.2 e")
def test_the_client_id_must_be_the_grants(acme):
    """CDS-WG1-02 3.3.2: a matching client_id."""
    _code, grant = approved(acme.app)
    response = ask_for_grant(acme, grant, client_id=acme.public.client_id)
    assert response.json()["error"] == "invalid_authorization_details"


@pytest.mark.spec("WG1-02 3.3.2 e")
def test_ended_and_expired_grants_are_not_opened(acme):
    """CDS-WG1-02 3.3.2: with enabled scope, and in time."""
    _code, grant = approved(acme.app)
    late = GrantFactory.create(client=acme.app, expires=timezone.now() - timedelta(seconds=1))
    end_grant(grant=grant, status="revoked", reason="test", by="system")
    for one in (grant, late):
        assert ask_for_grant(acme, one).json()["error"] == "invalid_authorization_details"


@pytest.mark.spec("WG1-02 3.3.2 e", "WG1-02 3.3.2 g")
def test_only_scopes_of_this_grant_admin_are_opened(acme):
    """Every enabled scope must name the Grant Admin scope of the request."""
    ask_token(acme.admin_credential, **ADMIN)
    own = Grant.objects.get()
    assert ask_for_grant(acme, own).json()["error"] == "invalid_authorization_details"


@pytest.mark.parametrize("text", ["{}", "[", "[1]", "null", "[" * 5000])
def test_unreadable_details_are_refused(acme, text):
    """RFC 9396 5."""
    response = ask_token(
        acme.grant_admin_credential,
        grant_type="client_credentials",
        scope="cds_grant_admin_1",
        authorization_details=text,
    )
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_authorization_details"


def test_client_admin_takes_no_details(acme):
    """CDS-WG1-02 3.3.1 has no fields."""
    response = ask_token(
        acme.admin_credential,
        **ADMIN,
        authorization_details=details({"type": "cds_client_admin", "x": 1}),
    )
    assert response.status_code == 400


def test_by_the_draft_only_new_grants_are_told(acme, settings):
    """Switched on, `cds_grant_ids` are for Grants that a request created (decision 60)."""
    settings.CDS_DRAFTS = True
    assert ask_token(acme.admin_credential, **ADMIN).json()["cds_grant_ids"]
    again = ask_token(acme.admin_credential, **ADMIN)
    assert (again.status_code, "cds_grant_ids" in again.json()) == (200, False)
