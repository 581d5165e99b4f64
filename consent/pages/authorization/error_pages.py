"""Pages for requests that cannot go on: what happened, what is safe, what now (CDS-WG3-01 9.3)."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from consent.models import AuthorizationRequest
from consent.pages.authorization import preselections as presenters
from consent.services.authorization.approve import RequestExpired
from consent.services.sections.may_choose import Section, offers_of
from portal.errors import DomainError
from portal.http.context import current

ERROR_PAGE = "consent/request_error.html"


def _page(request: HttpRequest, status: int, **context: Any) -> HttpResponse:
    context |= {"robots": "noindex", "reference": current.get().request_id}
    return render(request, ERROR_PAGE, context, status=status)


def request_is_over(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Say that a request is unknown or has expired."""
    if isinstance(error, RequestExpired):
        heading = _("This request was open for too long")
        first = _("Nothing was shared. For your safety a request waits for a limited time only.")
    else:
        heading = _("We do not know this request")
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
            _("It was opened by somebody who signed in with a different account."),
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
    request: HttpRequest, asked: AuthorizationRequest, sections: Sequence[Section]
) -> HttpResponse:
    """Say what the company asked for that this customer does not have (CDS-WG3-01 9.3.1)."""
    page = presenters.nothing_preselected(
        sections, offers_of(asked), company=asked.client.client_name
    )
    return _page(
        request,
        200,
        heading=page.heading,
        groups=page.groups,
        closing=_("Nothing was shared. If it belongs to another account of yours, use that one."),
        switch_url=_switch(asked),
        decline_url=_form(asked),
        decline_reason="no_preselections",
    )


def _switch(asked: AuthorizationRequest) -> str:
    return reverse("consent:authorization-switch", args=[asked.request_id])


def _form(asked: AuthorizationRequest) -> str:
    return reverse("consent:authorization-form", args=[asked.request_id])
