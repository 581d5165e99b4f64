"""Messages over a real connection and by two people at once."""

import base64
import json
import os
from functools import partial
from typing import Any

import pytest
import requests

from portal.errors import DomainError
from registration.models import Client, Message
from registration.services.clients.update import update_client
from registration.services.reviews.decide import approve_request
from tests.factories.registration import ClientFactory, MessageFactory
from tests.races import at_once
from tests.registration.support import approve_as_seen, caller, offer_demo_scopes

pytestmark = pytest.mark.django_db(transaction=True)
MB = 1024 * 1024


@pytest.fixture(autouse=True)
def _offers():
    offer_demo_scopes()


def test_two_approvals_make_one_client():
    """The second one finds the request decided."""
    sandbox = ClientFactory.create(consent=True)
    request = MessageFactory.create(
        registration=sandbox.registration,
        type="production_request",
        status="pending",
        client=sandbox,
    )
    results = at_once(*[lambda: approve_as_seen(message=request, by="system")] * 2)
    assert sorted(isinstance(result, DomainError) for result in results) == [False, True]
    assert Client.objects.filter(cds_status="production").count() == 1


def test_two_requests_for_one_client_wait_once():
    """The second one is told so, not answered with an error of ours."""
    admin = ClientFactory.create(admin=True)
    sandbox = ClientFactory.create(consent=True, registration=admin.registration)
    body = json.dumps(
        {
            "type": "production_request",
            "name": "",
            "description": "",
            "related_uri": f"http://testserver/cds-api/v1/clients/{sandbox.client_id}",
        }
    )

    def ask():
        return caller(admin).generic("POST", "/cds-api/v1/messages", body, "application/json")

    assert sorted(answer.status_code for answer in at_once(ask, ask)) == [201, 400]


def test_a_newer_wish_and_an_approval_do_not_block_each_other(settings):
    """Both lock the Client first; whichever comes first, the other one sees it."""
    settings.REVIEWED_CLIENT_FIELDS = ["client_name"]
    client = ClientFactory.create(consent=True, production=True, name="Solar")
    for name in ("A", "B", "C"):
        wish = {"client_name": f"{name}1"}
        message = update_client(client=client, payload=wish, by="system").review
        assert message is not None
        newer = {"client_name": f"{name}2"}
        at_once(
            partial(approve_request, message=message, by="system"),
            partial(update_client, client=client, payload=newer, by="system"),
        )
        waiting = Message.objects.get(type="field_changes", status="pending")
        assert waiting.updates_requested[0]["new_value"] == f"{name}2"


def test_ten_megabytes_over_a_real_connection(live_server, settings):
    """The body is larger than Django's limit for bodies in memory; nothing may read it whole."""
    settings.BASE_URL = live_server.url
    made = requests.post(
        f"{live_server.url}/oauth/register",
        json={"scope": "cds_client_admin cds_usage", "client_name": "Solar"},
        timeout=60,
    ).json()
    token = requests.post(
        f"{live_server.url}/oauth/token",
        auth=(made["client_id"], made["client_secret"]),
        data={"grant_type": "client_credentials", "scope": "cds_client_admin"},
        timeout=60,
    ).json()["access_token"]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    content = b"%PDF-1.7\n" + os.urandom(10 * MB - 9)
    letter: dict[str, Any] = {
        "type": "private_message",
        "name": "Plan",
        "description": "See file",
        "attachments": [
            {
                "filename": "plan.pdf",
                "mime_type": "application/pdf",
                "data": base64.b64encode(content).decode(),
            }
        ],
    }
    url = f"{live_server.url}/cds-api/v1/messages"
    answer = session.post(url, json=letter, timeout=60)
    assert answer.status_code == 201
    attachment = session.get(answer.json()["uri"], timeout=60).json()["attachments"][0]
    assert base64.b64decode(attachment["data"]) == content
    assert session.get(attachment["uri"], timeout=60).content == content
    assert requests.get(attachment["uri"], timeout=60).status_code == 401
    letter["attachments"] *= 2
    assert session.post(url, json=letter, timeout=60).status_code == 413
