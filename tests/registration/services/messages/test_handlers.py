"""What staff do with Messages: decide, ask, write; and how the parties hear of it."""

import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.management.base import CommandError
from django.utils import timezone

from portal import registries
from portal.models import AuditEvent, OutboxEntry
from registration import tasks
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.services.messages import handlers as message_handlers
from registration.services.messages.attachments import received_file, store_attachments
from registration.services.messages.handlers import (
    Outcome,
    RequestHandler,
    SubmissionListener,
    handler_of,
)
from registration.services.messages.write import (
    ForbiddenStatus,
    notify,
    open_form_request,
    open_payment_request,
    open_production_request,
    open_server_request,
    send_message,
    send_notification,
    update_request,
)
from registration.services.reviews.decide import approve_request, reject_request
from tests.factories.registration import ClientFactory, MessageFactory, RegistrationFactory
from tests.registration.schemas import problems
from tests.registration.support import approve_as_seen, caller, offer_demo_scopes, run, waiting

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/messages"
DEV = "http://127.0.0.1:9/cb"
APP = "https://app.example/cb"


@pytest.fixture(autouse=True)
def _offers():
    offer_demo_scopes()


@pytest.fixture
def sandbox():
    client = ClientFactory.create(consent=True, contacts=["a@b.example"], name="Solar")
    client.redirect_uri_list += [APP, DEV]
    client.save()
    return client


def production_request(client):
    return MessageFactory.create(
        registration=client.registration,
        type="production_request",
        status="pending",
        creator="cl_admin",
        client=client,
    )


def test_approval_makes_a_production_client(sandbox):
    """CDS-WG1-02 6.9, decision 29: a new Client with its own secret; the request keeps its link."""
    request = production_request(sandbox)
    update = approve_as_seen(message=request, by="command:test")
    made = Client.objects.get(cds_status="production", response_types=["code"])
    request.refresh_from_db()
    assert (request.status, update.status, update.related_type) == ("complete",) * 2 + ("client",)
    assert update.related_uri.endswith(made.client_id)
    assert request.related_uri == ""
    assert made.cds_status_options == ["production", "disabled"]
    assert (made.scopes, made.contacts, made.name) == (sandbox.scopes, ["a@b.example"], "Solar")
    assert made.credentials.count() == 1
    assert {"Client added", "Credential added"} <= set(
        Message.objects.filter(registration=sandbox.registration).values_list("name", flat=True)
    )


def test_environments_never_mix(sandbox):
    """Own id and receipt address, none on the developer's machine, the sandbox untouched."""
    before = Client.objects.filter(pk=sandbox.pk).values().get()
    approve_as_seen(message=production_request(sandbox), by="system")
    made = Client.objects.get(cds_status="production", response_types=["code"])
    assert made.client_id != sandbox.client_id
    assert made.cds_default_redirect_uri.endswith(made.client_id)
    assert made.redirect_uri_list == [made.cds_default_redirect_uri, APP]
    assert Client.objects.filter(pk=sandbox.pk).values().get() == before


def test_public_clients_get_no_secret():
    """They never have one."""
    public = ClientFactory.create(public=True)
    approve_as_seen(message=production_request(public), by="system")
    made = Client.objects.get(cds_status="production")
    assert made.is_public
    assert made.pkce_required
    assert not made.credentials.exists()


def test_a_disabled_sandbox_client_is_not_approved(sandbox):
    """It may have been stopped while the request waited; nothing is left half done."""
    request = production_request(sandbox)
    Client.objects.filter(pk=sandbox.pk).update(cds_status="disabled")
    with pytest.raises(InvalidRequest):
        approve_as_seen(message=request, by="system")
    request.refresh_from_db()
    assert request.status == "pending"
    assert not Client.objects.filter(cds_status="production").exists()


def test_a_request_without_a_client_is_not_approved():
    """Nothing could be made from it."""
    for kind in ("production_request", "field_changes", "grant_request"):
        with pytest.raises(InvalidRequest):
            approve_as_seen(message=waiting(kind), by="system")


def test_rejection_tells_why(sandbox):
    """The reason is compulsory (6.3), and nothing is made."""
    request = production_request(sandbox)
    with pytest.raises(InvalidRequest):
        reject_request(message=request, reason="  ", by="system")
    update = reject_request(message=request, reason="No website.", by="system")
    assert (update.status, update.description, update.previous) == (
        "rejected",
        "No website.",
        request,
    )
    assert not Client.objects.filter(cds_status="production").exists()
    with pytest.raises(ForbiddenStatus):
        approve_as_seen(message=request, by="system")


