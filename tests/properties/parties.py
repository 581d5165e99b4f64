"""Two parties with one of everything each, as seen through their own tokens."""

import json
from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

from consent.models import AccessToken, Grant, RefreshToken
from registration.models import Client, Credential, Message, Registration
from tests.factories.consent import (
    GrantFactory,
    ReceiptFactory,
    admin_token_for,
    refresh_token_for,
    token_for,
)
from tests.factories.registration import ClientFactory, CredentialFactory, MessageFactory

LISTINGS = ("clients", "credentials", "messages", "grants")


@dataclass(frozen=True)
class Party:
    """A registration with its Clients, and how it calls the APIs."""

    registration: Registration
    clients: dict[str, Client]
    credentials: dict[str, Credential]
    messages: list[Message]
    grants: list[Grant]
    tokens: list[str]
    api: APIClient

    @property
    def ids(self) -> dict[str, list[str]]:
        """Return every id that another party might try, by kind."""
        return {
            "clients": [client.client_id for client in self.clients.values()],
            "credentials": [item.credential_id for item in self.credentials.values()],
            "messages": [message.message_id for message in self.messages],
            "grants": [grant.grant_id for grant in self.grants],
            "receipts": [r.confirmation_number for g in self.grants for r in g.receipts.all()],
        }

    @property
    def secrets(self) -> list[str]:
        """Return what no other party may ever see."""
        return [*self.tokens, *(item.secret for item in self.credentials.values())]

    def objects(self) -> dict[str, Any]:
        """Return everything that the party owns, as the APIs show it, and its tokens' lives."""
        shown = {name: self.api.get(f"/cds-api/v1/{name}").json() for name in LISTINGS}
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
        "grant_admin": ClientFactory.create(registration=registration),
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
    admin_token = admin_token_for(admin)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {admin_token}")
    return Party(
        registration,
        clients,
        credentials,
        MessageFactory.create_batch(2, registration=registration),
        grants,
        [admin_token, token_for(grants[0], credential=credentials["consent"])],
        api,
    )


def call(api: APIClient, method: str, path: str, body: Any = None) -> Any:
    """Send JSON and return the response."""
    text = "" if body is None else json.dumps(body, default=str)
    return api.generic(method, path, text, content_type="application/json")
