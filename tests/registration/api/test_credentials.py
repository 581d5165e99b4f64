"""Credentials: made, found, ended."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.models import AuditEvent
from registration import tasks  # noqa: F401 -- the outbox runs them
from registration.errors import InvalidRequest
from registration.models import Credential, Message
from registration.services.credentials.lifecycle import (
    EXPIRES_FIELD,
    MAX_WORKING,
    authenticate,
    create_credential,
    expire_credential,
    replace_credential,
)
from tests.consent.oauth.support import ask_token
from tests.factories.registration import ClientFactory, CredentialFactory
from tests.registration.onboarding_support import run_outbox
from tests.registration.support import admin_caller, caller, offer_demo_scopes

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/credentials"


@pytest.fixture
def api():
    offer_demo_scopes()
    return admin_caller()[0]


@pytest.fixture
def mine(api):
    return ClientFactory.create(consent=True, registration=api.handler._force_user.registration)


def patch(api, credential, value):
    path = f"{LIST}/{credential.credential_id}"
    return api.patch(path, {"client_secret_expires_at": value}, format="json")


def test_a_new_secret_works_beside_the_old_one(api, mine):
    """That is how a client rotates without downtime; the changelog says so."""
    old = CredentialFactory.create(client=mine)
    answer = api.post(LIST, {"client_id": mine.client_id}, format="json")
    body = answer.json()
    assert answer.status_code == 201
    assert body["client_secret_expires_at"] == 0
    assert len(body["client_secret"]) >= 43
    now = timezone.now()
    for secret in (old.secret, body["client_secret"]):
        assert authenticate(mine.client_id, secret, now) is not None
    assert Message.objects.get().related_uri == body["uri"]
    assert api.get(body["uri"]).json() == body


def test_a_client_has_only_so_many_secrets_that_work(api, mine):
    """Each is one more to leak; the refusal says how to go on."""
    made = [CredentialFactory.create(client=mine) for _ in range(MAX_WORKING - 1)]
    assert api.post(LIST, {"client_id": mine.client_id}, format="json").status_code == 201
    refused = api.post(LIST, {"client_id": mine.client_id}, format="json")
    assert (refused.status_code, refused.json()["field"]) == (400, "client_id")
    assert "10 working secrets" in refused.json()["error_description"]
    assert EXPIRES_FIELD in refused.json()["error_description"]
    in_an_hour = timezone.now() + timedelta(hours=1)
    expire_credential(credential=made[0], at=in_an_hour, by="dev")
    refused = api.post(LIST, {"client_id": mine.client_id}, format="json")
    assert refused.status_code == 400, "it works for an hour more"
    expire_credential(credential=made[0], at=timezone.now(), by="dev")
    assert api.post(LIST, {"client_id": mine.client_id}, format="json").status_code == 201


def test_a_client_that_reached_the_limit_gets_a_secret_from_the_utility(mine):
    """Only those that work count: with all of them ended, support can help."""
    for _ in range(MAX_WORKING):
        CredentialFactory.create(client=mine, expires=timezone.now())
    made, _ = replace_credential(client=mine, reason="All were lost.", by="staff")
    assert made.is_usable(timezone.now())


def test_half_a_character_names_no_client(api):
    """JSON can write a lone surrogate, the database cannot be asked for one."""
    answer = api.post(LIST, '{"client_id": "\\ud800"}', content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (400, "client_id")


@pytest.mark.parametrize(
    "payload", [{}, {"client_id": 1}, {"client_id": "\x00"}, {"client_id": "x"}, []]
)
def test_a_credential_needs_one_of_the_own_clients(api, payload):
    """The answer names the field."""
    answer = api.post(LIST, payload, format="json")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_not_for_others_nor_public_nor_disabled_clients(api, mine):
    """Another party's Client looks like an unknown one."""
    registration = mine.registration
    refused = [
        ClientFactory.create(consent=True),
        ClientFactory.create(public=True, registration=registration),
        ClientFactory.create(consent=True, cds_status="disabled", registration=registration),
    ]
    for client in refused:
        answer = api.post(LIST, {"client_id": client.client_id}, format="json")
        assert (answer.status_code, answer.json()["field"]) == (400, "client_id")
    assert not Credential.objects.exists()


