"""Changes of Clients that the utility looks at first (CDS-WG1-02 5.5)."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.models import AuditEvent, OutboxEntry
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.services.clients.update import disable_client
from registration.services.messages.write import ForbiddenStatus
from registration.services.reviews.decide import approve_request, reject_request
from tests.factories.registration import ClientFactory
from tests.registration.schemas import problems
from tests.registration.support import admin_caller, offer_demo_scopes

pytestmark = pytest.mark.django_db
REVIEWED = ["client_name", "client_uri", "logo_uri"]
APP = "https://app.example/cb"


@pytest.fixture(autouse=True)
def _world(settings):
    settings.REVIEWED_CLIENT_FIELDS = REVIEWED
    offer_demo_scopes()


@pytest.fixture
def api():
    return admin_caller()[0]


@pytest.fixture
def client(api):
    return ClientFactory.create(
        consent=True,
        production=True,
        registration=api.handler._force_user.registration,
        name="Solar",
        client_uri="https://solar.example/",
    )


def uri(client):
    return f"/cds-api/v1/clients/{client.client_id}"


def put(api, client, **changes):
    """GET, change, PUT: what a client library does."""
    wire = api.get(uri(client)).json() | changes
    wire = {name: value for name, value in wire.items() if value is not ...}
    return api.generic("PUT", uri(client), json.dumps(wire), "application/json")


def waiting():
    return Message.objects.filter(type="field_changes", status="pending")


@pytest.mark.spec("WG1-02 5.5 h", "WG1-02 5.5 i")
def test_reviewed_fields_keep_their_values(api, client):
    """202 with the old values; everything else is in effect at once."""
    answer = put(api, client, client_name="Moon", contacts=["new@solar.example"])
    assert answer.status_code == 202
    assert answer.json()["client_name"] == "Solar"
    assert answer.json()["contacts"] == ["new@solar.example"]
    assert api.get(uri(client)).json() == answer.json()


def test_the_message_holds_old_and_new(api, client):
    """CDS-WG1-02 6.2 and 6.5, in the form of the standard."""
    put(api, client, client_name="Moon", logo_uri="https://solar.example/logo.png")
    (wire,) = [
        row
        for row in api.get("/cds-api/v1/messages").json()["unread"]
        if row["type"] == "field_changes"
    ]
    assert problems("Message", wire) == []
    assert (wire["status"], wire["creator"], wire["related_type"]) == ("pending", None, "client")
    assert wire["related_uri"].endswith(uri(client))
    assert wire["updates_requested"] == [
        {"field": "client_name", "previous_value": "Solar", "new_value": "Moon"},
        {
            "field": "logo_uri",
            "previous_value": None,
            "new_value": "https://solar.example/logo.png",
        },
    ]


def test_approval_applies_them(api, client):
    """The Client changes, the changelog says so, the Message ends, the reply links the Client."""
    put(api, client, client_name="Moon", client_uri=...)
    message = waiting().get()
    update = approve_request(message=message, by="command:test")
    body = api.get(uri(client)).json()
    assert body["client_name"] == "Moon"
    assert "client_uri" not in body
    message.refresh_from_db()
    assert (message.status, update.status, update.previous) == ("complete", "complete", message)
    assert update.related_uri.endswith(uri(client))
    assert Message.objects.filter(name="Client modified").count() == 1
    assert AuditEvent.objects.get(action="client.modified").actor == "command:test"


def test_rejection_drops_them(api, client):
    """With a reason that the third party reads; nothing changes."""
    put(api, client, client_name="Moon")
    message = waiting().get()
    with pytest.raises(InvalidRequest, match="reason"):
        reject_request(message=message, reason="", by="command:test")
    update = reject_request(message=message, reason="Not your name.", by="command:test")
    message.refresh_from_db()
    client.refresh_from_db()
    assert (message.status, client.name) == ("rejected", "Solar")
    assert (update.status, update.description) == ("rejected", "Not your name.")


def test_a_decision_is_made_once(api, client):
    """A second click, or the other staff member, finds it decided."""
    put(api, client, client_name="Moon")
    message = waiting().get()
    approve_request(message=message, by="system")
    with pytest.raises(ForbiddenStatus):
        reject_request(message=message, reason="x", by="system")
    with pytest.raises(ForbiddenStatus):
        approve_request(message=message, by="system")
    assert Message.objects.filter(type="request_update").count() == 1


def test_the_same_wish_waits_once(api, client):
    """Clients repeat requests; 202 each time, one Message, one mail."""
    for _ in range(3):
        assert put(api, client, client_name="Moon").status_code == 202
    assert waiting().count() == 1
    assert OutboxEntry.objects.count() == 1


def test_a_newer_wish_takes_the_place_of_the_older(api, client):
    """It takes along what the older one also wanted and the newer one does not speak of."""
    put(api, client, client_name="Moon", logo_uri="https://solar.example/l.png")
    old = waiting().get()
    put(api, client, client_name="Mars")
    old.refresh_from_db()
    assert old.status == "rejected"
    assert old.replies.get().description
    new = {item["field"]: item["new_value"] for item in waiting().get().updates_requested}
    assert new == {"client_name": "Mars", "logo_uri": "https://solar.example/l.png"}


def test_a_put_of_what_get_answers_leaves_the_review_alone(api, client):
    """The old values in it are no wish to keep them."""
    put(api, client, client_name="Moon")
    answer = put(api, client)
    assert answer.status_code == 200
    assert waiting().count() == 1


def test_redirects_wait_with_the_default_that_is_in_them(api, client, settings):
    """The default stays within the list, before and after."""
    settings.REVIEWED_CLIENT_FIELDS = ["redirect_uris"]
    own = client.cds_default_redirect_uri
    answer = put(api, client, redirect_uris=[APP], cds_default_redirect_uri=APP)
    assert answer.status_code == 202
    assert answer.json()["redirect_uris"] == [own]
    assert answer.json()["cds_default_redirect_uri"] == own
    approve_request(message=waiting().get(), by="system")
    body = api.get(uri(client)).json()
    assert (body["redirect_uris"], body["cds_default_redirect_uri"]) == ([APP], APP)


def test_a_default_that_left_the_list_meanwhile(api, client, settings):
    """Approval never leaves a default outside of the list."""
    settings.REVIEWED_CLIENT_FIELDS = ["cds_default_redirect_uri"]
    put(api, client, redirect_uris=[client.cds_default_redirect_uri, APP])
    assert put(api, client, cds_default_redirect_uri=APP).status_code == 202
    own = client.cds_default_redirect_uri
    assert put(api, client, redirect_uris=[own], cds_default_redirect_uri=own).status_code == 200
    approve_request(message=waiting().get(), by="system")
    assert api.get(uri(client)).json()["cds_default_redirect_uri"] == own


def test_the_sandbox_is_not_reviewed(api):
    """No customer meets it."""
    registration = api.handler._force_user.registration
    sandbox = ClientFactory.create(consent=True, registration=registration)
    assert put(api, sandbox, client_name="Moon").status_code == 200


def test_giving_up_is_never_reviewed(api, client, settings):
    """A party that leaves, or narrows its scope, leaves at once, whatever the setting says."""
    settings.REVIEWED_CLIENT_FIELDS = ["cds_status", "scope", "client_id"]
    answer = put(
        api, client, scope="cds_usage", cds_default_scope="cds_usage", cds_status="disabled"
    )
    assert (answer.status_code, answer.json()["cds_status"]) == (200, "disabled")
    assert answer.json()["scope"] == "cds_usage"


def test_wrong_values_are_refused_before_any_review(api, client):
    """Staff see only what could be applied."""
    assert put(api, client, client_name="Moon", logo_uri="javascript:x").status_code == 400
    assert not Message.objects.exists()


@pytest.mark.spec("WG1-02 6 a")
def test_disabling_by_staff_names_the_reason(client):
    """CDS-WG1-02 6: what changes a status is told by Message."""
    disable_client(client=client, reason="Complaints of customers.", by="command:test")
    message = Message.objects.get(name="Client modified")
    assert "Complaints of customers." in message.description
    assert AuditEvent.objects.get(action="client.modified").details["reason"]


@hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    puts=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "client_name": st.sampled_from(["Solar", "Moon", "Mars", ...]),
                "logo_uri": st.sampled_from(["https://solar.example/a", "https://solar.example/b"]),
                "tos_uri": st.sampled_from(["https://solar.example/t", ...]),
            },
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_sequence_of_puts_changes_a_reviewed_field(puts):
    """Only approval does; and never does more than one Message want the same field."""
    api, registration = admin_caller()
    client = ClientFactory.create(
        consent=True,
        production=True,
        registration=registration,
        name="Solar",
    )
    for changes in puts:
        assert put(api, client, **changes).status_code in {200, 202}
        now = Client.objects.get(pk=client.pk)
        assert (now.name, now.logo_uri) == ("Solar", "")
        fields = [
            item["field"]
            for message in waiting().filter(client=client)
            for item in message.updates_requested
        ]
        assert len(fields) == len(set(fields))
