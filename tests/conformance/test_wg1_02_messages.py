"""CDS-WG1-02 6: the Messages API, and what 5.5 does through it."""

import base64
import json
import re
from typing import Any

import pytest
from django.core.management import call_command

from registration.models import Client, Message
from registration.models.message_states import KINDS
from registration.services.messages.write import (
    open_form_request,
    open_server_request,
    update_request,
)
from registration.services.reviews.decide import approve_request, reject_request
from tests.factories.registration import ClientFactory, MessageFactory
from tests.registration.schemas import problems
from tests.registration.support import (
    approve_as_seen,
    caller,
    offer_demo_scopes,
    register_demo_client,
)

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/messages"
LETTER = {"type": "private_message", "name": "My Subject", "description": "Hello World!"}
PDF = {
    "filename": "letter.pdf",
    "mime_type": "application/pdf",
    "data": base64.b64encode(b"%PDF-1.7").decode(),
}
WITH_STATUS = [(name, status) for name, kind in KINDS.items() for status in sorted(kind.statuses)]


@pytest.fixture
def api():
    offer_demo_scopes()
    register_demo_client()
    return caller(Client.objects.get(scopes=["cds_client_admin"]))


@pytest.fixture
def registration(api):
    return api.handler._force_user.registration


@pytest.fixture
def sandbox(api):
    return Client.objects.get(response_types=["code"])


def post(api, **fields):
    return api.generic("POST", LIST, json.dumps(fields), "application/json")


def body_of(response):
    if response.streaming:
        return json.loads(b"".join(response.streaming_content))
    return response.json()


def uri_of(client):
    return f"http://testserver/cds-api/v1/clients/{client.client_id}"


def ask_for_production(api, sandbox):
    made = post(
        api, type="production_request", name="", description="", related_uri=uri_of(sandbox)
    )
    return Message.objects.get(message_id=made.json()["message_id"])


@pytest.mark.spec("WG1-02 6.1 a", "WG1-02 6.2 a", "WG1-02 6.3 a", "WG1-02 6.4 a", "WG1-02 6.5 a")
@pytest.mark.parametrize(("name", "status"), WITH_STATUS)
def test_message_format(api, registration, name, status):
    """As the schema of the standard wants it."""
    fields: dict[str, Any] = {}
    if name in {"server_request", "client_submission", "field_changes"}:
        fields["updates_requested"] = [
            {"field": "a", "name": "A", "description": "x", "previous_value": 1, "new_value": None}
        ]
    if name == "grant_request":
        fields["grants_requested"] = [{"scope": "cds_usage", "authorization_details": []}]
    if name == "payment_request":
        fields |= {"amount": "12.50", "currency": "USD"}
    if name == "request_update":
        fields["previous"] = MessageFactory.create(registration=registration)
    if kind := KINDS[name].related_type:
        fields |= {"related_uri": "https://utility.example/x", "related_type": kind}
    made = MessageFactory.create(registration=registration, type=name, status=status, **fields)
    assert problems("Message", api.get(f"{LIST}/{made.message_id}").json()) == []
    assert problems("MessageListing", api.get(LIST).json()) == []


@pytest.mark.spec("WG1-02 6.1 b")
def test_read_at_creation(api, registration):
    """`creator` says whose they are."""
    open_form_request(
        registration=registration,
        type="online_form_request",
        name="Terms",
        description="Accept",
        related_uri="https://utility.example/terms",
        by="system",
    )
    (unread,) = api.get(LIST).json()["unread"]
    assert (unread["read"], unread["creator"]) == (False, None)
    mine = post(api, **LETTER).json()
    assert (mine["read"], mine["creator"]) == (True, api.handler._force_user.client.client_id)


@pytest.mark.spec("WG1-02 6.9 l", "WG1-02 6.9 m", "WG1-02 6.9 n")
@pytest.mark.parametrize(
    ("name", "status"), [("private_message", "complete"), ("support_request", "pending")]
)
def test_create(api, name, status):
    """modified equals created, and the Message is found by its uri."""
    answer = post(api, **LETTER | {"type": name, "previous_uri": None})
    body = answer.json()
    assert (answer.status_code, body["status"]) == (201, status)
    assert problems("Message", body) == []
    assert body["created"] == body["modified"]
    assert api.get(body["uri"]).json() == body


@pytest.mark.spec("WG1-02 6.9 d", "WG1-02 6.9 j")
@pytest.mark.parametrize("name", sorted(set(KINDS) - {"private_message", "support_request"}))
def test_create_incomplete(api, name):
    """A letter is none of the other types, and most are not for Clients."""
    assert post(api, **LETTER | {"type": name}).status_code == 400
    assert not Message.objects.exists()