def test_authenticate_finds_only_the_right_pair():
    """Secret and client must belong together, and both be alive."""
    credential, now = CredentialFactory.create(), timezone.now()
    client_id, secret = credential.client.client_id, credential.secret
    other = ClientFactory.create()
    disabled = CredentialFactory.create(client__cds_status="disabled")
    expired = CredentialFactory.create(expires=now)
    assert authenticate(client_id, secret, now) == credential
    assert authenticate(client_id, secret + "x", now) is None
    assert authenticate(client_id, "", now) is None
    assert authenticate(other.client_id, secret, now) is None
    assert authenticate(disabled.client.client_id, disabled.secret, now) is None
    assert authenticate(expired.client.client_id, expired.secret, now) is None


def test_the_last_use_is_written_once_a_day(django_assert_num_queries):
    """The token endpoint reads; it writes only on the first use of a day."""
    credential, now = CredentialFactory.create(), timezone.now()
    pair = (credential.client.client_id, credential.secret)
    authenticate(*pair, now)
    credential.refresh_from_db()
    assert credential.last_used_on == now.astimezone(UTC).date()
    with django_assert_num_queries(1):
        authenticate(*pair, now)
    authenticate(*pair, now + timedelta(days=1))
    credential.refresh_from_db()
    assert credential.last_used_on == (now + timedelta(days=1)).astimezone(UTC).date()


def test_a_later_end_keeps_tokens_alive(api, mine):
    """A planned rotation must not cut off what is in use."""
    credential, at = CredentialFactory.create(client=mine), int(time.time()) + 3600
    assert patch(api, credential, at).json()["client_secret_expires_at"] == at
    credential.refresh_from_db()
    assert credential.tokens_not_before is None
    assert Message.objects.get().name == "Credential modified"


@pytest.mark.parametrize("offset", [0, -60])
def test_an_end_now_or_earlier_kills_the_tokens(api, mine, offset):
    """CDS-WG1-02 7.6: the secret counts as stolen."""
    credential = CredentialFactory.create(client=mine)
    before = timezone.now()
    assert patch(api, credential, int(time.time()) + offset).status_code == 200
    credential.refresh_from_db()
    assert credential.tokens_not_before is not None
    assert credential.tokens_not_before >= before
    assert authenticate(mine.client_id, credential.secret, timezone.now()) is None


@pytest.mark.spec("WG1-02 7.6 b")
def test_an_end_only_comes_nearer(api, mine):
    """Neither later nor never; the same value changes nothing."""
    at = int(time.time()) + 3600
    credential = CredentialFactory.create(client=mine, expires=datetime.fromtimestamp(at, tz=UTC))
    assert patch(api, credential, at + 1).status_code == 400
    assert patch(api, credential, 0).json()["field"] == "client_secret_expires_at"
    assert patch(api, credential, at).status_code == 200
    assert not Message.objects.exists()
    assert patch(api, credential, at - 1).status_code == 200
    with pytest.raises(InvalidRequest):
        expire_credential(credential=credential, at=timezone.now() + timedelta(days=9), by="system")


@pytest.mark.spec("WG1-02 7.6 d")
@pytest.mark.parametrize("value", [-1, "1760125049", 1.5, True, None, [], 10**30, 253402300800])
def test_what_is_no_timestamp_is_refused(api, mine, value):
    """Whole seconds since 1970 that a calendar can hold."""
    answer = patch(api, CredentialFactory.create(client=mine), value)
    assert (answer.status_code, answer.json()["field"]) == (400, "client_secret_expires_at")