def test_support_requests_are_resolved_never_rejected():
    """Decision 31."""
    request = waiting()
    with pytest.raises(ForbiddenStatus):
        reject_request(message=request, reason="no", by="system")
    assert approve_as_seen(message=request, note="Solved.", by="system").description == "Solved."


def test_letters_take_no_decision():
    """Neither the server's nor a submission."""
    for kind in ("private_message", "notification", "client_submission"):
        with pytest.raises(ForbiddenStatus):
            approve_as_seen(message=MessageFactory.create(type=kind), by="system")


def test_handlers_of_other_apps_take_part(monkeypatch):
    """An app below plugs in by type; what it does is undone when it fails."""
    seen: list[Any] = []

    def approve(request, options, by):
        seen.append((request.pk, dict(options), by))
        if options:
            raise InvalidRequest("no")
        return Outcome(
            description="done", related_type="more_info", related_uri="https://x.example"
        )

    handler = RequestHandler(approve=approve, reject=lambda *args: seen.append(args[1]))
    handlers: registries.Registry[RequestHandler] = registries.Registry("test")
    handlers.register("online_form_request", handler)
    monkeypatch.setattr(message_handlers, "request_handlers", handlers)
    form = MessageFactory.create(type="online_form_request", status="open")
    with pytest.raises(InvalidRequest):
        approve_as_seen(message=form, options={"a": "b"}, by="system")
    form.refresh_from_db()
    assert form.status == "open"
    assert approve_as_seen(message=form, by="system").related_uri == "https://x.example"
    other = MessageFactory.create(type="online_form_request", status="pending")
    reject_request(message=other, reason="late", by="system")
    assert seen[-1] == "late"
    assert handler_of("payment_request").approve(other, {}, "system") == Outcome()


def test_submissions_reach_their_listeners(monkeypatch):
    """Onboarding learns of a form that came back."""
    seen: list[Any] = []
    listeners: registries.Registry[SubmissionListener] = registries.Registry("test")
    listeners.register(
        "test", lambda request, submission: seen.append((request.status, submission.type))
    )
    monkeypatch.setattr("registration.services.messages.receive.submission_listeners", listeners)
    admin = ClientFactory.create(admin=True)
    asked = open_server_request(
        registration=admin.registration,
        name="Form",
        description="Please",
        updates_requested=[{"field": "a", "name": "A", "description": "A"}],
        by="system",
    )
    payload = {
        "type": "client_submission",
        "name": "",
        "description": "",
        "previous_uri": f"http://testserver{LIST}/{asked.message_id}",
        "updates_requested": [{"field": "a", "description": "x"}],
    }
    answer = caller(admin).generic("POST", LIST, json.dumps(payload), "application/json")
    assert answer.status_code == 201
    assert seen == [("pending", "client_submission")]


@pytest.mark.spec("WG1-02 6.1 c")
def test_the_server_opens_requests(sandbox):
    """Each with the fixed kind of link of 6.1, in the form of the standard."""
    registration = sandbox.registration
    api = caller(ClientFactory.create(admin=True, registration=registration))
    asked: dict[str, Any] = {
        "registration": registration,
        "name": "Do it",
        "description": "Please",
        "related_uri": "https://utility.example/form",
        "by": "system",
    }
    fee: dict[str, Any] = {"amount": Decimal("12.50"), "currency": "USD"}
    for link, made in (
        ("payment_form", open_payment_request(**asked, **fee)),
        ("online_form", open_form_request(type="online_form_request", **asked)),
        ("pdf_form", open_form_request(type="pdf_form_request", **asked)),
    ):
        wire = api.get(f"{LIST}/{made.message_id}").json()
        assert problems("Message", wire) == []
        assert (wire["status"], wire["related_type"], wire["read"]) == ("open", link, False)
        assert ("amount" in wire) == (link == "payment_form")
    review = open_production_request(
        name="Review", description="We look at you", client=sandbox, by="system"
    )
    wire = api.get(f"{LIST}/{review.message_id}").json()
    assert (wire["status"], wire["creator"], wire["related_type"]) == ("pending", None, "client")
    assert wire["related_uri"].endswith(sandbox.client_id)


@pytest.mark.spec("WG1-02 6.5 b")
@pytest.mark.parametrize("updates", [[], [{"field": "a"}]])
def test_requests_that_lack_what_they_need(updates):
    """A programming error shows where it is made, not at the client's."""
    with pytest.raises(InvalidRequest):
        open_server_request(
            registration=RegistrationFactory.create(),
            name="x",
            description="x",
            updates_requested=updates,
            by="system",
        )
    assert not Message.objects.exists()