@pytest.mark.spec("WG1-02 6.9 k")
def test_attachment_limit(api, settings):
    """Ten megabytes are taken (see test_messages_attachments), a byte over the limit is not."""
    settings.MESSAGE_ATTACHMENT_MAX_BYTES = 8
    assert post(api, **LETTER, attachments=[PDF]).status_code == 201
    settings.MESSAGE_ATTACHMENT_MAX_BYTES = 7
    assert post(api, **LETTER, attachments=[PDF]).status_code == 413


@pytest.mark.spec("WG1-02 6.7 a")
def test_attachments(api):
    """Both ways, in single Messages and in listings."""
    made = body_of(post(api, **LETTER, attachments=[PDF]))
    assert problems("Message", made) == []
    assert PDF.items() <= made["attachments"][0].items()
    assert body_of(api.get(LIST))["read"] == [made]


def tax_form(registration):
    """A form that the utility asks for: the request, its address and the start of an answer."""
    asked = open_server_request(
        registration=registration,
        name="Tax form",
        description="Send it",
        updates_requested=[{"field": "w9", "name": "W-9", "description": "Signed"}],
        by="system",
    )
    uri = f"http://testserver{LIST}/{asked.message_id}"
    values = {"type": "client_submission", "name": "", "description": "", "previous_uri": uri}
    return asked, uri, values


@pytest.mark.spec("WG1-02 6.3 b", "WG1-02 6.9 b", "WG1-02 6.9 g", "WG1-02 6.9 o")
def test_submission(api, registration):
    """Name and description stay empty."""
    _, uri, values = tax_form(registration)
    wrong = post(api, **values, updates_requested=[{"field": "x", "description": "y"}])
    assert wrong.status_code == 400
    made = post(api, **values, updates_requested=[{"field": "w9", "description": "y"}])
    assert (made.status_code, made.json()["status"]) == (201, "complete")
    assert api.get(uri).json()["status"] == "pending"


@pytest.mark.spec("WG1-02 3.6 i")
def test_pdf_form(api, registration):
    """The server answers with a request_update."""
    asked = open_form_request(
        registration=registration,
        type="pdf_form_request",
        name="Form",
        description="Fill it",
        related_uri="https://utility.example/form.pdf",
        by="system",
    )
    uri = f"http://testserver{LIST}/{asked.message_id}"
    values = {"type": "client_submission", "name": "", "description": "", "previous_uri": uri}
    assert post(api, **values, attachments=[PDF]).status_code == 201
    (update,) = [row for row in body_of(api.get(LIST))["unread"] if row["type"] == "request_update"]
    assert (update["previous_uri"], update["status"]) == (uri, "pending")
    assert api.get(uri).json()["status"] == "pending"


@pytest.mark.spec("WG1-02 6.3 c", "WG1-02 6.9 q", "WG1-02 7 a")
def test_production_request_approved(api, sandbox):
    """With its Credentials, which the Client finds by the Credentials API."""
    request = ask_for_production(api, sandbox)
    update = approve_as_seen(message=request, by="system")
    wire = api.get(f"{LIST}/{update.message_id}").json()
    assert (wire["type"], wire["status"], wire["related_type"]) == (
        "request_update",
        "complete",
        "client",
    )
    made = api.get(wire["related_uri"]).json()
    assert problems("Client", made) == []
    assert made["cds_status_options"] == ["production", "disabled"]
    credentials = api.get("/cds-api/v1/credentials", {"client_ids": made["client_id"]}).json()
    assert len(credentials["credentials"]) == 1
    original = api.get(f"{LIST}/{request.message_id}").json()
    assert (original["status"], original["related_uri"]) == ("complete", uri_of(sandbox))
    assert api.get(uri_of(sandbox)).json()["cds_status"] == "sandbox"


@pytest.mark.spec("WG1-02 6.3 f", "WG1-02 6.9 q")
def test_production_request_rejected(api, sandbox):
    """Nothing is created."""
    update = reject_request(
        message=ask_for_production(api, sandbox), reason="No website.", by="system"
    )
    wire = api.get(f"{LIST}/{update.message_id}").json()
    assert (wire["status"], wire["description"]) == ("rejected", "No website.")
    assert not Client.objects.filter(response_types=["code"], cds_status="production").exists()


@pytest.mark.spec("WG1-02 6.6 a", "WG1-02 6.6 b", "WG1-02 6.9 r")
def test_grant_request(api, sandbox):
    """The Grants are made by staff (see consent/services/test_grant_requests)."""
    values = {"type": "grant_request", "name": "LOA", "description": ""}
    values["related_uri"] = uri_of(sandbox)
    good = [{"scope": "cds_usage", "authorization_details": [{"type": "cds_usage"}]}]
    made = post(api, **values, grants_requested=good).json()
    assert (made["status"], made["grants_requested"]) == ("pending", good)
    wrong = [{"scope": "cds_usage", "authorization_details": [{"type": "cds_client_admin"}]}]
    assert post(api, **values, grants_requested=wrong).status_code == 400


