"""Sign-in on the way to an authorization."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from consent.models import AuthorizationRequest
from consent.services.authorization import approve
from portal.http.headers import let_forms_end_anywhere
from portal.sign_in.openid import freshness

Handler = Callable[[HttpRequest], HttpResponse]

SESSION_KEY = "consent_return"
SIGNED_IN_FOR = "consent_signed_in_for"
MAX_MARKS = 20
SIGN_IN_PATHS = "/accounts/"
FORM = "consent:authorization-form"
RETURN_PATHS = ("/oauth/authorize",)


class AuthorizationSignInMiddleware:
    """Takes form-action off sign-in pages that lead to an authorization.

    Browsers apply form-action to every redirect after a POST, and the chain sign-in, second
    factor, form may end at the client at once (for example `cds_grant_id_invalid_user`). The pages
    in between do not all carry `next`, so the session remembers where the person came from, and
    for which request they sign in. It does so from the moment at which sign-in itself begins to
    use the session: looking at a form and at the sign-in page stores nothing. Must stand inside
    (after) ContentPolicyMiddleware and SessionMiddleware.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Mark responses of the account pages, and the session of a sign-in that has begun."""
        response = self.get_response(request)
        asked: AuthorizationRequest | None = getattr(request, "signs_in_for", None)
        if asked is not None and request.session.modified:
            _remember(request, asked)
        if request.path.startswith(SIGN_IN_PATHS) and leads_to_authorization(request):
            let_forms_end_anywhere(response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Note for which request a stranger begins to sign in."""
        if request.method != "POST" or not request.path.startswith(SIGN_IN_PATHS):
            return
        asked = None if request.user.is_authenticated else _asked(_target(request))
        request.signs_in_for = asked  # type: ignore[attr-defined]
        if asked is not None and wants_sign_in(asked):
            freshness.ask_now(request)


def wants_sign_in(asked: AuthorizationRequest) -> bool:
    """Whether the person must sign in for this very request (CDS-WG1-02 8.3)."""
    return "login" in (asked.params.get("prompt") or "").split()


def has_signed_in_for(request: HttpRequest, asked: AuthorizationRequest) -> bool:
    """Whether the sign-in of this session was begun for this very request."""
    return asked.request_id in request.session.get(SIGNED_IN_FOR, [])


def _remember(request: HttpRequest, asked: AuthorizationRequest) -> None:
    request.session[SESSION_KEY] = reverse(FORM, args=[asked.request_id])
    marks = request.session.get(SIGNED_IN_FOR, [])
    request.session[SIGNED_IN_FOR] = [*marks, asked.request_id][-MAX_MARKS:]
    if wants_sign_in(asked) and not request.user.is_authenticated:
        # The rest of the sign-in may come from a provider, in another tab too.
        freshness.ask_afresh(request)


def _asked(target: str) -> AuthorizationRequest | None:
    """Return the request to whose form an address leads, None when there is none."""
    try:
        match = resolve(urlsplit(target).path)
    except (Resolver404, ValueError):
        return None
    if match.view_name != FORM:
        return None
    try:
        return approve.find_request(match.kwargs["request_id"], now=timezone.now())
    except (approve.RequestNotFound, approve.RequestExpired):
        return None


def _target(request: HttpRequest) -> str:
    return unquote(request.GET.get("next") or request.POST.get("next") or "")


def leads_to_authorization(request: HttpRequest) -> bool:
    """Whether this page's form continues to an authorization."""
    if _target(request).startswith(RETURN_PATHS):
        return True
    session = getattr(request, "session", None)
    return session is not None and SESSION_KEY in session
