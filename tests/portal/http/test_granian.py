"""Bodies in chunks through the web server itself: its WSGI says nothing about their length."""

import base64
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from portal.http.bodies import MAX_BODY
from registration.models import Message
from registration.models.message import MessageAttachment
from tests.registration.onboarding_support import (
    PDF,
    offer_with,
    path_of,
    register,
    requirement,
)
from tests.servers import granian

pytestmark = pytest.mark.django_db(transaction=True)
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def port(settings: Any, tmp_path: Path) -> Iterator[int]:
    """Serve what the test stores."""
    settings.MEDIA_ROOT = str(tmp_path)
    with granian(BASE_URL="http://testserver", MEDIA_ROOT=settings.MEDIA_ROOT) as port:
        yield port


def post(port, path, body, headers, pieces=7):
    """Send a body in chunks; return status, headers and content."""
    http_ = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    size = len(body) // pieces + 1
    chunks = (body[start : start + size] for start in range(0, len(body), size))
    all_ = {"Host": "testserver", **headers}
    http_.request("POST", path, body=chunks, headers=all_, encode_chunked=True)
    answer = http_.getresponse()
    return answer.status, answer.headers, answer.read()


def post_json(port, path, value, **headers):
    status, _, content = post(port, path, json.dumps(value).encode(), {**JSON, **headers})
    return status, json.loads(content)


def test_programs_may_send_chunks(port):
    """From registration to a Message with a file that does not fit into memory whole."""
    status, made = post_json(port, "/oauth/register", {"scope": "cds_client_admin"})
    assert status == 201
    secret = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    form = {"Authorization": f"Basic {secret}", "Content-Type": "application/x-www-form-urlencoded"}
    body = b"grant_type=client_credentials&scope=cds_client_admin"
    status, _, content = post(port, "/oauth/token", body, form)
    assert status == 200
    bearer = {"Authorization": f"Bearer {json.loads(content)['access_token']}"}
    file = PDF + b"%" * 3_000_000
    message = {
        "type": "support_request",
        "name": "A file",
        "description": "In chunks.",
        "attachments": [
            {
                "filename": "a.pdf",
                "mime_type": "application/pdf",
                "data": base64.b64encode(file).decode(),
            }
        ],
    }
    status, sent = post_json(port, "/cds-api/v1/messages", message, **bearer)
    assert (status, sent["name"]) == (201, "A file")
    stored = MessageAttachment.objects.get(message=Message.objects.get(name="A file"))
    with default_storage.open(stored.stored_as, "rb") as found:
        assert found.read() == file


def test_forms_may_come_in_chunks(port):
    """With a file, as the upload of a signed form, and without."""
    offer_with("agreement_pdf")
    asked = requirement(register(), "agreement_pdf")
    token = "c" * 32
    form = {"Content-Type": MULTIPART_CONTENT, "Cookie": f"csrftoken={token}"}
    fields = {"csrfmiddlewaretoken": token}
    content = encode_multipart(BOUNDARY, {**fields, "language": "en", "next": "/terms/"})
    status, headers, _ = post(port, "/language/", content, form)
    assert (status, headers["Location"]) == (303, "/terms/")
    content = encode_multipart(BOUNDARY, {**fields, "file": SimpleUploadedFile("a.pdf", PDF)})
    status, _, _ = post(port, path_of(asked), content, form)
    assert status == 303
    stored = requirement(asked.registration, "agreement_pdf").file
    with default_storage.open(stored.content.name, "rb") as found:
        assert found.read() == PDF


def test_chunks_end_at_the_limit(port):
    """Whatever comes after it is not waited for."""
    status, refusal = post_json(port, "/oauth/token", {"grant_type": "x" * MAX_BODY})
    assert (status, refusal["error"]) == (413, "payload_too_large")
