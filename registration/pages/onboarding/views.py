"""Pages behind the links of request Messages: anyone who has the link can use it (3.6)."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from portal.crypto import same
from portal.http import ratelimits
from portal.http.bodies import MAX_UPLOAD, accepts_bytes
from portal.http.context import current
from portal.http.headers import let_forms_end_at, private
from portal.http.permissions import public
from portal.models import User
from portal.sign_in.openid import freshness
from registration.errors import InvalidRequest
from registration.fields.files import DEFAULT_MAX_SIZE
from registration.fields.types import FieldType
from registration.models.onboarding import ClientLogo, Requirement
from registration.pages.onboarding.forms import CodeForm, PdfForm, TermsForm
from registration.pages.onboarding.presenters import (
    StatusWords,
    checkout_words,
    customer_mark,
    field_help,
    masked,
    money,
    payment_words,
    receipt_notes,
    status_words,
)
from registration.services.catalogue.fields import fields_of
from registration.services.catalogue.offers import current_offers
from registration.services.onboarding import steps
from registration.services.onboarding.pdf_form import blank_form
from registration.services.onboarding.renew import renew_link
from registration.services.onboarding.requirements import PDF_NAME, field_of, open_link
from registration.services.onboarding.start import first_mail_address
from registration.services.payments import checkouts, fees

Page = Callable[[HttpRequest, Requirement], HttpResponse]


@public
@require_safe
def requirements(request: HttpRequest) -> HttpResponse:
    """Explain every registration field that an offered scope names."""
    fields = fields_of(current_offers().values())
    context = {"fields": [field_help(field) for field in fields.values()]}
    return render(request, "registration/onboarding_requirements.html", context)


@public
@require_safe
def blank_pdf(request: HttpRequest, field_id: str) -> HttpResponse:
    """Serve the blank form without a company name (3.6: the documentation links to it)."""
    field = fields_of(current_offers().values()).get(field_id)
    if field is None or field.type is not FieldType.PDF_FORM:
        raise Http404
    content = blank_form(field=field, utility=settings.UTILITY_NAME, company="", reference="")
    return HttpResponse(content, content_type="application/pdf")


@public
@private
@require_http_methods(["GET", "HEAD", "POST"])
@accepts_bytes(MAX_UPLOAD)
def step(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page of a requirement, or its status."""
    opened = open_link(token)
    requirement = opened.requirement
    if opened.is_expired:
        renew_link(requirement=requirement)
        return _show(request, requirement, "expired", http_status=410)
    is_open = requirement.status == Requirement.Status.OPEN
    if is_open or (requirement.type == FieldType.PDF_FORM and requirement.decided is None):
        return _PAGES[FieldType(requirement.type)](request, requirement)
    return _show(request, requirement, "status")


@public
@private
@require_safe
def form_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """Serve the blank form for one registration, any number of times."""
    opened = open_link(token)
    requirement = opened.requirement
    if requirement.type != FieldType.PDF_FORM:
        raise Http404
    if opened.is_expired:
        renew_link(requirement=requirement)
        return _show(request, requirement, "expired", http_status=410)
    content = blank_form(
        field=field_of(requirement),
        utility=settings.UTILITY_NAME,
        company=str(requirement.registration),
        reference=requirement.requirement_id,
    )
    return HttpResponse(content, content_type="application/pdf")


@public
@private
@require_http_methods(["GET", "HEAD", "POST"])
def payment(request: HttpRequest, token: UUID) -> HttpResponse:
    """Show the status of a payment, based only on the provider's reports; checkouts return here."""
    found = fees.payment_of(token)
    if request.method != "POST":
        ratelimits.count("30/min", f"payment:{token}")
        checkouts.ask_provider(found)
        found = fees.payment_of(token)
    requirement = found.requirement
    words = payment_words(found, requirement)
    if requirement.status != Requirement.Status.OPEN:
        return _show(request, requirement, "status", words=words)
    return _payment(request, requirement, outcome=words)


@public
@require_safe
def logo(request: HttpRequest, token: str) -> HttpResponse:
    """Serve this server's copy of a logo; its URL changes with the picture."""
    found = get_object_or_404(ClientLogo, token=token)
    response = HttpResponse(found.image.read(), content_type="image/png")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _email(request: HttpRequest, requirement: Requirement) -> HttpResponse:
    wants_code = request.method == "POST" and "send" in request.POST
    if wants_code:
        language = get_language() or settings.LANGUAGE_CODE
        steps.send_code(
            requirement=requirement, language=language, by=_visitor(request, requirement)
        )
        return _again(request)
    form = CodeForm(request.POST or None)
    if form.is_valid() and _tried(
        form,
        "code",
        lambda: steps.confirm_code(
            requirement=requirement,
            code=form.cleaned_data["code"],
            by=_visitor(request, requirement),
        ),
    ):
        return _again(request)
    address = first_mail_address(requirement.registration.contacts)
    return _show(
        request,
        requirement,
        "email",
        form=form,
        address=masked(address),
        is_sent=requirement.codes.exists(),
    )


