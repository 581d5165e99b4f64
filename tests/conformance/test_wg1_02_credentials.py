"""CDS-WG1-02 7: Credentials."""

import time
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.utils import timezone

from portal.models import OutboxEntry
from registration.models import Client, Credential
from registration.services.messages.write import NOTICE_TASK
from tests.consent.oauth.support import ask_token, post
from tests.factories.consent import GrantFactory, token_for
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


@pytest.mark.spec("WG1-02 7.1 a", "WG1-02 7.1 b", "WG1-02 7.2 a", "WG1-02 7.3 a", "WG1-02 7.3 c")
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


@pytest.mark.spec("WG1-02 7.3 b")
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


@pytest.mark.spec("WG1-02 7.3 d")
def test_changelog(api, consent):
    """Added and modified ones."""
    made = api.post(LIST, {"client_id": consent.client_id}, format="json").json()
    api.patch(made["uri"], {"client_secret_expires_at": int(time.time()) + 99}, format="json")
    unread = api.get("/cds-api/v1/messages").json()["unread"]
    assert [message["related_uri"] for message in unread] == [made["uri"]] * 2
    assert {message["related_type"] for message in unread} == {"credential"}


@pytest.mark.spec("WG1-02 7.5 b", "WG1-02 7.5 c")
def test_create(api, consent):
    """The new secret differs from the others."""
    answer = api.post(LIST, {"client_id": consent.client_id}, format="json")
    assert answer.status_code == 201
    assert problems("Credential", answer.json()) == []
    secrets = [credential.secret for credential in Credential.objects.all()]
    assert len(set(secrets)) == len(secrets) == 4
    assert api.post(LIST, {}, format="json").status_code == 400


@pytest.mark.spec("WG1-02 7.6 b", "WG1-02 7.6 c", "WG1-02 7.6 d", "WG1-02 7.6 f")
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


@pytest.mark.spec("WG1-02 7.6 f", "WG1-02 7.6 g")
@pytest.mark.parametrize("seconds", [0, 1, 10**6])
def test_expiry_now(api, seconds):
    """The secret and what it obtained end with the answer; another one of the Client goes on."""
    admin = Client.objects.get(scopes=["cds_client_admin"])
    leaked, other = admin.credentials.get(), CredentialFactory.create(client=admin)

    def token(credential):
        return ask_token(credential, grant_type="client_credentials", scope="cds_client_admin")

    def listing(access_token):
        return Browser().get(LIST, headers={"Authorization": f"Bearer {access_token}"})

    dead, alive = (token(credential).json()["access_token"] for credential in (leaked, other))
    assert listing(dead).status_code == 200
    at = int(time.time()) - seconds
    answer = Browser().patch(
        f"{LIST}/{leaked.credential_id}",
        {"client_secret_expires_at": at},
        content_type="application/json",
        headers={"Authorization": f"Bearer {alive}"},
    )
    assert (answer.status_code, answer.json()["client_secret_expires_at"]) == (200, at)
    assert [listing(raw).status_code for raw in (dead, alive)] == [401, 200]
    assert [token(credential).status_code for credential in (leaked, other)] == [401, 200]


@pytest.mark.spec("WG1-02 7.1 c")
def test_disabled_client(api, consent):
    """Decision 24: enabling does not bring the secret back."""
    path = f"/cds-api/v1/clients/{consent.client_id}"
    api.put(path, {"cds_status": "disabled"}, format="json")
    expiry = api.get(LIST, {"client_ids": consent.client_id}).json()["credentials"][0]
    assert abs(expiry["client_secret_expires_at"] - time.time()) < 30
    api.put(path, {"cds_status": "sandbox"}, format="json")
    assert not consent.credentials.usable(timezone.now()).exists()


@pytest.mark.spec("WG1-02 7.4 a")
def test_get(api):
    """The same object as in the listing; others' do not exist."""
    for credential in api.get(LIST).json()["credentials"]:
        assert api.get(credential["uri"]).json() == credential
    other = CredentialFactory.create()
    assert api.get(f"{LIST}/{other.credential_id}").status_code == 404


@pytest.mark.spec("WG1-02 7.6 a", "WG1-02 7.6 e", "WG1-02 7.6 h")
def test_ignored_fields(api):
    """200, and the Credential is as before."""
    before = api.get(LIST).json()["credentials"][0]
    payload = {"client_secret": "chosen by the client", "client_id": "cl_x", "type": "password"}
    answer = api.patch(before["uri"], payload, format="json")
    assert answer.status_code == 200
    for name in ("client_secret", "client_id", "type", "client_secret_expires_at"):
        assert answer.json()[name] == before[name]


@pytest.mark.spec("WG1-02 7.6 i")
@pytest.mark.parametrize("planned", [None, timedelta(hours=-1), timedelta(hours=1)])
def test_a_leaked_secret(api, consent, staff, planned, capsys):
    """The utility ends it: the expiry is over, its tokens die, the other secret goes on."""
    now = timezone.now()
    leaked = CredentialFactory.create(client=consent, expires=planned and now + planned)
    grant = GrantFactory.create(client=consent)
    other = consent.credentials.exclude(pk=leaked.pk).get()
    dead, alive = token_for(grant, credential=leaked), token_for(grant, credential=other)
    by = staff.email
    reason = "It is on a public page."
    call_command("expire_credential", leaked.credential_id, reason=reason, by=by)

    def introspect(token):
        return post("/oauth/introspect", other, token=token).json()["active"]

    assert (introspect(dead), introspect(alive)) == (False, True)
    assert ask_token(leaked, grant_type="refresh_token", refresh_token="x").status_code == 401
    wire = api.get(f"{LIST}/{leaked.credential_id}").json()
    assert 0 < wire["client_secret_expires_at"] <= time.time()
    assert wire["client_secret"] == leaked.secret
    (message,) = api.get("/cds-api/v1/messages").json()["unread"]
    assert message["related_uri"] == wire["uri"]
    assert message["description"].endswith("Reason: It is on a public page.")
    assert OutboxEntry.objects.filter(task=NOTICE_TASK).count() == 1
    assert "no secret left" not in capsys.readouterr().out
    call_command("expire_credential", other.credential_id, reason="That one too.", by=by)
    assert "no secret left" in capsys.readouterr().out


def test_only_known_secrets_can_be_ended(consent, staff):
    """The command says so, and wants a reason."""
    known = consent.credentials.get().credential_id
    for words in (["cr_unknown", "--reason", "x"], [known], [known, "--reason", " "]):
        with pytest.raises(CommandError):
            call_command("expire_credential", *words, "--by", staff.email)
    assert consent.credentials.usable(timezone.now()).exists()
