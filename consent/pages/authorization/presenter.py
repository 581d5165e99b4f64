"""The authorization form (CDS-WG3-01 9.2): all its sections as ready sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consent.catalogue.selection import SelectionType
from consent.customer_accounts import Selectable
from consent.models import AuthorizationRequest
from consent.pages.parts import ErrorLine, Link, Purpose, Requester, purpose, requester
from consent.services.authorization.approve import Problem, ProblemKind
from consent.services.receipts import purpose_words
from consent.services.sections.choices import Choices, Form, Section, SectionChoice
from consent.wording import (
    DataItem,
    SummarySentences,
    data_items,
    duration_sentences,
    end_of_following,
    end_of_sharing,
    service_type_words,
    summary_sentences,
)
from consent.wording.dates import day_words, number_words
from consent.wording.durations import EndKind
from consent.wording.services import later_label, legend, nothing_chosen
from portal.branding import Utility

# Rows from which a list can be searched, and is folded on the receipt.
LONG_LIST = 11
_FOLLOWED = frozenset({SelectionType.ACCOUNT.value, SelectionType.SERVICE_CONTRACT.value})
_BILLS = ("include_bill_statements", "include_bill_sections")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a selection list."""

    value: str
    title: str
    meta: str
    checked: bool
    hidden: bool
    disabled_reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """The box for services that are added later."""

    name: str
    label: str
    checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """One selection list (CDS-WG3-01 9.2.3)."""

    prefix: str
    name: str
    legend: str
    rows: tuple[Row, ...]
    later: Later | None
    query: str
    query_name: str
    chosen_only: bool
    count: str
    is_long: bool
    is_huge: bool
    nothing_matches: bool
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One request section (CDS-WG3-01 9.2.1.4)."""

    index: int
    title: str
    removed: bool
    can_remove: bool
    data_heading: str
    data: tuple[DataItem, ...]
    durations: tuple[str, ...]
    picker: Picker
    purpose: Purpose | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationPage:
    """Everything the template shows, in the fixed order of CDS-WG3-01 9.2.1."""

    title: str
    sandbox: bool
    requester: Requester
    cards: tuple[Card, ...]
    removed: tuple[int, ...]
    terms: Link | None
    notices: tuple[str, ...]
    password_note: str
    summary: SummarySentences
    after: str
    stop_hint: str
    errors: tuple[ErrorLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFacts:
    """What the form is made of."""

    request: AuthorizationRequest
    form: Form
    choices: Choices
    examples: Mapping[str, str]
    utility: Utility
    now: datetime
    zone: tzinfo
    problems: Sequence[Problem] = ()
    logo: str = ""


def authorization_page(facts: FormFacts) -> AuthorizationPage:
    """Return the form as this customer sees it now."""
    client, utility = facts.request.client, facts.utility
    kept = [each for each in facts.form.sections if each.index not in facts.choices.removed]
    company = client.client_name
    return AuthorizationPage(
        title=_("%(utility)s: request to share your data") % {"utility": utility.name},
        sandbox=client.environment == "sandbox",
        requester=requester(client, logo=facts.logo),
        cards=tuple(_card(section, facts, len(kept)) for section in facts.form.sections),
        removed=tuple(sorted(facts.choices.removed)),
        terms=_terms(utility),
        notices=_notices(kept),
        password_note=_("%(company)s never needs your password.") % {"company": company},
        summary=_summary(facts, kept),
        after=_after(facts.request, company),
        stop_hint=_("You can stop sharing at any time, from the receipt or on this page:"),
        errors=tuple(_error(problem, facts) for problem in facts.problems),
    )


def _terms(utility: Utility) -> Link | None:
    if not utility.terms_url:
        return None
    label = _("%(utility)s terms (opens in new tab)") % {"utility": utility.name}
    return Link(utility.terms_url, label)


def _notices(kept: Sequence[Section]) -> tuple[str, ...]:
    """Notices hang on what is still asked: they go when their request is taken out (9.2.1.5)."""
    asks_bills = any(
        access.values.get(name) or access.scope_type in {"cds_bill_statements", "cds_service_bills"}
        for section in kept
        for access in section.accesses
        for name in _BILLS
    )
    return (_("Bills always show the account number they belong to."),) if asks_bills else ()


def _after(request: AuthorizationRequest, company: str) -> str:
    target = urlsplit(request.params.get("redirect_uri", "")).hostname or company
    if request.params.get("redirect_uri", "").endswith(
        f"/oauth/default-redirect/{request.client.client_id}"
    ):
        return _("Authorize: we mail you a receipt and show it to you. Decline: nothing is shared.")
    return _(
        "Authorize: we mail you a receipt and take you to %(place)s. Decline: nothing is shared."
    ) % {"place": target}


def _summary(facts: FormFacts, kept: Sequence[Section]) -> SummarySentences:
    accesses = [access for section in kept for access in section.accesses]
    chosen = [(section, section.chosen(facts.choices)) for section in kept]
    ids = {each for _section, choice in chosen for each in choice.selected}
    return summary_sentences(
        company=facts.request.client.client_name,
        end=end_of_sharing(accesses, now=facts.now, zone=facts.zone),
        count=len(ids),
        # A request that ends today has no box for what comes later.
        later=any(choice.later and _may_follow(section, facts) for section, choice in chosen),
    )


def _card(section: Section, facts: FormFacts, kept: int) -> Card:
    removed = section.index in facts.choices.removed
    total = len(facts.form.sections)
    number = {"number": section.index + 1, "total": total}
    title = _("What is asked") if total == 1 else _("Request %(number)s of %(total)s")
    words = purpose_words(facts.request.client, section.purpose_id)
    return Card(
        index=section.index,
        title=title % number,
        removed=removed,
        can_remove=section.is_modifiable and not removed and kept > 1,
        data_heading=_("%(company)s would receive") % {"company": facts.request.client.client_name},
        data=data_items(section.accesses, facts.form.offers, examples=facts.examples),
        durations=duration_sentences(section.accesses, now=facts.now, zone=facts.zone),
        picker=_picker(section, facts),
        purpose=purpose(words, facts.request.client.client_name) if words else None,
    )


def _picker(section: Section, facts: FormFacts) -> Picker:
    choice = section.chosen(facts.choices)
    rows = tuple(_row(row, choice) for row in section.rows)
    prefix = f"request-{section.index + 1}"
    chosen = sum(row.checked for row in rows)
    count = ngettext("%(chosen)s of %(total)s selected", "%(chosen)s of %(total)s selected", chosen)
    return Picker(
        prefix=prefix,
        name=f"{prefix}-services",
        legend=legend(section.selection_type),
        rows=rows,
        later=_later(section, facts, choice, prefix),
        query=choice.query,
        query_name=f"{prefix}-query",
        chosen_only=choice.chosen_only,
        count=count % {"chosen": number_words(chosen), "total": number_words(len(rows))},
        is_long=len(rows) >= LONG_LIST,
        is_huge=len(rows) > 200,
        nothing_matches=bool(rows) and all(row.hidden for row in rows),
        error=next(
            (
                _problem_words(problem.kind, section)
                for problem in facts.problems
                if problem.section == section.index
                and problem.kind in {ProblemKind.NOTHING_CHOSEN, ProblemKind.NOT_YOURS}
            ),
            "",
        ),
    )


def _later(section: Section, facts: FormFacts, choice: SectionChoice, prefix: str) -> Later | None:
    if not _may_follow(section, facts):
        return None
    end = end_of_following(section.accesses, now=facts.now, zone=facts.zone)
    until = day_words(end.day) if end.day else ""
    return Later(
        name=f"{prefix}-later",
        label=later_label(section.selection_type, until),
        checked=choice.later,
    )


def _may_follow(section: Section, facts: FormFacts) -> bool:
    """Only accounts and services can be followed into the future (CDS-WG3-01 9.2.3)."""
    end = end_of_following(section.accesses, now=facts.now, zone=facts.zone)
    return section.selection_type in _FOLLOWED and end.kind in {EndKind.OPEN, EndKind.UNTIL}


def _row(row: Selectable, choice: SectionChoice) -> Row:
    title, meta = row_words(row)
    checked = row.id in choice.selected and not row.unavailable_reason
    shown = matches(f"{title} {meta}", choice.query) and (checked or not choice.chosen_only)
    return Row(
        value=row.id,
        title=title,
        meta=meta,
        checked=checked,
        hidden=not shown,
        disabled_reason=row.unavailable_reason,
    )


def row_words(row: Selectable) -> tuple[str, str]:
    """Return the two lines of a service: number and place, then what it is."""
    address = ", ".join(line.strip(" ,") for line in row.address.splitlines() if line.strip(" ,"))
    title = " · ".join(part for part in (row.number, address) if part)
    account = _("account %(number)s") % {"number": row.account} if row.account else ""
    kind = service_type_words(row.service_type)
    return title, " · ".join(part for part in (row.name, kind, account) if part)


def matches(text: str, query: str) -> bool:
    """Whether a row is found: every word of the query occurs in it, as in the script's search."""
    low = text.lower()
    return all(word in low for word in query.lower().split())


