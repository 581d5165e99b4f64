"""CDS-WG1-02 7: Credentials."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from registration.models import Client, Credential
from tests.factories.registration import CredentialFactory
from tests.registration.schemas import problems
from tests.registration.support import caller, offer_demo_scopes, register_demo_client

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/credentials"


@pytest.fixture
def api():
    offer_demo_scopes()
    register_demo_client()
    return caller(Client.objects.get(scopes=["cds_client_admin"]))


@pytest.fixture
def consent(api):
    return Client.objects.get(response_types=["code"])


def ids(body):
    return [credential["credential_id"] for credential in body["credentials"]]


@pytest.mark.spec("CDS-WG1-02", "7.1", "Credential object format")
@pytest.mark.spec("CDS-WG1-02", "7.3", "listing format and order")
def test_listing(api):
    """Secret and expiry are always there for type client_secret."""
    body = api.get(LIST).json()
    assert problems("CredentialListing", body) == []
    assert len(body["credentials"]) == 3
    times = [credential["modified"] for credential in body["credentials"]]
    assert times == sorted(times, reverse=True)
    for credential in body["credentials"]:
        assert credential["client_secret_expires_at"] == 0
        assert api.get(credential["uri"]).json() == credential


@pytest.mark.spec("CDS-WG1-02", "7.3", "filters and their intersection")
def test_filters(api, consent):
    """credential_ids, client_ids, after, before; the bounds belong to the range."""
    now = timezone.now()
    old = CredentialFactory.create(client=consent, created=now - timedelta(days=9))
    new = CredentialFactory.create(client=consent, created=now + timedelta(days=9))
    other = CredentialFactory.create()
    assert ids(
        api.get(LIST, {"credential_ids": f"{old.credential_id} {other.credential_id}"}).json()
    ) == [old.credential_id]
    assert len(ids(api.get(LIST, {"client_ids": consent.client_id}).json())) == 3
    assert ids(api.get(LIST, {"before": old.created.isoformat()}).json()) == [old.credential_id]
    assert ids(api.get(LIST, {"after": new.created.isoformat()}).json()) == [new.credential_id]
    both = {"client_ids": consent.client_id, "before": old.created.isoformat()}
    assert ids(api.get(LIST, both).json()) == [old.credential_id]
    before_all_time = api.get(LIST, {"after": "0001-01-01T00:00:00+14:00"})
    assert (before_all_time.status_code, before_all_time.json()["field"]) == (400, "after")
    assert api.get(LIST, {"after": "yesterday"}).json()["field"] == "after"


@pytest.mark.spec("CDS-WG1-02", "7.3", "changes appear as Messages")
def test_changelog(api, consent):
    """Added and modified ones."""
    made = api.post(LIST, {"client_id": consent.client_id}, format="json").json()
    api.patch(made["uri"], {"client_secret_expires_at": int(time.time()) + 99}, format="json")
    unread = api.get("/cds-api/v1/messages").json()["unread"]
    assert [message["related_uri"] for message in unread] == [made["uri"]] * 2
    assert {message["related_type"] for message in unread} == {"credential"}


@pytest.mark.spec("CDS-WG1-02", "7.5", "POST creates and answers 201; incomplete is 400")
def test_create(api, consent):
    """The new secret differs from the others."""
    answer = api.post(LIST, {"client_id": consent.client_id}, format="json")
    assert answer.status_code == 201
    assert problems("Credential", answer.json()) == []
    secrets = [credential.secret for credential in Credential.objects.all()]
    assert len(set(secrets)) == len(secrets) == 4
    assert api.post(LIST, {}, format="json").status_code == 400


@pytest.mark.spec("CDS-WG1-02", "7.6", "expiry between now and its current value")
def test_expiry_rules(api, consent):
    """From never to a time, then only nearer; other fields are ignored."""
    uri = api.get(LIST, {"client_ids": consent.client_id}).json()["credentials"][0]["uri"]
    at = int(time.time()) + 1000

    def patch(value):
        body = {"client_secret_expires_at": value, "client_secret": "x", "client_id": "x"}
        return api.patch(uri, body, format="json")

    before = api.get(uri).json()
    assert patch(0).json() == before
    answer = patch(at)
    assert answer.status_code == 200
    assert problems("Credential", answer.json()) == []
    assert answer.json()["client_secret"] == before["client_secret"]
    assert [patch(value).status_code for value in (at + 1, 0, "x", -1)] == [400] * 4
    assert patch(at - 1).status_code == 200


@pytest.mark.spec("CDS-WG1-02", "7.6", "expiry now revokes tokens")
def test_expiry_now(api, consent):
    """Tokens compare `tokens_not_before`, set in the same transaction."""
    credential = consent.credentials.get()
    before = timezone.now()
    api.patch(
        f"{LIST}/{credential.credential_id}",
        {"client_secret_expires_at": int(time.time())},
        format="json",
    )
    credential.refresh_from_db()
    assert credential.tokens_not_before >= before


@pytest.mark.spec("CDS-WG1-02", "7.1", "disabling sets the expiry to that moment")
def test_disabled_client(api, consent):
    """Decision 24: enabling does not bring the secret back."""
    path = f"/cds-api/v1/clients/{consent.client_id}"
    api.put(path, {"cds_status": "disabled"}, format="json")
    expiry = api.get(LIST, {"client_ids": consent.client_id}).json()["credentials"][0]
    assert abs(expiry["client_secret_expires_at"] - time.time()) < 30
    api.put(path, {"cds_status": "sandbox"}, format="json")
    assert not consent.credentials.usable(timezone.now()).exists()


@pytest.mark.spec("CDS-WG1-02", "7.4", "uri answers the Credential")
def test_get(api):
    """The same object as in the listing; others' do not exist."""
    for credential in api.get(LIST).json()["credentials"]:
        assert api.get(credential["uri"]).json() == credential
    other = CredentialFactory.create()
    assert api.get(f"{LIST}/{other.credential_id}").status_code == 404


@pytest.mark.spec("CDS-WG1-02", "7.6", "fields that cannot be modified are ignored")
@pytest.mark.spec("CDS-WG1-02", "7.6", "secrets never change")
def test_ignored_fields(api):
    """200, and the Credential is as before."""
    before = api.get(LIST).json()["credentials"][0]
    payload = {"client_secret": "chosen by the client", "client_id": "cl_x", "type": "password"}
    answer = api.patch(before["uri"], payload, format="json")
    assert answer.status_code == 200
    for name in ("client_secret", "client_id", "type", "client_secret_expires_at"):
        assert answer.json()[name] == before[name]
