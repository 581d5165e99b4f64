"""Parts that the form, the receipt and the lists share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from consent.wording.dates import month_words
from registration.models import Client


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its words."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One line of the error summary."""

    href: str
    message: str


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks (CDS-WG3-01 9.2.1.2); `logo` is a path on this server, "" for none."""

    name: str
    logo: str
    website: Link | None
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the data is for, as plain text (CDS-WG3-01 9.2.2.4)."""

    author: str
    content: str
    url: str
    url_label: str


def requester(client: Client, *, logo: str) -> Requester:
    """Return the words about a company; only a confirmed website is linked."""
    name = client.client_name
    website, facts = None, []
    if client.client_uri and client.website_confirmed:
        host = urlsplit(client.client_uri).hostname or client.client_uri
        website = Link(client.client_uri, _("%(site)s (opens in new tab)") % {"site": host})
        facts.append(_("website confirmed"))
    since = month_words(client.registration.created)
    facts.append(_("registered since %(month)s") % {"month": since})
    return Requester(name=name, logo=logo, website=website, facts=tuple(facts))


def purpose(words: Mapping[str, Any], company: str) -> Purpose:
    """Return a purpose; one written by the company says so."""
    author = (
        _("For this purpose:")
        if words["by_utility"]
        else _("Written by %(company)s:") % {"company": company}
    )
    label = _("%(name)s (opens in new tab)") % {"name": words["name"] or words["uri"]}
    return Purpose(
        author=author,
        content=str(words["content"]),
        url=str(words["uri"]),
        url_label=label if words["uri"] else "",
    )
