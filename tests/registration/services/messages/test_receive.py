"""Messages that Clients write: what is taken, what is refused, what follows."""

import json

import pytest

from portal.models import AuditEvent
from registration.models import Client, Message
from registration.services.messages.write import (
    open_form_request,
    open_server_request,
    update_request,
)
from tests.factories.registration import ClientFactory, MessageFactory
from tests.registration.support import admin_caller, caller, offer_demo_scopes

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/messages"
HOST = "http://testserver"
PDF = {"filename": "form.pdf", "mime_type": "application/pdf", "data": "JVBERi0xLjQK"}
ASKED = [{"field": "w9", "name": "Tax form", "description": "Your W-9, please"}]


@pytest.fixture
def api():
    offer_demo_scopes()
    return admin_caller()[0]


@pytest.fixture
def registration(api):
    return api.handler._force_user.registration


@pytest.fixture
def sandbox(registration):
    return ClientFactory.create(consent=True, registration=registration)


def uri_of(client):
    return f"{HOST}/cds-api/v1/clients/{client.client_id}"


def post(api, **fields):
    return api.generic("POST", LIST, json.dumps(fields), "application/json")


def letter(api, **fields):
    values = {"type": "private_message", "name": "Hello", "description": "World"} | fields
    return post(api, **values)


def answer_to(message, **fields):
    values = {
        "type": "client_submission",
        "name": "",
        "description": "",
        "previous_uri": f"{HOST}{LIST}/{message.message_id}",
    }
    return values | fields


def request_of(registration, kind="server_request", **fields):
    about = {"registration": registration, "name": "Form", "description": "Send it"}
    if kind == "server_request":
        fields = {"updates_requested": ASKED} | fields
        return open_server_request(**about, by="system", **fields)
    fields = {"related_uri": f"{HOST}/form.pdf"} | fields
    return open_form_request(type=kind, **about, by="system", **fields)


@pytest.mark.spec("WG1-02 6.9 m")
def test_a_private_message_is_stored_and_read(api, registration):
    """The example of 12.9, which leaves previous_uri out (decision 27)."""
    answer = letter(api)
    body = answer.json()
    admin = Client.objects.get(registration=registration, scopes=["cds_client_admin"])
    assert answer.status_code == 201
    assert (body["status"], body["read"], body["creator"]) == ("complete", True, admin.client_id)
    assert body["created"] == body["modified"]
    assert body["previous_uri"] is None
    assert api.get(body["uri"]).json() == body
    assert [row["message_id"] for row in api.get(LIST).json()["read"]] == [body["message_id"]]
    assert AuditEvent.objects.get(action="message.received").actor == f"client:{admin.client_id}"


@pytest.mark.spec("WG1-02 6.9 c")
def test_a_reply_links_what_it_answers(api, registration):
    """By the uri of one of the caller's own Messages."""
    first = MessageFactory.create(registration=registration)
    uri = f"{HOST}{LIST}/{first.message_id}"
    assert letter(api, previous_uri=uri).json()["previous_uri"] == uri


def test_a_support_request_waits(api):
    """With a link to anything; the server says what it is (decision 26)."""
    body = letter(api, type="support_request", related_uri="https://x.example/broken").json()
    assert (body["status"], body["related_type"]) == ("pending", "more_info")
    for path, kind in (
        ("clients/a", "client"),
        ("grants?x=1", "grant_list"),
        ("messages/b", "message"),
    ):
        uri = f"{HOST}/cds-api/v1/{path}"
        made = letter(api, type="support_request", related_uri=uri).json()
        assert (made["related_uri"], made["related_type"]) == (uri, kind)


