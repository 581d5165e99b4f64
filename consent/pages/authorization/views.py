"""The authorization endpoint, and its form with the answer (CDS-WG3-01 9.1, 9.2, 9.3.1)."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from consent.customer_accounts import catalog
from consent.models import AuthorizationRequest
from consent.pages.authorization import error_pages, forms
from consent.pages.authorization.middleware import (
    FORM,
    SESSION_KEY,
    has_signed_in_for,
    wants_sign_in,
)
from consent.pages.authorization.presenter import (
    FormFacts,
    authorization_page,
)
from consent.pages.headers import asked_language, leads_to_client, private
from consent.pages.visitors import customer_of
from consent.services.authorization import approve
from consent.services.authorization import request as requests
from consent.services.authorization.answer import WaitsForAnother, require_person
from consent.services.authorization.parameters import (
    MalformedRequest,
    body_parameters,
    query_parameters,
)
from consent.services.sections.choices import (
    Choices,
    Form,
    RequestOver,
    choices_from_json,
    form_of,
)
from portal.branding import current_utility
from portal.http import ratelimits
from portal.http.bodies import accepts_bytes
from portal.http.context import current
from portal.http.permissions import public
from portal.pages.i18n import remember_language
from portal.sign_in.openid import freshness
from portal.values.times import utility_zone
from registration.services.clients.website_and_logo import logo_path

PageView = Callable[[HttpRequest, AuthorizationRequest], HttpResponse]


class _AnyScheme(HttpResponseRedirect):
    """Native apps use schemes of their own (RFC 8252 7.1); the target was proven before."""

    status_code = 303

    def __init__(self, url: str) -> None:
        self.allowed_schemes = [urlsplit(url).scheme]
        super().__init__(url)


def send(url: str) -> HttpResponse:
    """Return the redirect to a client (RFC 6749 4.1.2); `services.authorization` made the URL."""
    response = _AnyScheme(url)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


@public
@csrf_exempt  # a client's own page may post here; nothing happens before the customer says so
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """Check an authorization request and lead the customer to its form (CDS-WG3-01 9.1.1)."""
    ratelimits.count("public", f"authorize:{current.get().network}")
    try:
        parameters = (
            body_parameters(request) if request.method == "POST" else query_parameters(request)
        )
        if parameters.get("request_uri"):
            row = requests.redeem_pushed(query=parameters)
        else:
            row = requests.open_request(query=parameters)
    except requests.RefusedRequest as refused:
        return send(refused.url)
    except (requests.UnprovenRequest, MalformedRequest) as error:
        return error_pages.unproven(request, error)
    response = HttpResponseRedirect(reverse("consent:authorization-form", args=[row.request_id]))
    response.status_code = 303
    response["Cache-Control"] = "no-store"
    return response


def for_request(view: PageView) -> Callable[..., HttpResponse]:
    """Find the request and speak its language; requests that are over get a page of their own."""

    @wraps(view)
    def wrapped(request: HttpRequest, request_id: str) -> HttpResponse:
        try:
            asked = approve.find_request(request_id, now=timezone.now())
        except (approve.RequestNotFound, approve.RequestExpired) as error:
            return error_pages.request_is_over(request, error)
        language = asked_language(request, asked.params.get("ui_locales") or "")
        with translation.override(language):
            try:
                response = view(request, asked)
            except WaitsForAnother:
                response = error_pages.somebody_elses(request, asked)
            except approve.WrongEnvironment:
                response = error_pages.wrong_environment(request, asked)
            except (approve.RequestNotFound, approve.RequestExpired) as error:
                response = error_pages.request_is_over(request, error)
            except RequestOver as error:
                response = _end(request, asked, error)
            response["Content-Language"] = language
        return response

    return wrapped


def _end(request: HttpRequest, asked: AuthorizationRequest, over: RequestOver) -> HttpResponse:
    """Send back a request that can no longer be answered, unless that was done meanwhile."""
    try:
        url = approve.refuse_authorization_request(
            request=asked, error=over.code, description=over.message, by=customer_of(request)
        )
    except WaitsForAnother:
        return error_pages.somebody_elses(request, asked)
    except approve.RequestNotFound as error:
        return error_pages.request_is_over(request, error)
    return send(url)


@public
@leads_to_client
@private
@require_http_methods(["GET", "HEAD", "POST"])
@accepts_bytes(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)  # thousands of services may be ticked
@for_request
def authorization_form(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    """Show the form, or take the customer's answer."""
    if request.method == "POST":
        return _take_answer(request, asked)
    refusal = _gate(request, asked)
    return refusal or _show(request, asked)


