"""The rules for a sign-in with a provider."""

import logging
from typing import Any, NoReturn
from urllib.parse import urlencode

import requests
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal.db.locks import hold
from portal.http.context import current
from portal.models import User
from portal.sign_in import notices
from portal.sign_in.allauth_private import (
    build_apps_from_settings,
    filter_users_by_email,
    record_authentication,
    resume_request,
)
from portal.sign_in.openid import claims, freshness
from portal.sign_in.openid.config import named_providers
from portal.sign_in.openid.problems import (
    CONNECT,
    LOGIN,
    REAUTHENTICATE,
    Problem,
    SignInProblem,
)
from portal.sign_in.openid.problems import problem_page as words_of
from portal.sign_in.openid.provider import WAY_BACK
from portal.sign_in.openid.requests_session import ProviderSession

log = logging.getLogger(__name__)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Providers come only from the settings; an address alone never takes over an account."""

    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "no_password": _(
            "This is your only way to sign in. Set a password first, or add another provider."
        ),
        "no_verified_email": _("Confirm an email address first, or you could be locked out."),
    }

    def list_apps(
        self, request: HttpRequest, provider: Any = None, client_id: Any = None
    ) -> list[SocialApp]:
        """Return the providers in the settings; database rows offer no sign-in."""
        found = build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def get_requests_session(self) -> ProviderSession:
        """Return the session for all requests to providers."""
        return ProviderSession()

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """Match a verified address if the operator trusts the provider, but never one of staff.

        Staff connect a provider themselves, after their second factor.
        """
        found: tuple[User, str] | None = super().authenticate_by_email(sociallogin)
        if not found or found[0].is_staff or found[0].is_superuser:
            return None
        user, address = found
        rows = EmailAddress.objects.filter(user=user, email=address.lower(), verified=True)
        # Others can add someone's address to their own account, but they cannot confirm it.
        return found if user.last_login is None or rows.exists() else None

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Any) -> User:
        """Set address and name."""
        user: User = super().populate_user(request, sociallogin, data)
        user.email = user.email.lower()
        user.name = str(data.get("name", ""))[:150]
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Decide what a sign-in accepted by the provider does here. Raises SignInProblem."""
        # No longer needed, and would otherwise be stored in the session of an unfinished sign-in.
        sociallogin.token = None
        state = sociallogin.state
        if state["process"] == REAUTHENTICATE:
            self._confirmed(request, sociallogin)
        if freshness.is_asked_afresh(request) and not state["asked_at"]:
            # Begun in another tab, before a new sign-in was required.
            raise SignInProblem(Problem.NOT_ASKED_AGAIN, "begun earlier")
        if sociallogin.account.pk is not None:
            _tell(sociallogin)
        elif not sociallogin.is_existing and state["process"] != CONNECT:
            _check_sign_up(sociallogin)

    def _confirmed(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Record that a signed-in person confirmed their identity, and resume what required it."""
        if not request.user.is_authenticated:
            sociallogin.state["process"] = LOGIN
            return
        account = sociallogin.account
        if account.pk is None or account.user_id != request.user.pk:
            raise SignInProblem(Problem.SOMEBODY_ELSE)
        record_authentication(
            request,
            request.user,
            "socialaccount",
            provider=account.provider,
            uid=account.uid,
            reauthenticated=True,
        )
        # `resume_request` takes the target from the request, which lost it in the round trip.
        query = urlencode({REDIRECT_FIELD_NAME: sociallogin.state.get("next") or ""})
        request.GET = QueryDict(query)
        raise ImmediateHttpResponse(resume_request(request) or redirect("portal:home"))

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Create a person who came with a verified address. Raises SignInProblem.

        Also detects two sign-ups at once with one address, or by the same person.
        """
        hold(f"sign-up:{sociallogin.user.email}")
        _check_sign_up(sociallogin)
        user: User = super().save_user(request, sociallogin, form)
        notices.note_connected(
            account=sociallogin.account, language=_language(), is_new_person=True
        )
        _tell(sociallogin)
        return user

    def validate_disconnect(self, account: SocialAccount, accounts: Any) -> None:
        """Keep a way to sign in; accounts at providers that are no longer configured are none."""
        ids = [each.id for each in named_providers()]
        others = accounts.exclude(pk=account.pk).filter(provider__in=ids)
        if not account.user.has_usable_password() and not others.exists():
            raise self.validation_error("no_password")

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,
    ) -> NoReturn:
        """Show a page in plain words, with a button that leads back to where the person was."""
        state = (extra_context or {}).get("state") or {}
        problem = _problem_of(error, exception, is_over=not state)
        log.warning(
            "openid sign-in failed: %s",
            problem,
            extra={"provider": provider.sub_id, "reason": _reason(request, exception)},
        )
        page = problem_response(request, problem, name=provider.name, state=state)
        raise ImmediateHttpResponse(page)


def problem_response(
    request: HttpRequest, problem: Problem, *, name: str, state: dict[str, Any]
) -> HttpResponse:
    """Return the page of a problem; without a state, the session still knows the way back."""
    way = state or request.session.get(WAY_BACK) or {}
    page = words_of(
        problem, name=name, process=way.get("process", LOGIN), next_url=way.get("next") or ""
    )
    context = {
        "heading": page.heading,
        "paragraphs": [page.text],
        "actions": [{"label": page.button, "url": page.url, "kind": "primary"}],
        "reference": current.get().request_id,
    }
    return render(request, "error.html", context, status=page.status)


def _problem_of(error: Any, exception: Any, *, is_over: bool) -> Problem:
    if isinstance(exception, SignInProblem):
        return exception.problem
    if isinstance(exception, requests.RequestException):
        return Problem.UNAVAILABLE
    if error == AuthError.CANCELLED:
        return Problem.CANCELLED
    return Problem.EXPIRED if is_over and exception is None else Problem.REFUSED


def _reason(request: HttpRequest, exception: Any) -> str:
    """Return the reason for the log: kinds of errors, never the content of an answer."""
    if isinstance(exception, SignInProblem):
        return str(exception)
    if exception is not None:
        return type(exception).__name__
    return request.GET.get("error", "")[:40]


def _check_sign_up(sociallogin: SocialLogin) -> None:
    """Accept only new people whose address the provider has verified.

    Otherwise, an attacker could prepare an account under another person's address and wait: the
    attacker's subject at the provider would stay connected when the owner claims the address. Only
    people who own an address learn here whether it has an account.
    """
    if not sociallogin.email_addresses:
        raise SignInProblem(Problem.MAIL_MISSING)
    address = sociallogin.email_addresses[0]
    if not address.verified:
        raise SignInProblem(Problem.MAIL_UNVERIFIED)
    if filter_users_by_email(address.email):
        raise SignInProblem(Problem.KNOWN_MAIL)


def _tell(sociallogin: SocialLogin) -> None:
    app: SocialApp = sociallogin.provider.app
    claims.tell(
        sociallogin.user,
        provider_id=app.provider_id,
        subject=sociallogin.account.uid,
        rules=app.settings,
        told=sociallogin.told,
    )


def connected(*, sociallogin: SocialLogin, **kwargs: Any) -> None:
    """Record that a signed-in person connected a provider (allauth's social_account_added)."""
    notices.note_connected(account=sociallogin.account, language=_language())
    # A connection that had to wait for a password was restored from the session, without claims.
    if hasattr(sociallogin, "told"):
        _tell(sociallogin)


def removed(*, socialaccount: SocialAccount, **kwargs: Any) -> None:
    """Record that a signed-in person removed a provider (allauth's social_account_removed)."""
    notices.note_removed(account=socialaccount, language=_language())


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
