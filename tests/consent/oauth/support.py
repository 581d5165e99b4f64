"""A registered party and the requests it sends."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client as Browser

from consent import customer_accounts
from consent.catalogue.demo_offers import demo_offers
from consent.models import AuthorizationRequest, Grant
from consent.services.authorization.answer import answer_with_code
from registration.models import Client, Credential
from registration.services.catalogue.offers import load_offers
from tests.factories.consent import CustomerFactory, GrantFactory
from tests.factories.registration import (
    CONSENT_SCOPES,
    ClientFactory,
    CredentialFactory,
    RegistrationFactory,
)

CALLBACK = "https://app.example.com/callback"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


@dataclass
class QuietListener:
    """A GrantListener that notes what it is told; `objects` is what every selection names."""

    objects: int = 1
    approved: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def size(self, grant: Grant) -> int:
        return self.objects

    def grant_approved(self, grant: Grant) -> None:
        self.approved.append(grant.grant_id)

    def grant_ended(self, grant: Grant) -> None:
        self.ended.append(grant.grant_id)


def plug_in_listener(monkeypatch: Any) -> QuietListener:
    """Stand in for the app above, for one test."""
    listener = QuietListener()
    monkeypatch.setattr(customer_accounts._plugins, "listener", listener)
    return listener


@dataclass
class Party:
    """A third party with its Clients, as registration makes them."""

    admin: Client
    admin_credential: Credential
    grant_admin: Client
    grant_admin_credential: Credential
    app: Client
    app_credential: Credential
    public: Client


def offer_demo_scopes() -> None:
    """Offer what the demo offers."""
    load_offers(demo_offers().values())


def make_party() -> Party:
    """Register a party for the demo's scopes."""
    registration = RegistrationFactory.create()
    admin = ClientFactory.create(registration=registration, admin=True)
    grant_admin = ClientFactory.create(registration=registration)
    app = ClientFactory.create(
        registration=registration, consent=True, redirect_uri_list=[CALLBACK]
    )
    public = ClientFactory.create(
        registration=registration,
        public=True,
        redirect_uri_list=["com.example.app:/cb", "http://127.0.0.1/cb"],
    )
    return Party(
        admin=admin,
        admin_credential=CredentialFactory.create(client=admin),
        grant_admin=grant_admin,
        grant_admin_credential=CredentialFactory.create(client=grant_admin),
        app=app,
        app_credential=CredentialFactory.create(client=app),
        public=public,
    )


def basic(credential: Credential, *, secret: str | None = None) -> str:
    """Return the Authorization header of a Credential."""
    pair = f"{credential.client.client_id}:{secret or credential.secret}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def post(path: str, credential: Credential | None = None, /, **fields: str) -> Any:
    """Send a form to an endpoint, authenticated when a Credential is given."""
    headers = {"Authorization": basic(credential)} if credential else {}
    return Browser().post(
        path,
        urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )


def ask_token(credential: Credential | None = None, /, **fields: str) -> Any:
    """Send a token request."""
    return post("/oauth/token", credential, **fields)


def authorize_url(client: Client, **fields: str) -> str:
    """Return an authorization request."""
    query = {"response_type": "code", "client_id": client.client_id, **fields}
    return "/oauth/authorize?" + urlencode(query)


def answer_of(url: str) -> dict[str, str]:
    """Return the parameters of a redirect."""
    return dict(parse_qsl(urlsplit(url).query))


def details(*entries: dict[str, Any]) -> str:
    """Return an authorization_details parameter."""
    return json.dumps(list(entries))


def approved(
    client: Client, *, scope_ids: Any = CONSENT_SCOPES, user: Any = None, **fields: str
) -> tuple[str, Grant]:
    """Send an authorization request, let a customer approve it; return the code and the Grant."""
    response = Browser().get(authorize_url(client, **fields))
    assert response.status_code == 303, response.content
    request = AuthorizationRequest.objects.latest("pk")
    user = user or CustomerFactory.create()
    grant = GrantFactory.create(client=client, user=user, scope=" ".join(scope_ids))
    url = answer_with_code(request=request, grant=grant, user=user)
    return answer_of(url)["code"], grant
