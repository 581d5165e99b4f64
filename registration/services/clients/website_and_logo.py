"""Checks the website and fetches the logo that a Client names, only through `safe_fetch`."""

import logging
from functools import partial
from urllib.parse import urlsplit

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.background.outbox import enqueue
from portal.fetching import safe_fetch
from registration import urls_of
from registration.fields.files import as_png
from registration.fields.types import FieldType
from registration.models import Client, Registration
from registration.models.onboarding import ClientLogo, Requirement
from registration.services.locks import lock_client
from registration.services.storage.stored_files import no_orphans, note_stored

log = logging.getLogger(__name__)

WEBSITE_TASK = "registration.tasks.check_website"
LOGO_TASK = "registration.tasks.fetch_logo"
MAX_PAGE = 262_144
MAX_LOGO = 2_097_152
LOGO_SIDE = 256
# Only the largest ones; the real protection is that the address was verified.
MAIL_PROVIDERS = {
    *("126.com", "163.com", "aol.com", "fastmail.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net"),
    *("googlemail.com", "hey.com", "hotmail.com", "icloud.com", "live.com", "mac.com", "mail.com"),
    *("mail.ru", "me.com", "msn.com", "outlook.com", "pm.me", "proton.me", "protonmail.com"),
    *("qq.com", "tuta.com", "tutanota.com", "web.de", "yahoo.com", "yandex.com", "yandex.ru"),
    *("ymail.com", "zoho.com"),
}


def promise_checks(*, client: Client) -> None:
    """Schedule checks of the links of a new or changed Client after the transaction."""
    if client.client_uri and client.response_types:
        enqueue(WEBSITE_TASK, client.client_id)
    if client.logo_uri and client.response_types:
        enqueue(LOGO_TASK, client.client_id)


def promise_website_checks(*, registration: Registration) -> None:
    """Schedule checks of a party's websites: a newly verified address may confirm them."""
    for client in Client.objects.of(registration).exclude(client_uri="").order_by("pk"):
        if client.response_types:
            enqueue(WEBSITE_TASK, client.client_id)


def check_website(*, client_id: str, network: safe_fetch.Network = safe_fetch.INTERNET) -> bool:
    """Record that a website responds under the domain of a contact's verified email address.

    Anyone can enter any address as a contact, so an address that was not verified proves nothing.
    Nothing is recorded if the link or the contacts have changed meanwhile, or if the response came
    from another host.
    """
    client = Client.objects.select_related("registration").get(client_id=client_id)
    link = client.client_uri
    if not link or domain_of(link) not in _verified_domains(client):
        return False
    try:
        answer = safe_fetch.fetch(link, max_bytes=MAX_PAGE, truncate=True, network=network)
    except safe_fetch.FetchRefused as error:
        _record(client, "client.website_unconfirmed", reason=error.message)
        return False
    if answer.status >= 400 or domain_of(answer.url) != domain_of(link):
        _record(client, "client.website_unconfirmed", reason=f"status {answer.status}")
        return False
    return confirm_website(client, link)


@transaction.atomic
def confirm_website(client: Client, link: str) -> bool:
    """Record that a website responded, unless link or contacts have changed; return whether."""
    row = lock_client(client)
    if row.client_uri != link or domain_of(link) not in _verified_domains(row):
        return False
    row.website_confirmed = timezone.now()
    row.save(update_fields=["website_confirmed"])
    _record(row, "client.website_confirmed", reason="")
    return True


def fetch_logo(*, client_id: str, network: safe_fetch.Network = safe_fetch.INTERNET) -> bool:
    """Fetch a Client's logo and store a redrawn copy; PNG and JPEG only, no SVG.

    Only once for each link: the picture that staff saw must not change later. Another picture needs
    another link, which is reviewed if the utility reviews links.
    """
    client = Client.objects.get(client_id=client_id)
    link = client.logo_uri
    if not link:
        drop_logo(client)
        return False
    if _is_kept(client, link):
        return False
    try:
        answer = safe_fetch.fetch(link, max_bytes=MAX_LOGO, network=network)
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        image = as_png(answer.content, longest_side=LOGO_SIDE)
    except (safe_fetch.FetchRefused, ValueError) as error:
        _record(client, "client.logo_refused", reason=str(error))
        return False
    return keep_logo(client, link, image)


def _is_kept(client: Client, link: str) -> bool:
    return bool(ClientLogo.objects.filter(client=client, source_uri=link).exists())


@transaction.atomic
def drop_logo(client: Client) -> None:
    """Delete the picture of a Client that no longer has a link to one."""
    row = lock_client(client)
    if not row.logo_uri:
        _forget_logo(row)


@no_orphans()
@transaction.atomic
def keep_logo(client: Client, link: str, image: bytes) -> bool:
    """Store the picture, unless the link has changed or another fetch was first; return whether."""
    row = lock_client(client)
    if row.logo_uri != link or _is_kept(row, link):
        return False
    # A new URL for a new picture, because browsers can cache the old one indefinitely.
    _forget_logo(row)
    logo = ClientLogo(client=row, source_uri=link)
    logo.image.save("logo", ContentFile(image), save=False)
    note_stored(logo.image.name)
    logo.save(force_insert=True)
    _record(row, "client.logo_stored", reason="")
    return True


def _forget_logo(client: Client) -> None:
    """Delete the picture of a locked Client, and its file after the commit."""
    for logo in ClientLogo.objects.filter(client=client):
        logo.delete()
        transaction.on_commit(partial(logo.image.delete, save=False), robust=True)


@transaction.atomic
def copy_logo(*, sandbox: Client, made: Client) -> None:
    """Copy the picture that staff saw to a production Client, whatever its link returns now."""
    logo = ClientLogo.objects.filter(client=sandbox, source_uri=made.logo_uri).first()
    if logo is None:
        return
    try:
        image = logo.image.read()
    except OSError:
        # A picture must not prevent an approval; it is fetched again later.
        log.warning("the stored logo of client %s cannot be read", sandbox.client_id)
        return
    keep_logo(made, made.logo_uri, image)


def logo_path(client: Client) -> str:
    """Return the path of this server's copy of a Client's logo, or "" if there is none."""
    if not client.logo_uri:
        return ""
    logo = ClientLogo.objects.filter(client=client, source_uri=client.logo_uri).first()
    return f"/onboarding/logos/{logo.token}.png" if logo else ""


def logo_url(client: Client) -> str:
    """Return the URL of this server's copy of a Client's logo, or "" if there is none."""
    path = logo_path(client)
    return urls_of.portal_url(path) if path else ""


def domain_of(url: str) -> str:
    """Return the host of a URL without a leading www."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _verified_domains(client: Client) -> set[str]:
    """Return the email domains of contacts that entered their code (CDS-WG1-02 3.6).

    Domains of email providers are left out: an address there says nothing about the company.
    """
    proven = Requirement.objects.of(client.registration).filter(
        type=FieldType.EMAIL_VERIFICATION, status=Requirement.Status.COMPLETE
    )
    verified = {
        str(answer.get("address", "")) for answer in proven.values_list("answer", flat=True)
    }
    contacts = {contact.removeprefix("mailto:") for contact in client.contacts}
    domains = {address.rpartition("@")[2].strip().lower() for address in verified & contacts}
    return domains - MAIL_PROVIDERS


def _record(client: Client, action: str, *, reason: str) -> None:
    audit.record(
        action,
        by=audit.SYSTEM,
        subject=f"client:{client.client_id}",
        registration=client.registration.registration_id,
        details={"reason": reason} if reason else {},
    )