@pytest.mark.spec("WG1-02 6.9 a", "WG1-02 6.9 f", "WG1-02 6.9 j")
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": None}, "type"),
        ({"type": "notification"}, "type"),
        ({"type": "request_update"}, "type"),
        ({"type": ["private_message"]}, "type"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\rb"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "\u3164"}, "name"),
        ({"description": "a\x1bb"}, "description"),
        ({"description": "a\u2066b"}, "description"),
        ({"name": "\ud800"}, "name"),
        ({"description": None}, "description"),
        ({"description": ""}, "description"),
        ({"description": "x" * 20_001}, "description"),
        ({"previous_uri": 1}, "previous_uri"),
        ({"previous_uri": "https://elsewhere.example/messages/x"}, "previous_uri"),
        ({"previous_uri": f"{HOST}{LIST}/unknown"}, "previous_uri"),
        ({"previous_uri": f"{HOST}{LIST}/a/../b"}, "previous_uri"),
        ({"related_uri": "javascript:alert(1)"}, "related_uri"),
        ({"related_uri": "https://user@x.example/"}, "related_uri"),
        ({"related_uri": "http://x.example/"}, "related_uri"),
        ({"related_uri": "https://[x"}, "related_uri"),
        ({"related_uri": 7}, "related_uri"),
        ({"attachments": {}}, "attachments"),
        ({"attachments": ["x"]}, "attachments"),
    ],
)
def test_wrong_values_are_named_and_store_nothing(api, fields, field):
    """CDS-WG1-02 6.9: 400."""
    answer = letter(api, **fields)
    assert (answer.status_code, answer.json().get("field")) == (400, field)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'"x"', b"\xff", b"[" * 50_000, b'{"a']
)
def test_bodies_that_are_no_object(api, body):
    """In the shape of all errors."""
    answer = api.generic("POST", LIST, body, "text/plain")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_other_parties_messages_cannot_be_answered(api):
    """They look like none; so do their requests."""
    foreign = MessageFactory.create()
    uri = f"{HOST}{LIST}/{foreign.message_id}"
    assert letter(api, previous_uri=uri).json()["field"] == "previous_uri"
    asked = request_of(foreign.registration)
    answer = post(api, **answer_to(asked, updates_requested=[{"field": "w9", "description": "x"}]))
    assert (answer.status_code, answer.json()["field"]) == (400, "previous_uri")
    asked.refresh_from_db()
    assert asked.status == "open"


@pytest.mark.spec("WG1-02 6.9 o", "WG1-02 6.11 d")
def test_a_submission_turns_the_request_to_pending(api, registration):
    """CDS-WG1-02 6.9; a newer one replaces it, whatever is pending then."""
    asked = request_of(registration)
    updates = [{"field": "w9", "description": "attached", "uri": "https://x.example/w9.pdf"}]
    first = post(api, **answer_to(asked, updates_requested=updates))
    assert first.status_code == 201
    assert first.json()["status"] == "complete"
    assert first.json()["updates_requested"] == updates
    asked.refresh_from_db()
    assert asked.status == "pending"
    assert post(api, **answer_to(asked, updates_requested=updates)).status_code == 201
    asked.refresh_from_db()
    assert asked.status == "pending"


@pytest.mark.spec("WG1-02 6.9 e", "WG1-02 6.9 g")
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "x"}, "name"),
        ({"description": "x"}, "description"),
        ({"previous_uri": None}, "previous_uri"),
        ({"updates_requested": None}, "updates_requested"),
        ({"updates_requested": {}}, "updates_requested"),
        ({"updates_requested": []}, "updates_requested"),
        ({"updates_requested": ["w9"]}, "updates_requested"),
        ({"updates_requested": [{}]}, "field"),
        ({"updates_requested": [{"field": "other", "description": "x"}]}, "updates_requested"),
        ({"updates_requested": [{"field": "w9"}]}, "updates_requested"),
        ({"updates_requested": [{"field": "w9", "description": "x"}] * 2}, "updates_requested"),
        ({"updates_requested": [{"field": "w9", "description": 3}]}, "description"),
        ({"updates_requested": [{"field": "w9", "uri": "ftp://x.example"}]}, "updates_requested"),
    ],
)
def test_submissions_answer_exactly_what_was_asked(api, registration, fields, field):
    """6.9: the same fields, each with words or a link."""
    asked = request_of(registration)
    values = {"updates_requested": [{"field": "w9", "description": "x"}]} | fields
    answer = post(api, **answer_to(asked, **values))
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    asked.refresh_from_db()
    assert asked.status == "open"


@pytest.mark.spec("WG1-02 6.9 b")
def test_a_submission_needs_a_request(api, registration):
    """A letter of the utility is none."""
    message = MessageFactory.create(registration=registration)
    answer = post(api, **answer_to(message, updates_requested=[{"field": "a", "description": "b"}]))
    assert answer.json()["field"] == "previous_uri"


@pytest.mark.parametrize("status", ["complete", "rejected"])
def test_what_is_decided_takes_no_answer(api, registration, status):
    """It would look as if somebody still looked at it."""
    asked = request_of(registration)
    update_request(message=asked, status=status, description="done", by="system")
    answer = post(api, **answer_to(asked, updates_requested=[{"field": "w9", "description": "x"}]))
    assert status in answer.json()["error_description"]