def _terms(request: HttpRequest, requirement: Requirement) -> HttpResponse:
    form = TermsForm(request.POST or None)
    if form.is_valid() and _tried(
        form,
        "agree",
        lambda: steps.accept_terms(
            requirement=requirement,
            shown=request.POST.get("shown", ""),
            name=form.cleaned_data["name"],
            title=form.cleaned_data["title"],
            by=_visitor(request, requirement),
        ),
    ):
        return _again(request)
    field = field_of(requirement)
    shown = steps.terms_digest(field.body)
    return _show(request, requirement, "terms", form=form, field=field, shown=shown)


def _pdf(request: HttpRequest, requirement: Requirement) -> HttpResponse:
    is_sent = request.method == "POST"
    form = PdfForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        max_size=field_of(requirement).max_size or DEFAULT_MAX_SIZE,
    )
    if form.is_valid() and _tried(
        form,
        "file",
        lambda: steps.hand_in_pdf(
            requirement=requirement,
            content=form.cleaned_data["file"].read(),
            by=_visitor(request, requirement),
        ),
    ):
        return _again(request)
    return _show(request, requirement, "pdf", form=form, pdf_name=PDF_NAME)


def _payment(
    request: HttpRequest, requirement: Requirement, outcome: StatusWords | None = None
) -> HttpResponse:
    if request.method != "POST":
        return _payment_page(request, requirement, outcome)
    if fees.takes_cards():
        return _to_checkout(request, requirement)
    steps.report_payment(requirement=requirement, by=_visitor(request, requirement))
    return _again(request)


def _to_checkout(request: HttpRequest, requirement: Requirement) -> HttpResponse:
    ratelimits.count("public", f"payment:{current.get().network}")
    try:
        url = fees.start_payment(requirement=requirement, by=_visitor(request, requirement))
    except fees.PaymentUnavailable:
        return _payment_page(request, requirement, checkout_words())
    return HttpResponseRedirect(url, status=303)


def _payment_page(
    request: HttpRequest, requirement: Requirement, outcome: StatusWords | None
) -> HttpResponse:
    response = _show(
        request,
        requirement,
        "payment",
        outcome=outcome,
        takes_cards=fees.takes_cards(),
        instructions=fees.invoice_instructions(),
    )
    # The form ends at the provider's checkout, and form-action also applies to redirects.
    if fees.takes_cards():
        let_forms_end_at(response, settings.PAYMENT_CHECKOUT_ORIGINS)
    return response


def _sign_in(request: HttpRequest, requirement: Requirement) -> HttpResponse:
    """Link the signed-in person's account, once they have confirmed that it is theirs.

    Anyone can open the link, so signing in alone links nothing; and a confirmation on a page that
    was shown to one person does not count for another who has signed in since.
    """
    if request.method == "POST" and "switch" in request.POST:
        logout(request)
        freshness.ask_afresh(request)
        return _again(request)
    mark = customer_mark(requirement, request.user) if request.user.is_authenticated else ""
    is_meant = same(request.POST.get("customer", ""), mark)
    if request.method == "POST" and request.user.is_authenticated and is_meant:
        steps.link_customer(requirement=requirement, user=request.user)
        return _again(request)
    is_changed = "customer" in request.POST and not is_meant
    return _show(request, requirement, "sign_in", mark=mark, is_changed=is_changed)


def _nothing(request: HttpRequest, requirement: Requirement) -> HttpResponse:
    """Reviews have no page."""
    raise Http404


_PAGES: Mapping[FieldType, Page] = {
    FieldType.EMAIL_VERIFICATION: _email,
    FieldType.ONLINE_FORM: _terms,
    FieldType.PDF_FORM: _pdf,
    FieldType.PAYMENT_REQUIRED: _payment,
    FieldType.SSO_VERIFICATION: _sign_in,
    FieldType.INTERNAL_REVIEW: _nothing,
    FieldType.REGISTRATION_FIELD: _nothing,
}


def _tried(form: CodeForm | PdfForm | TermsForm, name: str, act: Callable[[], object]) -> bool:
    """Process a valid form; an error of the service becomes the error of one field."""
    try:
        act()
    except (steps.CodeRefused, steps.TermsChanged, InvalidRequest) as error:
        form.add_error(name, error.message)
        return False
    return True


def _visitor(request: HttpRequest, requirement: Requirement) -> User | str:
    """Return the actor: the signed-in person, or else the holder of the link."""
    if request.user.is_authenticated:
        return request.user
    return f"link:{requirement.requirement_id}"


def _again(request: HttpRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(request.path, status=303)


def _show(
    request: HttpRequest,
    requirement: Requirement,
    page: str,
    http_status: int = 200,
    words: StatusWords | None = None,
    **context: Any,
) -> HttpResponse:
    shown = {
        "requirement": requirement,
        "field": field_of(requirement),
        "company": str(requirement.registration),
        "status": words or status_words(requirement),
        "amount": money(requirement) if requirement.reference else "",
        "notes": receipt_notes(requirement),
        "robots": "noindex",
        **context,
    }
    return render(request, f"registration/onboarding_{page}.html", shown, status=http_status)
