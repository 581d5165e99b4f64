"""Signing in with a provider: going there and coming back."""

from typing import Any

import requests
from allauth.account.decorators import reauthentication_required
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.fetching.deadline import within
from portal.http import ratelimits
from portal.http.context import current
from portal.http.permissions import Permission, public, require
from portal.sign_in.openid.config import named_providers
from portal.sign_in.openid.problems import (
    CONNECT,
    LOGIN,
    REAUTHENTICATE,
    Problem,
    SignInProblem,
)
from portal.sign_in.openid.provider import Adapter, Provider

# For everything that one page requests from the provider: metadata, tokens, keys and claims.
PATIENCE = 15.0
_FAILURES = (requests.RequestException, OAuth2Error, SignInProblem)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to a provider to sign in, or to connect it with the signed-in person's account."""
    provider = _provider(request, provider_id)
    purpose = provider.get_redirect_from_request_kwargs(request)
    if request.method != "POST":
        return _ask(request, provider, **purpose)
    if purpose["process"] == CONNECT and request.user.is_authenticated:
        response: HttpResponse = _connect(request, provider, purpose)
        return response
    return _leave(request, provider, **purpose)


@reauthentication_required(app="allauth.socialaccount")  # type: ignore[untyped-decorator]
def _connect(request: HttpRequest, provider: Provider, purpose: dict[str, Any]) -> HttpResponse:
    return _leave(request, provider, **purpose)


@require(Permission.SIGNED_IN)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to a provider for the person to confirm their identity."""
    if not SocialAccount.objects.filter(user=request.user, provider=provider_id).exists():
        raise Http404
    provider = _provider(request, provider_id)
    next_url = provider.get_redirect_from_request_kwargs(request)["next_url"]
    act = _leave if request.method == "POST" else _ask
    return act(request, provider, process=REAUTHENTICATE, next_url=next_url)


class _Callback(OAuth2CallbackView):  # type: ignore[misc]
    """Passes the stored state to the adapter, which compares the nonce in it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Handle the answer; the library itself does not catch all failures of the provider."""
        try:
            with within(PATIENCE):
                response: HttpResponse = super().dispatch(request, *args, **kwargs)
        except _FAILURES as error:
            return _failed(request, self.adapter.get_provider(), error, self.adapter.state)
        return response

    def _get_state(self, request: HttpRequest, provider: Provider) -> Any:
        state, response = super()._get_state(request, provider)
        self.adapter.state = state or {}
        if (
            state is not None
            and "iss" in request.GET
            and not provider.is_issuer(request.GET["iss"])
        ):
            # RFC 9207: this is the answer of a different provider.
            raise SignInProblem(Problem.REFUSED, "iss")
        return state, response


@public
@never_cache
@require_safe
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Handle the answer of a provider."""
    _provider(request, provider_id)
    view = _Callback.adapter_view(Adapter(request, provider_id))
    response: HttpResponse = view(request)
    return response


def _provider(request: HttpRequest, provider_id: str) -> Provider:
    if provider_id not in {each.id for each in named_providers()}:
        raise Http404
    found: Provider = get_adapter(request).get_provider(request, provider_id)
    return found


def _ask(
    request: HttpRequest, provider: Provider, *, process: str, next_url: str | None
) -> HttpResponse:
    """Show the button: a link alone must not take anyone to a provider."""
    context = {
        "provider": provider,
        "next_url": next_url or "",
        "process": process,
        "is_again": process == REAUTHENTICATE,
        "is_sign_in": process == LOGIN,
    }
    return render(request, "socialaccount/login.html", context)


def _leave(
    request: HttpRequest, provider: Provider, *, process: str, next_url: str | None
) -> HttpResponse:
    """Show a page that goes on to the provider automatically.

    A redirect would not work: after a POST, browsers check every redirect against the form-action
    of the page with the button, and a provider may redirect to others that cannot all be listed.
    """
    ratelimits.count(settings.PROVIDER_STARTS, f"openid:{current.get().network}")
    try:
        with within(PATIENCE):
            response: HttpResponse = provider.redirect(request, process, next_url)
    except _FAILURES as error:
        return _failed(request, provider, error, {"process": process, "next": next_url})
    if not isinstance(response, HttpResponseRedirect):
        return response
    context = {"provider": provider, "url": response.url, "robots": "noindex"}
    return render(request, "socialaccount/leaving.html", context)


def _failed(
    request: HttpRequest, provider: Provider, error: Exception, state: dict[str, Any]
) -> HttpResponse:
    page: HttpResponse = render_authentication_error(
        request, provider, exception=error, extra_context={"state": state}
    )
    return page