@pytest.mark.parametrize(
    "fields",
    [
        {"attachments": [PDF]},
        {"updates_requested": [{"field": "form", "uri": "https://x.example/form.pdf"}]},
    ],
)
def test_a_pdf_form_comes_back_as_file_or_link(api, registration, fields):
    """CDS-WG1-02 3.6 and decision 28: the server confirms with a request_update."""
    asked = request_of(registration, "pdf_form_request")
    assert post(api, **answer_to(asked, **fields)).status_code == 201
    asked.refresh_from_db()
    update = Message.objects.get(type="request_update")
    assert (asked.status, update.status, update.previous) == ("pending", "pending", asked)


def test_a_pdf_form_needs_the_form(api, registration):
    """Words alone are no form."""
    asked = request_of(registration, "pdf_form_request")
    fields = {"updates_requested": [{"field": "form", "description": "later"}]}
    assert post(api, **answer_to(asked, **fields)).json()["field"] == "attachments"


@pytest.mark.spec("WG1-02 6.9 p")
def test_a_production_request_waits(api, sandbox):
    """CDS-WG1-02 6.9, for one's own enabled sandbox Client, one at a time."""
    fields = {
        "type": "production_request",
        "name": "Go",
        "description": "",
        "related_uri": uri_of(sandbox),
    }
    body = post(api, **fields).json()
    assert (body["status"], body["related_type"]) == ("pending", "client")
    assert body["related_uri"] == uri_of(sandbox)
    again = post(api, **fields)
    assert (again.status_code, again.json()["field"]) == (400, "related_uri")


def test_production_requests_for_the_wrong_clients(api, registration, sandbox):
    """Another party's, a production one, a disabled one, none."""
    production = ClientFactory.create(consent=True, production=True, registration=registration)
    disabled = ClientFactory.create(consent=True, registration=registration)
    Client.objects.filter(pk=disabled.pk).update(cds_status="disabled")
    foreign = ClientFactory.create(consent=True)
    for wrong in (production, disabled, foreign, None):
        fields = {"related_uri": uri_of(wrong)} if wrong else {}
        answer = post(api, type="production_request", name="", description="", **fields)
        assert (answer.status_code, answer.json()["field"]) == (400, "related_uri")
    assert not Message.objects.exists()


def ask_grants(api, client, grants):
    return post(
        api,
        type="grant_request",
        name="Letter of authorization",
        description="",
        related_uri=uri_of(client),
        grants_requested=grants,
        attachments=[PDF],
    )


@pytest.mark.spec("WG1-02 6.9 h", "WG1-02 6.9 r")
def test_a_grant_request_waits_with_its_letter(api, sandbox):
    """CDS-WG1-02 6.9; the values come back as they were sent."""
    grants = [{"scope": "cds_usage", "authorization_details": []}]
    answer = ask_grants(api, sandbox, grants)
    assert answer.status_code == 201
    body = json.loads(b"".join(answer.streaming_content))
    assert (body["status"], body["grants_requested"]) == ("pending", grants)
    assert [item["filename"] for item in body["attachments"]] == ["form.pdf"]


def test_grants_may_be_asked_for_another_partys_client(api):
    """6.9 wants that; the asking party learns nothing of it but what it sent."""
    other = ClientFactory.create(consent=True)
    answer = ask_grants(api, other, [{"scope": "cds_usage", "authorization_details": []}])
    assert answer.status_code == 201
    assert other.name not in b"".join(answer.streaming_content).decode()
    assert (
        caller(ClientFactory.create(admin=True, registration=other.registration))
        .get(LIST)
        .json()["outstanding"]
        == []
    )


@pytest.mark.spec("WG1-02 6.6 b")
@pytest.mark.parametrize(
    "grants",
    [
        None,
        [],
        {},
        ["x"],
        [{}],
        [{"scope": "cds_usage"}],
        [{"scope": "", "authorization_details": []}],
        [{"scope": "cds_client_admin", "authorization_details": []}],
        [{"scope": "cds_usage", "authorization_details": {}}],
        [{"scope": "cds_usage", "authorization_details": [{"type": "cds_client_admin"}]}],
        [{"scope": "cds_usage", "authorization_details": [{"type": "cds_usage", "x": "\x00"}]}],
        [{"scope": "cds_usage", "authorization_details": [{"type": "cds_usage", "sync_until": 5}]}],
        [{"scope": "cds_usage", "authorization_details": []}] * 101,
    ],
)
def test_grants_that_the_client_could_not_have(api, sandbox, grants):
    """6.6: scopes and types of the Client, values that its scopes take."""
    assert ask_grants(api, sandbox, grants).status_code == 400
    assert not Message.objects.exists()


def test_read_only_tokens_of_other_scopes_are_refused(sandbox):
    """Only the admin Client speaks for the party."""
    assert letter(caller(sandbox)).status_code == 403
