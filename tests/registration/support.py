"""What tests of registration share: offers, and callers without the OAuth layer."""

import io
import json
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from rest_framework.test import APIClient

from consent import catalogue
from consent.catalogue.demo_offers import demo_offers
from registration.models import Client, Message, Registration
from registration.services.catalogue.offers import load_offers
from registration.services.reviews.case import case_of
from registration.services.reviews.decide import approve_request
from registration.services.reviews.seen_version import version_of
from tests.factories.registration import ClientFactory, MessageFactory


@dataclass(frozen=True)
class FakePrincipal:
    """A caller whose token was checked elsewhere."""

    client: Client
    registration: Registration
    scopes: frozenset[str]
    is_authenticated: bool = True
    pk: int = 0


@dataclass(frozen=True, slots=True)
class DocsUrls:
    """Docs pages under one base URL."""

    base: str

    def documentation(self, scope_id: str, anchor: str = "") -> str:
        """Return the address of a page, or of an anchor on it."""
        page = f"{self.base.rstrip('/')}/docs/scopes/{scope_id}/"
        return f"{page}#{anchor}" if anchor else page


def offer_demo_scopes() -> None:
    """Offer what the demo offers."""
    catalogue.register()
    load_offers(demo_offers().values())


def caller(client: Client, *scopes: str) -> APIClient:
    """Return an API client that calls with a token of this Client."""
    api = APIClient()
    principal: Any = FakePrincipal(client, client.registration, frozenset(scopes or client.scopes))
    api.force_authenticate(user=principal)
    return api


def admin_caller() -> tuple[APIClient, Registration]:
    """Return a caller with the admin scope, and whose registration it is."""
    admin = ClientFactory.create(admin=True)
    return caller(admin), admin.registration


def register_demo_client(**fields: Any) -> Any:
    """Register by the API and return the response."""
    payload = {"scope": "cds_client_admin cds_usage", "client_name": "Solar Helper"} | fields
    return APIClient().generic("POST", "/oauth/register", json.dumps(payload), "application/json")


def approve_as_seen(*, message: Message, by: Any, **decision: Any) -> Message:
    """Look at a request and approve it, as staff do."""
    seen = version_of(case_of(message))
    return approve_request(message=message, seen=seen, by=by, **decision)


def waiting(kind: str = "support_request", **fields: Any) -> Message:
    """Make a Message that waits for staff."""
    made: Message = MessageFactory.create(type=kind, status="pending", **fields)
    return made


def run(command: str, *args: Any, **options: Any) -> str:
    """Run a command of `manage.py`; return what it prints."""
    out = io.StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()