@pytest.mark.spec("WG1-02 6.2 b")
def test_request_update(api):
    """Decision 30: the original shows it too, and leaves the outstanding list."""
    made = post(api, **LETTER | {"type": "support_request"}).json()
    message = Message.objects.get(message_id=made["message_id"])
    update_request(message=message, status="complete", description="Solved", by="system")
    listing = api.get(LIST).json()
    assert listing["outstanding"] == []
    assert api.get(made["uri"]).json()["status"] == "complete"
    assert listing["unread"][0]["previous_uri"] == made["uri"]


@pytest.mark.spec("WG1-02 6.8 b")
def test_filter(api):
    """In all three lists."""
    wanted = post(api, **LETTER).json()
    post(api, **LETTER)
    found = api.get(LIST, {"message_ids": wanted["message_id"]}).json()
    assert found["read"] == [wanted]


@pytest.mark.spec("WG1-02 6.8 d")
def test_order(api):
    """In each list."""
    for _ in range(3):
        post(api, **LETTER)
    rows = api.get(LIST).json()["read"]
    assert [row["modified"] for row in rows] == sorted(
        (row["modified"] for row in rows), reverse=True
    )


@pytest.mark.spec("WG1-02 6.11 b", "WG1-02 6.11 g", "WG1-02 6.11 h")
@pytest.mark.parametrize(
    ("value", "status"), [(True, 200), (False, 200), ("yes", 400), (None, 400)]
)
def test_modify(api, value, status):
    """The walk-through of 12.11."""
    uri = post(api, **LETTER).json()["uri"]
    answer = api.patch(uri, {"read": value, "name": "changed"}, format="json")
    assert answer.status_code == status
    assert api.get(uri).json()["name"] == LETTER["name"]


@pytest.mark.spec("WG1-02 6.11 a")
def test_modify_nothing(api):
    """200, unchanged."""
    made = post(api, **LETTER).json()
    assert api.patch(made["uri"], {}, format="json").json() == made


@pytest.mark.spec("WG1-02 6.11 d")
def test_a_newer_submission_replaces_the_older(api, registration, capsys):
    """Staff see the newest one last; the older stays readable, and its request waits once."""
    asked, uri, values = tax_form(registration)
    first, second = (
        post(api, **values, updates_requested=[{"field": "w9", "description": text}]).json()
        for text in ("unsigned, sorry", "signed")
    )
    call_command("show_request", asked.message_id)
    assert re.findall(r"reply: (\w+)", capsys.readouterr().out) == [
        first["message_id"],
        second["message_id"],
    ]
    assert api.get(first["uri"]).json() == first
    assert [row["uri"] for row in api.get(LIST).json()["outstanding"]] == [uri]


@pytest.mark.spec("WG1-02 6.9 c", "WG1-02 6.11 f")
@pytest.mark.parametrize("name", ["support_request", "private_message"])
def test_a_newer_letter_amends_what_it_answers(api, name, capsys):
    """Also when it answers one's own: staff read both together, and an update follows the first."""
    first = post(api, **LETTER | {"type": name}).json()
    more = LETTER | {"type": name, "name": "My Subject, again", "previous_uri": first["uri"]}
    second = post(api, **more).json()
    assert second["previous_uri"] == first["uri"]
    call_command("show_request", first["message_id"])
    shown = capsys.readouterr().out
    assert f"reply: {second['message_id']}" in shown
    assert "My Subject, again" in shown
    assert api.get(first["uri"]).json() == first


@pytest.mark.spec("WG1-02 5.5 h", "WG1-02 5.5 i", "WG1-02 6.5 c")
def test_asynchronous_review(api, settings):
    """Until the utility approves; the Message tracks it."""
    settings.REVIEWED_CLIENT_FIELDS = ["client_name"]
    client = ClientFactory.create(
        consent=True, production=True, registration=api.handler._force_user.registration
    )
    wire = api.get(uri_of(client)).json()
    answer = api.put(uri_of(client), wire | {"client_name": "New"}, format="json")
    assert (answer.status_code, answer.json()["client_name"]) == (202, wire["client_name"])
    (message,) = api.get(LIST).json()["outstanding"]
    assert message["type"] == "field_changes"
    assert message["updates_requested"] == [
        {"field": "client_name", "previous_value": wire["client_name"], "new_value": "New"}
    ]
    approve_request(message=Message.objects.get(type="field_changes"), by="system")
    assert api.get(uri_of(client)).json()["client_name"] == "New"
    assert api.get(message["uri"]).json()["status"] == "complete"


@pytest.mark.spec("CDS-WG1-02", "11.2", "no other party's Message, file or request")
def test_other_parties(api):
    """404 for all of it."""
    other = caller(ClientFactory.create(admin=True))
    made = body_of(post(other, **LETTER, attachments=[PDF]))
    for url in (made["uri"], made["attachments"][0]["uri"]):
        assert api.get(url).status_code == 404
    assert api.patch(made["uri"], {"read": False}, format="json").status_code == 404
    assert body_of(api.get(LIST, {"message_ids": made["message_id"]}))["read"] == []
