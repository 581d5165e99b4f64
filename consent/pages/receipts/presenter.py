"""The receipt page (CDS-WG3-01 9.4): what was agreed, what holds today, and how to end it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _

from consent.customer_accounts import Selectable
from consent.models import Grant, Receipt
from consent.pages.authorization.presenter import LONG_LIST, row_words
from consent.pages.parts import Link, Purpose, purpose
from consent.services.receipts import client_words
from consent.wording import DataItem, DataRow, StatusWords, count_by_type, status_words
from consent.wording.dates import day_words, list_words, local_day
from consent.wording.services import legend
from consent.wording.status import StatusFacts
from portal.branding import Utility
from portal.values.wording import moment_words


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a change: `folded` counts lines that open on demand, `url` is their link."""

    lines: tuple[str, ...]
    folded: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that differs from the day of consent."""

    label: str
    then: Side
    now: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSection:
    """One request section as it was approved.

    `folded` counts the services where they are so many that their names open on demand only.
    """

    title: str
    data: tuple[DataItem, ...]
    durations: tuple[str, ...]
    legend: str
    services: tuple[str, ...]
    folded: str
    later: str
    details_hidden: bool
    purpose: Purpose | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage:
    """Everything the template shows."""

    title: str
    number: str
    sandbox: bool
    created: datetime
    status: StatusWords
    company: str
    website: Link | None
    sections: tuple[ReceiptSection, ...]
    changes: tuple[Change, ...]
    terms: Link | None
    newer_url: str
    can_stop: bool
    stop_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptContext:
    """What a receipt is shown against. `newer_url` is "" for the latest receipt of a Grant.

    `chosen` are the services that the Grant's selections name today, `today` the sentences about
    what it gives now; None and empty stand for no change. `terms_url` leads to the terms of that
    day, `terms_today` is the digest of today's.
    """

    receipt: Receipt
    utility: Utility
    zone: tzinfo
    is_owner: bool
    newer_url: str = ""
    chosen: Sequence[Mapping[str, str]] | None = None
    today: tuple[str, ...] = ()
    terms_url: str = ""
    terms_today: str = ""


def receipt_page(context: ReceiptContext) -> ReceiptPage:
    """Return the receipt. Services are named to their owner only; others see how many (9.4)."""
    receipt, utility = context.receipt, context.utility
    frozen, grant = receipt.snapshot, receipt.grant
    company = frozen["client"]["name"]
    many = len(frozen["sections"]) > 1
    return ReceiptPage(
        title=_("%(utility)s: receipt for sharing your data") % {"utility": frozen["utility"]},
        number=receipt.confirmation_number,
        sandbox=frozen["environment"] == "sandbox",
        created=receipt.created,
        status=grant_status(grant, company=company, utility=utility.name, zone=context.zone),
        company=company,
        website=_website(frozen["client"]["uri"]),
        sections=tuple(
            _section(entry, number, company, context, many=many)
            for number, entry in enumerate(frozen["sections"], start=1)
        ),
        changes=_changes(context),
        terms=_terms(context),
        newer_url=context.newer_url,
        can_stop=grant.status not in Grant.ENDED,
        stop_label=_("Stop sharing with %(company)s") % {"company": company},
    )


def grant_status(grant: Grant, *, company: str, utility: str, zone: tzinfo) -> StatusWords:
    """Word the state of a Grant."""

    def day(moment: datetime | None) -> str:
        return day_words(local_day(moment, zone)) if moment else ""

    return status_words(
        StatusFacts(
            status=grant.status,
            company=company,
            utility=utility,
            starts=day(grant.not_before),
            ends=day(grant.expires),
            stopped=day(grant.new_data_until) if grant.is_out_of_new_data(timezone.now()) else "",
            eta=moment_words(grant.eta, zone) if grant.eta else "",
        )
    )


def _website(uri: str) -> Link | None:
    if not uri:
        return None
    host = urlsplit(uri).hostname or uri
    return Link(uri, _("%(site)s (opens in new tab)") % {"site": host})


def _terms(context: ReceiptContext) -> Link | None:
    frozen = context.receipt.snapshot
    if not frozen.get("terms"):
        return None
    label = _("%(utility)s terms of that day (opens in new tab)") % {"utility": frozen["utility"]}
    return Link(context.terms_url, label)


def _section(
    entry: Mapping[str, Any], number: int, company: str, context: ReceiptContext, *, many: bool
) -> ReceiptSection:
    services = entry["services"]
    counts = service_lines(services, named=False)
    long = context.is_owner and len(services) >= LONG_LIST
    return ReceiptSection(
        title=_("Request %(number)s") % {"number": number} if many else _("What you approved"),
        data=tuple(
            DataItem(item["phrase"], tuple(DataRow(*row) for row in item["rows"]))
            for item in entry["data"]
        ),
        durations=tuple(entry["durations"]),
        legend=legend(entry["selection_type"]),
        services=service_lines(services, named=True) if context.is_owner else counts,
        folded=list_words(counts) if long else "",
        later=_("Also services that are added later.") if entry["later"] else "",
        details_hidden=bool(services) and not context.is_owner,
        purpose=purpose(entry["purpose"], company) if entry["purpose"] else None,
    )


def service_lines(services: Sequence[Mapping[str, str]], *, named: bool) -> tuple[str, ...]:
    """Name the services, or say only how many of each kind there are."""
    if not named:
        return count_by_type(service["service_type"] for service in services)
    return tuple(" · ".join(part for part in row_words(_selectable(s)) if part) for s in services)


def _selectable(service: Mapping[str, str]) -> Selectable:
    return Selectable(
        id=service["id"],
        number=service["number"],
        name=service["name"],
        address=service["address"],
        service_type=service["service_type"],
        account=service["account"],
    )


def _changes(context: ReceiptContext) -> tuple[Change, ...]:
    """Say what has changed since (9.4), both versions side by side, also once superseded."""
    then, now = context.receipt.snapshot["client"], client_words(context.receipt.grant.client)
    none = _("no confirmed website")
    changes = []
    if then["name"] != now["name"]:
        changes.append(
            Change(_("Name of the company"), Side((then["name"],)), Side((now["name"],)))
        )
    if then["uri"] != now["uri"]:
        changes.append(
            Change(
                _("Website of the company"),
                Side((then["uri"] or none,)),
                Side((now["uri"] or none,)),
            )
        )
    return (*changes, *_terms_change(context), *_scope_changes(context))


def _terms_change(context: ReceiptContext) -> tuple[Change, ...]:
    accepted = context.receipt.snapshot.get("terms")
    if not accepted or accepted == context.terms_today:
        return ()
    then = Side((_("The terms that you accepted (opens in new tab)"),), url=context.terms_url)
    now = Side((_("These terms no longer apply."),))
    if context.terms_today:
        url = context.utility.terms_url
        now = Side((_("The terms of today (opens in new tab)"),), url=url)
    return (Change(_("Terms"), then, now),)


def _scope_changes(context: ReceiptContext) -> tuple[Change, ...]:
    frozen, grant = context.receipt.snapshot, context.receipt.grant
    if grant.status in Grant.ENDED:
        return ()
    changes = []
    if context.today:
        then = tuple(
            line
            for section in frozen["sections"]
            for line in (*(item["phrase"] for item in section["data"]), *section["durations"])
        )
        changes.append(Change(_("What is shared"), Side(then), Side(context.today)))
    services = {
        service["id"]: service for section in frozen["sections"] for service in section["services"]
    }
    chosen = context.chosen
    if chosen is not None and {each["id"] for each in chosen} != services.keys():
        sides = (_services_side(each, context) for each in (list(services.values()), chosen))
        changes.append(Change(_("Services that are shared"), *sides))
    return tuple(changes)


def _services_side(services: Sequence[Mapping[str, str]], context: ReceiptContext) -> Side:
    """Name services to their owner, many of them on demand; strangers see how many (9.4)."""
    counts = service_lines(services, named=False) or (_("None."),)
    if not context.is_owner or not services:
        return Side(counts)
    named = service_lines(services, named=True)
    lines = tuple(line for line in named if line)
    if nameless := len(named) - len(lines):
        lines += count_by_type([""] * nameless)
    return Side(lines, folded=list_words(counts) if len(services) >= LONG_LIST else "")


def without_details(page: ReceiptPage) -> ReceiptPage:
    """Return the page for mails: no explanations, only the phrases."""
    sections = tuple(
        replace(each, data=tuple(DataItem(item.phrase, ()) for item in each.data))
        for each in page.sections
    )
    return replace(page, sections=sections)