def test_letters_and_notifications():
    """A letter goes to one party, a notification to all."""
    one, other = RegistrationFactory.create_batch(2)
    letter = send_message(registration=one, name="Hi", description="There", by="system")
    assert (letter.type, letter.status, letter.creator) == ("private_message", "complete", "")
    with pytest.raises(InvalidRequest):
        send_message(registration=other, name="Re", description="x", previous=letter, by="system")
    with pytest.raises(InvalidRequest):
        send_message(registration=one, name=" ", description="x", by="system")
    assert send_notification(name="Outage", description="Tonight", by="system") == 2
    for registration in (one, other):
        assert Message.objects.filter(type="notification", registration=registration).count() == 1


def test_contacts_get_one_mail_each(django_capture_on_commit_callbacks):
    """Delivered twice, promised once; the words are the utility's alone."""
    registration = RegistrationFactory.create(
        name="Click here http://evil.example",
        contacts=["a@x.example", "+1 555 0100", "b@x.example", "a@x.example"],
    )
    message = send_message(
        registration=registration, name="Secret", description="Words", by="system"
    )
    entry = OutboxEntry.objects.get()
    assert (entry.task, entry.args) == (
        "registration.tasks.send_message_notice",
        [message.message_id],
    )
    for _ in range(2):
        tasks.send_message_notice(*entry.args)
    promised = OutboxEntry.objects.filter(task="registration.tasks.mail_message_notice")
    assert sorted(entry.args[1] for entry in promised) == [0, 1]
    for row in promised:
        tasks.mail_message_notice(*row.args)
    assert sorted(mail.outbox[n].to[0] for n in range(2)) == ["a@x.example", "b@x.example"]
    assert message.message_id in mail.outbox[0].body
    for words in ("evil", "Secret", "Words"):
        assert words not in f"{mail.outbox[0].body}{mail.outbox[0].subject}"


def test_questions_say_that_something_is_to_be_done():
    """The subject is what people read."""
    registration = RegistrationFactory.create(contacts=["a@x.example"])
    asked = open_form_request(
        registration=registration,
        type="online_form_request",
        name="Terms",
        description="Accept",
        related_uri="https://u.example/",
        by="system",
    )
    tasks.mail_message_notice(asked.message_id, 0)
    tasks.mail_message_notice(asked.message_id, 1)
    (sent,) = mail.outbox
    assert sent.subject == "Demo Gas & Electric needs something from you"


def test_the_changelog_sends_no_mail():
    """It mostly reports what its reader did."""
    notify(registration=RegistrationFactory.create(), name="Client modified", description="x")
    assert not OutboxEntry.objects.exists()


def test_commands_decide(sandbox, staff):
    """list_requests shows it, approve_request does it in the name of who decides."""
    by = staff.email
    request = production_request(sandbox)
    asked = MessageFactory.create(type="payment_request", status="open")
    listed = run("list_requests")
    assert request.message_id in listed
    assert sandbox.client_id in listed
    assert asked.message_id not in listed
    assert asked.message_id in run("list_requests", all=True)
    seen = run("show_request", request.message_id).rpartition("version: ")[2].strip()
    approved = run("approve_request", request.message_id, seen=seen, note="Welcome", by=by)
    assert "/cds-api/v1/clients/" in approved
    assert AuditEvent.objects.get(action="request.approved").actor == f"user:{staff.pk}"
    assert run("list_requests") == "Nothing is waiting.\n"
    other = waiting("grant_request")
    assert "rejected" in run("reject_request", other.message_id, reason="No letter.", by=by)
    support = waiting()
    run("update_request", support.message_id, "pending", text="We are looking.", by=by)
    assert Message.objects.get(previous=support).status == "pending"


def test_commands_refuse_in_words(staff):
    """Exit code and sentence, no traceback."""
    done = MessageFactory.create(type="support_request", status="complete")
    for command, args, options in (
        ("approve_request", ["x"], {}),
        ("approve_request", [done.message_id], {}),
        ("reject_request", ["x"], {"reason": "y"}),
        ("reject_request", [done.message_id], {"reason": "y"}),
        ("update_request", ["x", "open"], {"text": "y"}),
        ("update_request", [done.message_id, "open"], {"text": "y"}),
        ("disable_client", ["x"], {"reason": "y"}),
        ("enable_client", ["x"], {}),
        ("send_message", ["x"], {"subject": "a", "text": "b"}),
    ):
        with pytest.raises(CommandError):
            run(command, *args, **options, by=staff.email)


