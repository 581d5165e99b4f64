"""Looks at the website and the logo that a Client names; only through portal.safe_fetch."""

from urllib.parse import urlsplit

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from portal import audit, safe_fetch
from portal.outbox import enqueue
from registration import addresses
from registration.fields.files import as_png
from registration.models import Client
from registration.models.onboarding import ClientLogo

WEBSITE_TASK = "registration.tasks.check_website"
LOGO_TASK = "registration.tasks.fetch_logo"
MAX_PAGE = 262_144
MAX_LOGO = 2_097_152
LOGO_SIDE = 256


def promise_checks(*, client: Client) -> None:
    """Have the links of a new or changed Client looked at after the transaction."""
    if client.client_uri and client.response_types:
        enqueue(WEBSITE_TASK, client.client_id)
    if client.logo_uri and client.response_types:
        enqueue(LOGO_TASK, client.client_id)


def check_website(*, client_id: str, network: safe_fetch.Network = safe_fetch.INTERNET) -> bool:
    """Note that a website answers under the domain of a contact's mail address.

    Nothing is noted when the link has changed meanwhile, or when the answer came from elsewhere.
    """
    client = Client.objects.get(client_id=client_id)
    link = client.client_uri
    if not link or domain_of(link) not in _mail_domains(client):
        return False
    try:
        answer = safe_fetch.fetch(link, max_bytes=MAX_PAGE, truncate=True, network=network)
    except safe_fetch.FetchRefused as error:
        _record(client, "client.website_unconfirmed", reason=error.message)
        return False
    if answer.status >= 400 or domain_of(answer.url) != domain_of(link):
        _record(client, "client.website_unconfirmed", reason=f"status {answer.status}")
        return False
    return _confirm(client, link)


@transaction.atomic
def _confirm(client: Client, link: str) -> bool:
    row = Client.objects.select_for_update().get(pk=client.pk)
    if row.client_uri != link:
        return False
    row.website_confirmed = timezone.now()
    row.save(update_fields=["website_confirmed"])
    _record(row, "client.website_confirmed", reason="")
    return True


def fetch_logo(*, client_id: str, network: safe_fetch.Network = safe_fetch.INTERNET) -> bool:
    """Fetch a Client's logo and keep our own drawing of it; PNG and JPEG only, no SVG."""
    client = Client.objects.get(client_id=client_id)
    link = client.logo_uri
    if not link:
        ClientLogo.objects.filter(client=client).delete()
        return False
    try:
        answer = safe_fetch.fetch(link, max_bytes=MAX_LOGO, network=network)
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        image = as_png(answer.content, longest_side=LOGO_SIDE)
    except (safe_fetch.FetchRefused, ValueError) as error:
        _record(client, "client.logo_refused", reason=str(error))
        return False
    _keep_logo(client, link, image)
    return True


@transaction.atomic
def _keep_logo(client: Client, link: str, image: bytes) -> None:
    row = Client.objects.select_for_update().get(pk=client.pk)
    if row.logo_uri != link:
        return
    # A new address for a new picture: browsers may keep the old one as long as they like.
    ClientLogo.objects.filter(client=row).delete()
    logo = ClientLogo(client=row, source_uri=link)
    logo.image.save("logo", ContentFile(image), save=False)
    logo.save(force_insert=True)
    _record(row, "client.logo_stored", reason="")


def logo_url(client: Client) -> str:
    """Return the address of our copy of a Client's logo, "" while there is none."""
    logo = ClientLogo.objects.filter(client=client, source_uri=client.logo_uri).first()
    return addresses.portal_url(f"/onboarding/logos/{logo.token}.png") if logo else ""


def domain_of(url: str) -> str:
    """Return the host of a URL without a leading www."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _mail_domains(client: Client) -> set[str]:
    return {
        contact.rpartition("@")[2].strip().lower() for contact in client.contacts if "@" in contact
    }


def _record(client: Client, action: str, *, reason: str) -> None:
    audit.record(
        action,
        by="system",
        subject=f"client:{client.client_id}",
        registration=client.registration.registration_id,
        details={"reason": reason} if reason else {},
    )
