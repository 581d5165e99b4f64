"""Two parties with one of everything each, as seen through their own tokens."""

import io
import json
from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

from consent.models import AccessToken, Grant, RefreshToken
from portal.ids import random_id
from registration.models import Client, Credential, Message, Registration
from registration.models.files import ServerProvidedFile
from registration.services.files.upload import upload_file
from tests.factories.consent import (
    GrantFactory,
    ReceiptFactory,
    admin_token_for,
    refresh_token_for,
    token_for,
)
from tests.factories.registration import ClientFactory, CredentialFactory, MessageFactory

LISTINGS = ("clients", "credentials", "messages", "grants", "server-provided-files")
FILES, GRANT_ADMIN = "cds_server_provided_files_1", "cds_grant_admin_1"


@dataclass(frozen=True)
class Party:
    """A registration with its Clients, and how it calls the APIs."""

    registration: Registration
    clients: dict[str, Client]
    credentials: dict[str, Credential]
    messages: list[Message]
    grants: list[Grant]
    files: list[ServerProvidedFile]
    tokens: list[str]
    api: APIClient
    files_api: APIClient

    @property
    def ids(self) -> dict[str, list[str]]:
        """Return every id that another party might try, by kind."""
        return {
            "clients": [client.client_id for client in self.clients.values()],
            "credentials": [item.credential_id for item in self.credentials.values()],
            "messages": [message.message_id for message in self.messages],
            "grants": [grant.grant_id for grant in self.grants],
            "server-provided-files": [file.file_id for file in self.files],
            "receipts": [r.confirmation_number for g in self.grants for r in g.receipts.all()],
        }

    @property
    def secrets(self) -> list[str]:
        """Return what no other party may ever see; a file's name is its content too."""
        names = [file.name for file in self.files]
        return [*self.tokens, *names, *(item.secret for item in self.credentials.values())]

    def api_of(self, kind: str) -> APIClient:
        """Return the caller that may use this API at all."""
        return self.files_api if kind == "server-provided-files" else self.api

    def objects(self) -> dict[str, Any]:
        """Return everything that the party owns, as the APIs show it, and its tokens' lives."""
        shown = {name: self.api_of(name).get(f"/cds-api/v1/{name}").json() for name in LISTINGS}
        mine = {"application__registration": self.registration}
        return shown | {
            "access": list(AccessToken.objects.filter(**mine).order_by("pk").values()),
            "refresh": list(RefreshToken.objects.filter(**mine).order_by("pk").values()),
        }


def make_party() -> Party:
    """Create a party in the database."""
    admin = ClientFactory.create(admin=True)
    registration = admin.registration
    clients = {
        "admin": admin,
        "grant_admin": ClientFactory.create(registration=registration, scopes=[GRANT_ADMIN]),
        "files": ClientFactory.create(registration=registration, scopes=[FILES]),
        "consent": ClientFactory.create(registration=registration, consent=True),
        "public": ClientFactory.create(registration=registration, public=True),
    }
    credentials = {
        name: CredentialFactory.create(client=client)
        for name, client in clients.items()
        if name != "public"
    }
    grants = [
        GrantFactory.create(client=clients["consent"]),
        GrantFactory.create(client=clients["public"], pending=True),
        GrantFactory.create(client=clients["consent"], revoked=True),
    ]
    ReceiptFactory.create(grant=grants[0])
    refresh_token_for(grants[0], credential=credentials["consent"])
    files = [_file(registration) for _ in range(2)]
    entries = [{"type": FILES, "file_id": file.file_id} for file in files]
    grants.append(
        GrantFactory.create(
            client=clients["files"], user=None, scope=FILES, authorization_details=entries
        )
    )
    admin_token = admin_token_for(admin)
    files_token = token_for(grants[-1], client=clients["grant_admin"])
    return Party(
        registration,
        clients,
        credentials,
        MessageFactory.create_batch(2, registration=registration),
        grants,
        files,
        [admin_token, token_for(grants[0], credential=credentials["consent"]), files_token],
        _caller(admin_token),
        _caller(files_token),
    )


def _caller(token: str) -> APIClient:
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return api


def _file(registration: Registration) -> ServerProvidedFile:
    name = f"{random_id()}.txt"
    return upload_file(
        registration=registration, name=name, content=io.BytesIO(name.encode()), by="system"
    )


def call(api: APIClient, method: str, path: str, body: Any = None) -> Any:
    """Send JSON and return the response."""
    text = "" if body is None else json.dumps(body, default=str)
    return api.generic(method, path, text, content_type="application/json")