@pytest.mark.spec("WG1-02 7.6 c")
def test_never_stays_never(api, mine):
    """Setting 0 where it is 0 is allowed and changes nothing; other fields are ignored."""
    credential = CredentialFactory.create(client=mine)
    path = f"{LIST}/{credential.credential_id}"
    payload = {"client_secret_expires_at": 0, "client_secret": "mine", "type": "x"}
    assert api.patch(path, payload, format="json").json() == api.get(path).json()
    assert api.patch(path, [], format="json").status_code == 400
    assert not Message.objects.exists()


def test_others_credentials_are_404(api):
    """For reading and writing."""
    other = CredentialFactory.create()
    assert api.get(f"{LIST}/{other.credential_id}").status_code == 404
    assert patch(api, other, 0).status_code == 404
    assert api.get(LIST).json()["credentials"] == []


@pytest.mark.parametrize("count", [1, 20])
def test_the_listing_costs_one_query(api, mine, django_assert_num_queries, count):
    """The Client comes with its Credential."""
    CredentialFactory.create_batch(count, client=mine)
    with django_assert_num_queries(1):
        assert len(api.get(LIST).json()["credentials"]) == count


def test_a_public_client_gets_no_secret():
    """There is nothing it could keep it in."""
    with pytest.raises(InvalidRequest):
        create_credential(client=ClientFactory.create(public=True), by="system")


@pytest.fixture
def locked_out():
    """An owner who ended the one secret with which the registration is managed."""
    offer_demo_scopes()
    admin = ClientFactory.create(admin=True)
    credential = CredentialFactory.create(client=admin)
    expire_credential(credential=credential, at=timezone.now(), by="dev")
    Message.objects.all().delete()
    return admin


def test_staff_make_a_secret_where_none_is_left(locked_out, staff, capsys):
    """With it the owner gets a token again; Message and mail tell of it, never the secret."""
    reason = "You ended the last one."
    call_command("replace_credential", locked_out.client_id, reason=reason, by=staff.email)
    printed = capsys.readouterr().out
    made = locked_out.credentials.usable(timezone.now()).get()
    assert printed == (
        f"{made.credential_id} is now the secret of {locked_out.client_id}:\n{made.secret}\n"
    )
    answer = ask_token(made, grant_type="client_credentials", scope="cds_client_admin")
    assert answer.status_code == 200
    message = Message.objects.get()
    assert (message.name, message.related_type) == ("Credential added", "credential")
    assert message.related_uri.endswith(made.credential_id)
    assert message.description.endswith(" Reason: You ended the last one.")
    assert caller(locked_out).get(message.related_uri).json()["client_secret"] == made.secret
    event = AuditEvent.objects.get(action="credential.created")
    assert event.subject == f"credential:{made.credential_id}"
    assert event.actor == f"user:{staff.pk}"
    run_outbox("registration.tasks.send_message_notice")
    run_outbox("registration.tasks.mail_message_notice")
    assert [each.to for each in mail.outbox] == [locked_out.registration.contacts]
    told = [message.description, str(event.details), *(str(each.body) for each in mail.outbox)]
    assert [words for words in told if made.secret in words] == []


def test_staff_make_no_second_secret(locked_out, staff):
    """Only owners have several; what still works is named, so that staff can end it."""
    working = CredentialFactory.create(client=locked_out, expires=timezone.now() + timedelta(1))
    with pytest.raises(CommandError, match=working.credential_id):
        call_command("replace_credential", locked_out.client_id, reason="Lost.", by=staff.email)
    assert locked_out.credentials.count() == 2
    assert not Message.objects.exists()


def test_staff_give_a_reason_and_name_a_client_that_may_have_a_secret(locked_out, staff):
    """Nothing is made otherwise."""
    public = ClientFactory.create(public=True).client_id
    disabled = ClientFactory.create(consent=True, cds_status="disabled").client_id
    for words in (
        [locked_out.client_id],
        [locked_out.client_id, "--reason", " "],
        ["cl_unknown", "--reason", "x"],
        [public, "--reason", "x"],
        [disabled, "--reason", "x"],
    ):
        with pytest.raises(CommandError):
            call_command("replace_credential", *words, "--by", staff.email)
    assert not Credential.objects.usable(timezone.now()).exists()
