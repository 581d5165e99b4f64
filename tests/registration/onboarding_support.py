"""What onboarding tests share: scopes with requirements, and the way through their pages."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core import mail
from django.test import Client as Browser
from PIL import Image

import registration.services.onboarding.tasks
import registration.services.payments.tasks  # noqa: F401 -- the outbox runs them
from consent import catalogue
from consent.catalogue.demo_offers import demo_offers
from portal.background import outbox
from portal.models import OutboxEntry
from registration.models import Client, Registration
from registration.models.onboarding import Requirement
from registration.services.catalogue.offers import load_offers
from tests.registration.support import register_demo_client

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SCOPE = "cds_usage"


def offer_with(*required: str, optional: tuple[str, ...] = (), scope: str = SCOPE) -> None:
    """Offer what the demo offers, with these registration fields on one scope."""
    catalogue.register()
    offers = demo_offers()
    offers[scope] = replace(
        offers[scope], registration_requirements=required, registration_optional=optional
    )
    load_offers(offers.values())


def register(**fields: Any) -> Registration:
    """Register for the scope and return the registration."""
    known = set(Registration.objects.values_list("pk", flat=True))
    answer = register_demo_client(**{"contacts": ["ops@solar.example"], **fields})
    assert answer.status_code == 201, answer.content
    return Registration.objects.exclude(pk__in=known).get()


def refusal(**fields: Any) -> dict[str, Any]:
    """Register with something wrong and return the error."""
    answer = register_demo_client(**{"contacts": ["ops@solar.example"], **fields})
    assert answer.status_code == 400, answer.content
    body: dict[str, Any] = answer.json()
    return body


def requirement(registration: Registration, field_id: str) -> Any:
    """Return one requirement as it is now; untyped, as tests know what it has."""
    return Requirement.objects.get(registration=registration, field_id=field_id)


def path_of(wanted: Requirement) -> str:
    """Return the path of the page that the request Message links to."""
    assert wanted.message is not None
    uri: str = wanted.message.related_uri
    assert uri.startswith("http://testserver/onboarding/")
    return uri.removeprefix("http://testserver").removesuffix("form.pdf")


def text_of(response: Any) -> str:
    """Return the words of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def accepted(browser: Browser, path: str) -> dict[str, str]:
    """Return what a browser sends that accepts the terms which the page shows."""
    found = re.search(r'name="shown" value="(\w+)"', browser.get(path).content.decode())
    shown = found[1] if found else ""
    return {"name": "Dev", "title": "CEO", "agree": "on", "shown": shown}


def stored_files(settings: Any) -> list[str]:
    """Return the names of all files in storage."""
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def statuses(wanted: Requirement) -> list[str]:
    """Return the statuses of the request_updates, oldest first."""
    assert wanted.message is not None
    updates = wanted.message.replies.filter(type="request_update").order_by("pk")
    return list(updates.values_list("status", flat=True))


def production(registration: Registration) -> list[Client]:
    """Return the production Clients that reach customers' data, the oldest first."""
    clients = Client.objects.filter(registration=registration, response_types=["code"])
    return [client for client in clients.order_by("pk") if client.environment == "production"]


def run_outbox(task: str) -> None:
    """Run what was promised under one task name."""
    ready = OutboxEntry.objects.filter(task=task, status=OutboxEntry.Status.READY)
    for entry in ready.order_by("pk"):
        assert outbox.run(entry.pk)


def mailed_code() -> str:
    """Return the code of the newest mail."""
    run_outbox("registration.tasks.send_onboarding_code")
    found = re.search(r"^[0-9A-Z]{4}-[0-9A-Z]{4}$", str(mail.outbox[-1].body), re.M)
    assert found is not None
    return found.group(0)


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    """Return a small image."""
    out = io.BytesIO()
    Image.new("RGB", size, "green").save(out, format=kind)
    return out.getvalue()