def test_commands_stop_and_start_clients(sandbox, staff):
    """The reason is compulsory; the admin Client is never stopped."""
    by = staff.email
    run("disable_client", sandbox.client_id, reason="Complaints", by=by)
    sandbox.refresh_from_db()
    assert not sandbox.is_enabled
    assert "sandbox" in run("enable_client", sandbox.client_id, by=by)
    admin = ClientFactory.create(admin=True)
    with pytest.raises(CommandError, match="cannot be disabled"):
        run("disable_client", admin.client_id, reason="x", by=by)
    with pytest.raises(CommandError):
        run("disable_client", sandbox.client_id, by=by)


def test_the_command_writes_with_files(tmp_path, staff):
    """Ten megabytes to the third party, as it would arrive at its software."""
    admin = ClientFactory.create(admin=True)
    file = tmp_path / "tariff.pdf"
    file.write_bytes(b"%PDF-1.7\n" + bytes(10 * 1024 * 1024 - 9))
    registration_id = admin.registration.registration_id
    by = staff.email
    options: dict[str, Any] = {"subject": "Tariff", "text": "See file", "attach": [file], "by": by}
    assert "1 files" in run("send_message", registration_id, **options)
    answer: Any = caller(admin).get(LIST)
    (row,) = json.loads(b"".join(answer.streaming_content))["unread"]
    assert (row["attachments"][0]["filename"], row["type"]) == ("tariff.pdf", "private_message")
    run("send_message", registration_id, subject="Re", text="x", reply_to=row["message_id"], by=by)
    assert run("send_message", "all", subject="a", text="b", by=by) == "Sent to 1 registrations.\n"
    bad = tmp_path / "x.exe"
    bad.write_bytes(b"MZ\x00")
    for options in (
        {"attach": [bad]},
        {"attach": [tmp_path / "missing"]},
        {"reply_to": "unknown"},
    ):
        count = Message.objects.count()
        with pytest.raises(CommandError):
            run("send_message", registration_id, subject="a", text="b", by=staff.email, **options)
        assert Message.objects.count() == count
    with pytest.raises(CommandError):
        run("send_message", "all", subject="a", text="b", reply_to="x", by=staff.email)


def test_decisions_cost_the_same_however_much_waits(sandbox, django_assert_max_num_queries):
    """Nothing walks the queue."""
    for _ in range(20):
        waiting(registration=sandbox.registration)
    request = waiting(registration=sandbox.registration)
    with django_assert_max_num_queries(15):
        approve_request(message=request, by="system")


def test_updates_are_information_too():
    """CDS-WG1-02 6.2: a repeated status only tells something."""
    request = waiting(modified=timezone.now() - timedelta(days=1))
    update = update_request(message=request, status="pending", description="Soon", by="system")
    before = request.modified
    request.refresh_from_db()
    assert (update.status, request.status, request.modified) == ("pending", "pending", before)


def test_text_of_third_parties_forges_no_line():
    """What came in before it was refused is printed so that everything of it is seen."""
    line = "msg_a  2026-11-20T09:00:00Z  production_request  pending  reg_x  Approved"
    request = waiting(name=f"Question\n{line}\u202e\x1b[2J", description=f"a\nstatus: ok\r{line}")
    listed, shown = run("list_requests"), run("show_request", request.message_id)
    assert len(listed.splitlines()) == 1
    assert not any(each.startswith(("msg_a", "status: ok")) for each in shown.splitlines())
    assert "    status: ok\\u000d" in shown
    for hidden in ("\u202e", "\x1b", "\r"):
        assert hidden not in listed + shown
    assert "\\u202e\\u001b[2J" in listed


def test_staff_see_what_they_decide_about(tmp_path):
    """Words, wishes, replies, and files under names that cannot leave the folder."""
    request = waiting(
        "grant_request",
        name="Letter",
        description="See file",
        grants_requested=[{"scope": "cds_usage", "authorization_details": []}],
    )
    file = received_file(
        filename="letter.txt", declared_type="text/plain", content=io.BytesIO(b"signed")
    )
    store_attachments(message=request, files=[file])
    update_request(message=request, status="pending", description="Soon", by="system")
    shown = run("show_request", request.message_id, save_files=tmp_path / "files")
    for words in ("See file", '"scope": "cds_usage"', "customer=ADDRESS", "request_update"):
        assert words in shown
    (saved,) = (tmp_path / "files").iterdir()
    assert (saved.name.endswith("-letter.txt"), saved.read_bytes()) == (True, b"signed")
    with pytest.raises(CommandError):
        run("show_request", "unknown")