@public
@leads_to_client
@private
@require_POST
@for_request
def switch_account(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    """Sign out and come back as another person (CDS-WG3-01 9.2.1.7)."""
    approve.release_request(request=asked)
    logout(request)
    # A provider would otherwise recognise the person who wants to be another.
    freshness.ask_afresh(request)
    return _sign_in(asked)


@public
@private
@require_POST
@for_request
def keep_open(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    """Extend the session and the request of a customer who is still reading."""
    if request.user.is_authenticated and asked.user_id == request.user.pk:
        approve.extend_request(request=asked, user=request.user)
        return HttpResponse(status=204)
    return HttpResponse(status=403)


def _gate(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse | None:
    """Return what stands between this visitor and the form, None when nothing does.

    Raises WaitsForAnother, WrongEnvironment and GrantOfAnother, as the services do again.
    """
    if not request.user.is_authenticated:
        return _sign_in(asked)
    if _must_sign_in_again(request, asked):
        logout(request)
        return _sign_in(asked)
    require_person(asked, request.user)
    if asked.outcome != AuthorizationRequest.Outcome.OPEN:
        return error_pages.already_answered(request, asked)
    approve.check_person(asked, request.user)
    return None


def _must_sign_in_again(request: HttpRequest, asked: AuthorizationRequest) -> bool:
    """`prompt=login` wants a sign-in made for this very request, once (CDS-WG1-02 8.3)."""
    if not wants_sign_in(asked):
        return False
    if asked.user_id is not None and asked.user_id == request.user.pk:
        return False
    return not has_signed_in_for(request, asked)


def _sign_in(asked: AuthorizationRequest) -> HttpResponse:
    """Send to the sign-in page and back."""
    return redirect_to_login(reverse(FORM, args=[asked.request_id]))


def _show(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    form = form_of(asked, customer_of(request))
    approve.show_request(request=asked, user=customer_of(request))
    request.session.pop(SESSION_KEY, None)
    if any(section.lacks_preselection for section in form.sections):
        return error_pages.nothing_preselected(request, asked, form)
    return _page(request, asked, form, choices_from_json(asked.choices))


def _page(
    request: HttpRequest,
    asked: AuthorizationRequest,
    form: Form,
    choices: Choices,
    found: tuple[approve.Problem, ...] = (),
) -> HttpResponse:
    page = authorization_page(
        FormFacts(
            request=asked,
            form=form,
            choices=choices,
            examples=catalog().examples(customer_of(request)),
            utility=current_utility(),
            now=timezone.now(),
            zone=utility_zone(),
            problems=found,
            logo=logo_path(asked.client),
        )
    )
    context: dict[str, Any] = {
        "page": page,
        "mark": approve.form_mark(asked, customer_of(request).pk),
        "language_form": "authorization",
        "robots": "noindex",
        "session_seconds": settings.SESSION_COOKIE_AGE,
        "extend_url": reverse("consent:authorization-extend", args=[asked.request_id]),
        "switch_url": reverse("consent:authorization-switch", args=[asked.request_id]),
        "sharing_url": settings.BASE_URL + reverse("consent:sharing"),
    }
    return render(request, "consent/authorization_form.html", context)


def _take_answer(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    """Decline comes before any check; everything else keeps what was ticked (9.2.1.6)."""
    action = forms.Action.parse(request.POST.get("action", ""))
    if action.name == "decline":
        return _decline(request, asked)
    choices = forms.read_choices(request.POST, choices_from_json(asked.choices))
    reader = _reader(request, asked)
    if reader is not None:
        approve.keep_choices(request=asked, user_pk=reader, choices=choices)
        asked.choices = {}
    if not request.user.is_authenticated:
        return _sign_in(asked)
    if action.name == "authorize":
        return _authorize(request, asked, choices)
    refusal = _gate(request, asked)
    return refusal or _change(request, asked, choices, action)


def _reader(request: HttpRequest, asked: AuthorizationRequest) -> int | None:
    """Return whose ticks these are, None unless they are those of the form's reader.

    A session that ended meanwhile loses nothing. The company knows the address of the form too, and
    anyone can send a POST there.
    """
    reader: int | None = asked.user_id
    if reader is None:
        return None
    if request.user.is_authenticated:
        return reader if reader == request.user.pk else None
    return reader if approve.is_marked(asked, reader, request.POST.get("mark", "")) else None


def _decline(request: HttpRequest, asked: AuthorizationRequest) -> HttpResponse:
    who = request.user if request.user.is_authenticated else "anonymous"
    reason = request.POST.get("reason")
    error = reason if reason == "no_preselections" else "access_denied"
    try:
        return send(approve.decline_authorization_request(request=asked, by=who, error=error))
    except WaitsForAnother:
        if request.user.is_authenticated:
            raise
        # The answer given then holds the code, which is for the customer's own browser.
        return _sign_in(asked)


def _authorize(request: HttpRequest, asked: AuthorizationRequest, choices: Choices) -> HttpResponse:
    answered = asked.outcome != AuthorizationRequest.Outcome.OPEN
    refusal = None if answered else _gate(request, asked)
    if refusal:
        return refusal
    user = customer_of(request)
    try:
        mark = request.POST.get("mark", "")
        url = approve.approve_authorization_request(
            request=asked, user=user, choices=choices, mark=mark, by=user
        )
    except approve.ChoicesRefused as error:
        approve.extend_request(request=asked, user=user)
        # The form that the answer was checked against shows what is wrong with it.
        return _page(request, asked, error.form, choices, error.problems)
    return send(url)


def _change(
    request: HttpRequest, asked: AuthorizationRequest, choices: Choices, action: forms.Action
) -> HttpResponse:
    """Do what works without a script: search, tick all, take a request out. Never approves."""
    sections = form_of(asked, customer_of(request)).sections
    changed = forms.apply(action, choices, sections)
    approve.show_request(request=asked, user=customer_of(request))
    approve.keep_choices(request=asked, user_pk=customer_of(request).pk, choices=changed)
    path = reverse("consent:authorization-form", args=[asked.request_id])
    if "language" in request.POST:
        response = HttpResponseRedirect(path, status=303)
        remember_language(response, request.POST["language"])
        return response
    return HttpResponseRedirect(f"{path}#request-{action.section + 1}", status=303)
