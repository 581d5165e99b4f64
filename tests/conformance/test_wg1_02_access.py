"""CDS-WG1-02 4.2 and 11: programs get from discovery to the APIs alone, and only with a token."""

import base64
import json
from typing import Any

import pytest
from django.test import Client as Browser

from tests.registration.schemas import problems
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db
spec = pytest.mark.spec

AGENTS = ("", "curl/8.14.1", "Java/17.0.1", "Googlebot/2.1 (+http://www.google.com/bot.html)")
APIS = ("cds_clients_api", "cds_messages_api", "cds_credentials_api", "cds_grants_api")


class Program:
    """A client of HTTP without a browser: no cookies, no script, JSON in and out."""

    def __init__(self, agent: str = "") -> None:
        self.agent = agent

    def send(self, method: str, url: str, body: str = "", **headers: str) -> Any:
        """Send one request; what comes back is data, not a page and not a test of humanity."""
        answer = Browser(HTTP_USER_AGENT=self.agent, enforce_csrf_checks=True).generic(
            method, url.removeprefix("http://testserver"), body, "application/json", headers=headers
        )
        assert answer["Content-Type"].startswith("application/json")
        assert not answer.cookies
        return answer

    def discover(self) -> dict[str, Any]:
        """Follow the metadata from its well-known place."""
        server = self.send("GET", "/.well-known/cds-server-metadata.json").json()
        document: dict[str, Any] = self.send("GET", server["oauth_metadata"]).json()
        return document

    def register(self, document: dict[str, Any]) -> dict[str, Any]:
        """Register where the metadata says."""
        body = json.dumps({"scope": "cds_client_admin cds_usage", "client_name": "Program"})
        answer = self.send("POST", document["registration_endpoint"], body)
        assert answer.status_code == 201
        made: dict[str, Any] = answer.json()
        return made

    def token(self, document: dict[str, Any], admin: dict[str, Any]) -> dict[str, str]:
        """Return the header of an admin token."""
        pair = f"{admin['client_id']}:{admin['client_secret']}"
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        body = json.dumps({"grant_type": "client_credentials", "scope": "cds_client_admin"})
        answer = self.send("POST", document["token_endpoint"], body, Authorization=basic)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture(autouse=True)
def _offers() -> None:
    offer_demo_scopes()


@spec("WG1-02 4.2 m", "WG1-02 11.2 a", "WG1-02 11.4 a")
@pytest.mark.parametrize("agent", AGENTS)
def test_a_program_gets_from_discovery_to_its_clients(agent):
    """Whatever it calls itself, and though it has neither cookies nor script."""
    program = Program(agent)
    document = program.discover()
    admin = program.register(document)
    headers = program.token(document, admin)
    for name in APIS:
        assert program.send("GET", document[name], **headers).status_code == 200
    listing = program.send("GET", document["cds_clients_api"], **headers).json()
    assert problems("ClientListing", listing) == []
    found = {client["client_id"]: client for client in listing["clients"]}
    assert len(found) == 3
    uri = found.pop(admin["client_id"])["cds_client_uri"]
    new = {"client_name": "Program", "contacts": ["ops@program.example"]}
    changed = program.send("PUT", uri, json.dumps(new), **headers)
    assert (changed.status_code, changed.json()["contacts"]) == (200, new["contacts"])


@spec("WG1-02 11.2 d")
def test_what_the_public_metadata_names_is_public():
    """Metadata and registration answer without, and with a worthless, Authorization header."""
    program = Program()
    for headers in ({}, {"Authorization": "Bearer worthless"}):
        server = program.send("GET", "/.well-known/cds-server-metadata.json", **headers).json()
        document = program.send("GET", server["oauth_metadata"], **headers)
        assert document.status_code == 200
        refused = program.send("POST", document.json()["registration_endpoint"], "{}", **headers)
        assert (refused.status_code, refused.json()["field"]) == (400, "scope")
    assert program.register(program.discover())["client_secret"]


@spec("WG1-02 11.2 c", "WG1-02 5 a", "WG1-02 8 a", "WG1-02 6.4 b")
@pytest.mark.parametrize("name", [*APIS, "cds_server_provided_files_api"])
def test_apis_take_bearer_tokens_in_the_header_alone(name):
    """401 for everything else, with the scheme that is wanted."""
    program = Program()
    document = program.discover()
    admin = program.register(document)
    token = program.token(document, admin)["Authorization"].removeprefix("Bearer ")
    url = document[name]
    pair = base64.b64encode(f"{admin['client_id']}:{admin['client_secret']}".encode()).decode()
    tries: tuple[tuple[str, dict[str, str]], ...] = (
        (url, {}),
        (f"{url}?access_token={token}", {}),
        (url, {"Authorization": f"Basic {pair}"}),
        (url, {"Authorization": f"Bearer {token}x"}),
        (url, {"Cookie": f"access_token={token}"}),
    )
    for target, headers in tries:
        answer = program.send("GET", target, **headers)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
