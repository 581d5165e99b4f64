"""The page that lists who can see a customer's data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from django.urls import reverse
from django.utils.translation import gettext as _

from consent.models import Grant, Receipt
from consent.pages.receipts.presenter import grant_status
from consent.wording import StatusWords, count_by_type
from consent.wording.dates import day_words, local_day
from portal.branding import Utility

_ATTENTION = frozenset({Grant.Status.NEEDS_AUTHORIZATION, Grant.Status.NEEDS_SUB_GRANTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingCard:
    """One company and what it gets."""

    company: str
    sandbox: bool
    status: StatusWords
    categories: tuple[str, ...]
    services: tuple[str, ...]
    since: str
    until: str
    receipt_url: str
    stop_url: str
    stop_label: str


@dataclass(frozen=True, slots=True)
class SharingPage:
    """The groups of the page, each in the order newest first."""

    attention: tuple[SharingCard, ...]
    now: tuple[SharingCard, ...]
    ended: tuple[SharingCard, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the customer never allowed anything."""
        return not (self.attention or self.now or self.ended)


def sharing_page(
    grants: Sequence[tuple[Grant, Receipt]], *, utility: Utility, zone: tzinfo
) -> SharingPage:
    """Return the page for these Grants, each with its latest receipt."""
    attention, now, ended = [], [], []
    for grant, receipt in grants:
        card = _card(grant, receipt, utility, zone)
        if grant.status in Grant.ENDED:
            ended.append(card)
        elif grant.status in _ATTENTION:
            attention.append(card)
        else:
            now.append(card)
    return SharingPage(tuple(attention), tuple(now), tuple(ended))


def _card(grant: Grant, receipt: Receipt, utility: Utility, zone: tzinfo) -> SharingCard:
    frozen = receipt.snapshot
    company = frozen["client"]["name"]
    services = {
        service["id"]: service["service_type"]
        for section in frozen["sections"]
        for service in section["services"]
    }
    phrases = [item["phrase"] for section in frozen["sections"] for item in section["data"]]
    ended = grant.status in Grant.ENDED
    # A stopped one says in its status since when.
    until = None if ended or grant.status == Grant.Status.STOPPED else grant.shares_until
    return SharingCard(
        company=company,
        sandbox=frozen["environment"] == "sandbox",
        status=grant_status(grant, company=company, utility=utility.name, zone=zone),
        categories=tuple(dict.fromkeys(phrases)),
        services=count_by_type(services.values()),
        since=day_words(local_day(receipt.created, zone)),
        until=day_words(local_day(until, zone)) if until else "",
        receipt_url=reverse("consent:receipt", args=[receipt.url_token]),
        stop_url="" if ended else reverse("consent:receipt-stop", args=[receipt.url_token]),
        stop_label=_("Stop sharing with %(company)s") % {"company": company},
    )
