"""Pages for requests that cannot continue: what happened, and what to do (CDS-WG3-01 9.3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from consent.models import AuthorizationRequest
from consent.services.authorization.approve import RequestExpired
from consent.services.authorization.request import described
from consent.services.sections.choices import Form, Section
from consent.wording import AskedLine, asked_line
from portal.errors import DomainError
from portal.http.context import current
from registration.catalogue.offers import ScopeOffer, offered_fields

ERROR_PAGE = "consent/request_error.html"


@dataclass(frozen=True, slots=True)
class AskedGroup:
    """A sentence and the resources it speaks of."""

    lead: str
    lines: tuple[AskedLine, ...]


def _page(request: HttpRequest, status: int, **context: Any) -> HttpResponse:
    context |= {"robots": "noindex", "reference": current.get().request_id}
    return render(request, ERROR_PAGE, context, status=status)


def unproven(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Tell the person that the link is wrong, and the developer why (CDS-WG3-01 9.3.2)."""
    context = {
        "reference": current.get().request_id,
        "developer_note": described(error),
    }
    response = render(request, "consent/authorization_error.html", context, status=400)
    response["Cache-Control"] = "no-store"
    return response


def request_is_over(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Say that a request is unknown or has expired."""
    if isinstance(error, RequestExpired):
        heading = _("This request was open for too long")
        first = _("Nothing was shared. For your safety a request waits for a limited time only.")
    else:
        heading = _("We can't find this request")
        first = _("Nothing was shared. The address may be incomplete, or the request is over.")
    again = _("Go back to the website or app that sent you here and start again from there.")
    return _page(request, error.status, heading=heading, paragraphs=[first, again])


def somebody_elses(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    """Say that a request waits for another account, without saying whose."""
    return _page(
        request,
        404,
        heading=_("This request waits for another account"),
        paragraphs=[
            _("It was opened by someone who signed in with a different account."),
            _("Nothing was shared. Use the other account, or start again from the company's site."),
        ],
        switch_url=_switch(asked),
    )


def already_answered(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    """Say what was answered, with the way to the receipt."""
    approved = asked.outcome == AuthorizationRequest.Outcome.APPROVED
    company = {"company": asked.client.client_name}
    receipt = asked.grant.receipts.order_by("-pk").first() if asked.grant else None
    paragraphs = [
        _("You have allowed %(company)s to receive data. This page cannot be used twice.") % company
        if approved
        else _("Nothing was shared with %(company)s. This page cannot be used twice.") % company
    ]
    return _page(
        request,
        200,
        heading=_("You have answered this request"),
        paragraphs=paragraphs,
        receipt_url=reverse("consent:receipt", args=[receipt.url_token]) if receipt else "",
    )


def wrong_environment(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    """Say that this account has nothing to share with such a client."""
    company = {"company": asked.client.client_name}
    if asked.client.environment == "sandbox":
        first = _("%(company)s is still testing and may ask for test accounts only.") % company
    else:
        first = _("This account has no services that %(company)s could ask for.") % company
    return _page(
        request,
        403,
        heading=_("This account cannot answer the request"),
        paragraphs=[first, _("Nothing was shared. Use another account, or decline the request.")],
        switch_url=_switch(asked),
        decline_url=_form(asked),
    )


def nothing_preselected(
    request: HttpRequest, asked: AuthorizationRequest, form: Form
) -> HttpResponse:
    """Say what the company asked for that this customer does not have (CDS-WG3-01 9.3.1)."""
    heading, groups = _what_is_missing(form, company=asked.client.client_name)
    return _page(
        request,
        200,
        heading=heading,
        groups=groups,
        closing=_("Nothing was shared. If it belongs to another account of yours, use that one."),
        switch_url=_switch(asked),
        decline_url=_form(asked),
        decline_reason="no_preselections",
    )


def _what_is_missing(form: Form, *, company: str) -> tuple[str, tuple[AskedGroup, ...]]:
    """Return a heading, and all that was asked for: missing, or found but of no use.

    Only what matches nothing at all is called missing.
    """
    words = {"company": company}
    lacking = [section for section in form.sections if section.lacks_preselection]
    names = _choice_names(lacking, form.offers)
    groups = [
        AskedGroup(
            _("%(company)s asked for the following, which we do not find under your account:")
            % words,
            _lines(((a.field_id, a.missing) for section in lacking for a in section.asked), names),
        )
    ]
    for section in lacking:
        lines = _lines(((a.field_id, a.found) for a in section.asked), names)
        groups.append(AskedGroup(_found_lead(section) % words, lines))
    shown = tuple(group for group in groups if group.lines)
    if groups[0].lines or not shown:
        heading = _("Your account does not have what %(company)s asks for") % words
    else:
        heading = _("Nothing in your account matches everything %(company)s asked for") % words
    return heading, shown


def _found_lead(section: Section) -> str:
    if section.matched:
        return _("Your account has what %(company)s asks for, but it cannot be shared now:")
    if all(each.rows for each in section.asked):
        return _(
            "%(company)s asked for what fits all of the following. Your account has each of them, "
            "but nothing that fits them together:"
        )
    return _("%(company)s also asked for the following, which your account has:")


def _lines(
    asked: Iterable[tuple[str, tuple[str, ...]]], names: Mapping[str, Mapping[str, str]]
) -> tuple[AskedLine, ...]:
    lines = (asked_line(field_id, values, names.get(field_id)) for field_id, values in asked)
    return tuple(dict.fromkeys(line for line in lines if line is not None))


def _choice_names(
    sections: Sequence[Section], offers: Mapping[str, ScopeOffer]
) -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = {}
    for section in sections:
        for access in section.accesses:
            for field in offered_fields(offers[access.scope_id]).values():
                found = {choice.id: choice.name for choice in field.choices}
                names.setdefault(field.id, {}).update(found)
    return names


def _switch(asked: AuthorizationRequest) -> str:
    return reverse("consent:authorization-switch", args=[asked.request_id])


def _form(asked: AuthorizationRequest) -> str:
    return reverse("consent:authorization-form", args=[asked.request_id])
