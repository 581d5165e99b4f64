"""The whole life of a third party, by HTTP alone: it registers, meets what is asked, gets to
production, rotates a secret, talks, receives a file and gives the access back.

The third party knows the address of the metadata and what answers tell it. The utility decides by
management commands. Only the mail of the verification code is read behind the scenes.
"""

import base64
import re
import time
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from customerdata.demo.developer import publish_offers
from portal import jsontext, outbox
from portal.models import OutboxEntry
from registration import tasks  # noqa: F401 -- the worker knows them
from registration.models import Client

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
TIMEOUT = 30
# Exactly ten megabytes, all byte values in it.
PDF = (b"%PDF-1.7\n" + bytes(range(256)) * 40_960)[: 10 * 1024 * 1024 - 7] + b"\n%%EOF\n"
PURPOSE: dict[str, Any] = {
    "id": "",
    "name": "Advice for homes",
    "content": "We look for devices that use more than they should.",
    "related_uri": None,
    "related_name": None,
    "scopes_supported": [],
}
FILES, GRANT_ADMIN, REVIEWED = (
    "cds_server_provided_files_1",
    "cds_grant_admin_1",
    "cds_usage_reviewed",
)


class ThirdParty:
    """What a program of a third party does. It holds what it was told and asks nobody else."""

    def __init__(self, server: str) -> None:
        found = requests.get(f"{server}/.well-known/cds-server-metadata.json", timeout=TIMEOUT)
        capabilities = found.json()
        assert "oauth" in capabilities["capabilities"]
        self.metadata = requests.get(capabilities["oauth_metadata"], timeout=TIMEOUT).json()
        self.token = ""

    def register(self) -> None:
        """Register for every scope that is offered, and get a token for the admin APIs."""
        answer = requests.post(
            self.metadata["registration_endpoint"],
            json={
                "scope": " ".join(self.metadata["scopes_supported"]),
                "client_name": "Whole Life",
                "contacts": ["ops@life.example"],
                "client_uri": "https://life.example/",
                "cds_company_kind": "company",
                "cds_purposes": [PURPOSE],
            },
            timeout=TIMEOUT,
        )
        assert answer.status_code == 201, answer.text
        self.admin = answer.json()
        self.token = self.token_of(self.admin, scope="cds_client_admin")

    def ask_token(self, credential: Mapping[str, Any], **fields: Any) -> requests.Response:
        """Ask for a token with a Client's secret."""
        return requests.post(
            self.metadata["token_endpoint"],
            auth=(credential["client_id"], credential["client_secret"]),
            data={"grant_type": "client_credentials", **fields},
            timeout=TIMEOUT,
        )

    def token_of(self, credential: Mapping[str, Any], **fields: Any) -> str:
        """Return a token."""
        answer = self.ask_token(credential, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def call(
        self, method: str, uri: str, *, token: str = "", json: Any = None, **headers: str
    ) -> requests.Response:
        """Send a request with the admin token, or with another."""
        headers = {"Authorization": f"Bearer {token or self.token}", **headers}
        return requests.request(method, uri, json=json, headers=headers, timeout=TIMEOUT)

    def api(self, name: str, query: str = "") -> dict[str, Any]:
        """Read one of the APIs that metadata names."""
        answer = self.call("GET", self.metadata[f"cds_{name}_api"] + query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def clients(self, status: str, *scopes: str) -> list[dict[str, Any]]:
        """Return the Clients in one environment that have these scopes."""
        return [
            client
            for client in self.api("clients")["clients"]
            if client["cds_status"] == status and set(scopes) <= set(client["scope"].split())
        ]

    def credentials(self, client: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the secrets of a Client, newest first."""
        found: list[dict[str, Any]] = self.api("credentials", f"?client_ids={client['client_id']}")[
            "credentials"
        ]
        return found

    def messages(self) -> dict[str, dict[str, Any]]:
        """Return all Messages by address, every page of the three lists."""
        found: dict[str, dict[str, Any]] = {}
        pages = [self.metadata["cds_messages_api"]]
        while pages:
            page = self.call("GET", pages.pop()).json()
            for name in ("outstanding", "unread", "read"):
                found |= {message["uri"]: message for message in page[name]}
                pages += [page[f"{name}_next"]] if page[f"{name}_next"] else []
        return found

    def asked(self) -> dict[str, dict[str, Any]]:
        """Return what waits for this party, by subject."""
        outstanding = self.api("messages")["outstanding"]
        return {m["name"]: m for m in outstanding if m["status"] == "open"}

    def replies(self, message: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what answers a Message, oldest first."""
        found = [m for m in self.messages().values() if m["previous_uri"] == message["uri"]]
        return sorted(found, key=lambda m: str(m["created"]))

    def write(self, **fields: Any) -> dict[str, Any]:
        """Send a Message."""
        message = {"previous_uri": None, "name": "", "description": "", **fields}
        answer = self.call("POST", self.metadata["cds_messages_api"], json=message)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
def server(live_server: Any, settings: Any) -> str:
    """A running portal that offers what the demo utility offers; the address of it."""
    settings.BASE_URL = live_server.url
    publish_offers()
    return str(live_server.url)


@pytest.fixture
def party(server: str) -> ThirdParty:
    """A registered third party."""
    made = ThirdParty(server)
    made.register()
    return made


def staff(command: str, *words: str, **options: Any) -> str:
    """Run a management command as staff do; return what it printed."""
    printed = StringIO()
    call_command(command, *words, stdout=printed, **options)
    return printed.getvalue().strip()


def waiting(message_type: str) -> str:
    """Return the id of the one Message of a type that waits for staff."""
    (line,) = [row for row in staff("list_requests").splitlines() if f"  {message_type}  " in row]
    return line.split()[0]


def run_worker() -> None:
    """Do what the worker would have done by now."""
    rows = OutboxEntry.objects.filter(
        status=OutboxEntry.Status.READY, not_before__lte=timezone.now()
    )
    while entry := rows.order_by("pk").first():
        assert outbox.run(entry.pk)


def mailed_code() -> str:
    """Return the code of the newest mail that has one."""
    run_worker()
    codes = [re.search(r"^\d{6}$", str(message.body), re.MULTILINE) for message in mail.outbox]
    return next(code.group() for code in reversed(codes) if code)


def submit(page: str, **fields: str) -> None:
    """Fill in a page behind a link, with its form's own token."""
    browser = requests.Session()
    shown = browser.get(page, timeout=TIMEOUT)
    assert shown.status_code == 200, shown.text
    fields["csrfmiddlewaretoken"] = str(browser.cookies.get(django_settings.CSRF_COOKIE_NAME))
    answer = browser.post(page, data=fields, headers={"Referer": page}, timeout=TIMEOUT)
    assert answer.status_code == 200, answer.text


def ends(replies: Sequence[Mapping[str, Any]]) -> str:
    """Return the status that the last answer gave."""
    return str(replies[-1]["status"])


def receive_grant(party: ThirdParty, path: Path) -> dict[str, Any]:
    """Staff share a file; the party finds the Grant in the Message about it."""
    (client,) = party.clients("production", FILES)
    registration = Client.objects.get(client_id=client["client_id"]).registration
    file_id = staff("upload_file", registration.registration_id, str(path))
    staff("grant_file", client["client_id"], FILES, file_id)
    (told,) = [m for m in party.messages().values() if m.get("related_type") == "grant"]
    grant: dict[str, Any] = party.call("GET", told["related_uri"]).json()
    assert grant["status"] == "active"
    return grant


def opening(grant: Mapping[str, Any]) -> dict[str, str]:
    """Return what a token request says to open a Grant."""
    names = {name: grant[name] for name in ("client_id", "grant_id")}
    entry = {"type": GRANT_ADMIN, **names}
    return {"scope": GRANT_ADMIN, "authorization_details": jsontext.dumps([entry]).decode()}


def test_from_registration_to_production(party: ThirdParty) -> None:
    """Every scope at once; then each flow of the scope that has some; the others by request."""
    asked = party.asked()
    verify, terms = (
        asked["Confirm the contact address"],
        asked["Accept the terms for data recipients"],
    )
    submit(verify["related_uri"], send="1")
    submit(verify["related_uri"], code=mailed_code())
    assert ends(party.replies(verify)) == "complete"
    review = waiting("production_request")
    with pytest.raises(CommandError, match="terms_form"):
        staff("approve_request", review)
    submit(terms["related_uri"], name="Dev", title="Director", agree="on")
    assert ends(party.replies(terms)) == "complete"
    assert party.asked() == {}
    assert party.clients("production", REVIEWED) == []

    staff("approve_request", review, note="Welcome.")
    (reviewed,) = party.clients("production", REVIEWED)
    assert reviewed["scope"] == REVIEWED
    assert "Advice for homes" in [item["name"] for item in reviewed["cds_purposes"].values()]
    assert party.call("PUT", reviewed["cds_client_uri"], json=reviewed).json() == reviewed

    (sandbox,) = party.clients("sandbox", "cds_usage")
    request = party.write(
        type="production_request",
        name="Ready",
        description="We have tested with all test accounts.",
        related_uri=sandbox["cds_client_uri"],
    )
    assert request["status"] == "pending"
    assert waiting("production_request") == request["message_id"]
    staff("approve_request", request["message_id"], note="Good work.")
    (update,) = party.replies(request)
    assert (update["status"], update["related_type"]) == ("complete", "client")
    made = party.call("GET", update["related_uri"]).json()
    assert made["cds_status_options"] == ["production", "disabled"]
    assert made["scope"] == sandbox["scope"]
    assert len(party.credentials(made)) == 1
    assert party.call("GET", sandbox["cds_client_uri"]).json() == sandbox


def test_a_secret_is_rotated_with_overlap(party: ThirdParty, tmp_path: Path) -> None:
    """Both work for a while; when the old one ends, so do its tokens, and only those."""
    path = tmp_path / "file.txt"
    path.write_bytes(b"text")
    grant = receive_grant(party, path)
    (reader,) = party.clients("production", GRANT_ADMIN)
    (old,) = party.credentials(reader)
    by_old = party.token_of(old, **opening(grant))
    made = party.call(
        "POST", party.metadata["cds_credentials_api"], json={"client_id": reader["client_id"]}
    )
    assert made.status_code == 201, made.text
    new = made.json()
    by_new = party.token_of(new, **opening(grant))
    files = party.metadata["cds_server_provided_files_api"]
    assert [party.call("GET", files, token=t).status_code for t in (by_old, by_new)] == [200, 200]

    ended = party.call("PATCH", old["uri"], json={"client_secret_expires_at": int(time.time())})
    assert ended.status_code == 200, ended.text
    assert [party.call("GET", files, token=t).status_code for t in (by_old, by_new)] == [401, 200]
    refused = party.ask_token(old, **opening(grant))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert party.ask_token(new, **opening(grant)).status_code == 200
    names = [m["name"] for m in party.messages().values()]
    assert {"Credential added", "Credential modified"} <= set(names)


def test_large_files_travel_both_ways(party: ThirdParty, tmp_path: Path) -> None:
    """Ten megabytes each way, byte for byte; one more is refused."""
    attachment = {"filename": "plan.pdf", "mime_type": "application/pdf"}
    sent = party.write(
        type="support_request",
        name="A question",
        description="See the plan.",
        attachments=[attachment | {"data": base64.b64encode(PDF).decode()}],
    )
    (shown,) = sent["attachments"]
    assert base64.b64decode(shown["data"]) == PDF
    staff("show_request", waiting("support_request"), save_files=tmp_path / "received")
    (received,) = (tmp_path / "received").iterdir()
    assert received.read_bytes() == PDF

    answer = tmp_path / "answer.pdf"
    answer.write_bytes(PDF[:9] + PDF[9:][::-1])
    registration = Client.objects.get(client_id=party.admin["client_id"]).registration
    staff(
        "send_message",
        registration.registration_id,
        subject="Our answer",
        text="See the file.",
        reply_to=sent["message_id"],
        attach=[answer],
    )
    (reply,) = party.replies(sent)
    (file,) = reply["attachments"]
    assert base64.b64decode(file["data"]) == answer.read_bytes()
    assert party.call("GET", file["uri"]).content == answer.read_bytes()
    assert party.call("PATCH", reply["uri"], json={"read": True}).json()["read"] is True

    data = base64.b64encode(PDF + b"1").decode()
    message = {"previous_uri": None, "name": "x", "description": "x", "type": "private_message"}
    over = party.call(
        "POST",
        party.metadata["cds_messages_api"],
        json=message | {"attachments": [attachment | {"data": data}]},
    )
    assert over.status_code == 413, over.text


def test_a_file_is_received_and_given_back(party: ThirdParty, tmp_path: Path) -> None:
    """The list, the whole file, a part of it; once the Grant is closed, not even a token."""
    path = tmp_path / "Plan.pdf"
    path.write_bytes(PDF)
    grant = receive_grant(party, path)
    (reader,) = party.clients("production", GRANT_ADMIN)
    (secret,) = party.credentials(reader)
    token = party.token_of(secret, **opening(grant))
    files = party.metadata["cds_server_provided_files_api"]
    (file,) = party.call("GET", files, token=token).json()["files"]
    assert (file["name"], file["mime_type"], file["size"]) == (
        path.name,
        "application/pdf",
        len(PDF),
    )
    whole = party.call("GET", file["download_uri"], token=token)
    assert (whole.status_code, whole.content) == (200, PDF)
    part = party.call("GET", file["download_uri"], token=token, Range="bytes=1000000-1999999")
    assert (part.status_code, part.content) == (206, PDF[1_000_000:2_000_000])
    assert part.headers["Content-Range"] == f"bytes 1000000-1999999/{len(PDF)}"
    assert party.call("GET", file["download_uri"]).status_code == 403

    closed = party.call("PATCH", grant["uri"], json={"status": "closed"})
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    for uri in (files, file["uri"], file["download_uri"]):
        assert party.call("GET", uri, token=token).status_code == 401
    refused = party.ask_token(secret, **opening(grant))
    assert refused.status_code == 400, refused.text