def _problem_words(kind: ProblemKind, section: Section) -> str:
    if kind is ProblemKind.NOTHING_CHOSEN:
        return nothing_chosen(section.selection_type)
    return _("Your list has changed since you opened this page. Check what is ticked")


def _error(problem: Problem, facts: FormFacts) -> ErrorLine:
    if problem.kind is ProblemKind.ALL_REMOVED:
        return ErrorLine("#request-1-title", _("Keep at least one request, or decline"))
    company = {"company": facts.request.client.client_name}
    if problem.kind is ProblemKind.CHANGED:
        message = _(
            "The name, website or purpose of %(company)s, or the terms that you accept, changed "
            "after you opened this page. Read the page again before you authorize"
        )
        return ErrorLine("#request-1-title", message % company)
    section = facts.form.sections[min(problem.section, len(facts.form.sections) - 1)]
    if problem.kind is ProblemKind.NOT_REMOVABLE:
        message = _("%(company)s needs every part of its request; it cannot be taken out")
        return ErrorLine(f"#request-{section.index + 1}-title", message % company)
    message = _problem_words(problem.kind, section)
    if len(facts.form.sections) > 1:
        message = _("Request %(number)s: %(message)s") % {
            "number": section.index + 1,
            "message": message,
        }
    target = "1" if section.rows else "title"
    return ErrorLine(f"#request-{section.index + 1}-{target}", message)
