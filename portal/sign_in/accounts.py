"""Sign-in rules on top of django-allauth."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.background import mail
from portal.errors import DomainError
from portal.http.ratelimits import TooManyRequests
from portal.models import User
from portal.models.user import MAX_ADDRESS
from portal.sign_in import browsers, guesses, lookup, notices
from portal.sign_in.allauth_private import get_reauthentication_flows
from portal.sign_in.openid import freshness
from portal.sign_in.openid.config import named_providers

_NO_WAY_LEFT = gettext_lazy(
    "There is no way to confirm your identity. Sign out, choose a password with “Forgot your "
    "password?”, sign in with it, and come back."
)


class CannotBeAsked(DomainError):
    """The person has no password, no second factor and no provider that is still offered."""

    code = "cannot_be_asked"
    status = 409


class AccountAdapter(DefaultAccountAdapter):
    """Redirects after sign-in, the second factor of staff, and the record of sign-ins."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": gettext_lazy(
            "Too many attempts have failed. Wait a minute, then try again. If this keeps "
            "happening, choose a new password with “Forgot your password?”: that lets you in."
        ),
    }

    def clean_email(self, email: str) -> str:
        """Return an address that fits into its column. Raises ValidationError."""
        if len(email) > MAX_ADDRESS:
            words = _("An address can have at most %(limit)d characters; this one has %(count)d.")
            raise ValidationError(words % {"limit": MAX_ADDRESS, "count": len(email)})
        return email

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Check a password within the limits on guessing. Raises ValidationError beyond them."""
        address = str(credentials.get("email", ""))
        person = lookup.person_of(address)
        attempt = guesses.Try(request, guesses.PASSWORDS, person, address)
        try:
            attempt.begin()
        except TooManyRequests as error:
            raise self.validation_error("too_many_login_attempts") from error
        found: User | None = super().authenticate(request, **credentials)
        if found is None:
            attempt.failed()
        else:
            attempt.succeeded()
        return found

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Send staff without a second factor to set one up, and others to their own pages."""
        if request.user.is_staff and not is_mfa_enabled(request.user):
            return reverse("mfa_activate_totp")
        return reverse("portal:home")

    @transaction.atomic
    def login(self, request: HttpRequest, user: User) -> None:
        """Open the session and record it; this fulfills any demand for a new sign-in."""
        super().login(request, user)
        freshness.signed_in(request)
        records = get_authentication_records(request, user)
        notices.note_opened(person=user, methods=[record["method"] for record in records])

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Continue; from now on this browser is known as one of the person's."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        browsers.remember(request, response, user)
        return response

    def logout(self, request: HttpRequest) -> None:
        """End the session and record it."""
        if isinstance(request.user, User):
            notices.note_closed(person=request.user)
        super().logout(request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Add the connected providers, the only method of people without a password."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if not user.is_authenticated:
            return methods
        mine = set(SocialAccount.objects.filter(user=user).values_list("provider", flat=True))
        return methods + [
            {
                "id": f"openid:{each.id}",
                "description": _("Use %(name)s") % {"name": each.name},
                "url": reverse("openid_connect_confirm", args=[each.id]),
            }
            for each in named_providers()
            if each.id in mine
        ]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Also require it from people who have no password and no second factor here.

        allauth would treat them as confirmed in any session. Raises ReauthenticationRequired, or
        CannotBeAsked if there is no way for the person to confirm their identity.
        """
        is_required: bool = super().is_reauthentication_required(app=app, **kwargs)
        user = self.request.user
        has_own_way = bool(get_reauthentication_flows(user))
        if is_required and not has_own_way and not freshness.confirmed_recently(self.request):
            if not self.get_reauthentication_methods(user):
                raise CannotBeAsked(str(_NO_WAY_LEFT))
            raise ReauthenticationRequired
        return is_required

    def is_safe_url(self, url: str | None) -> bool:
        """Follow only paths of this server after sign-in."""
        return url_has_allowed_host_and_scheme(
            url,
            allowed_hosts={urlsplit(settings.BASE_URL).netloc},
            require_https=settings.USE_HTTPS,
        )

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Queue a sign-in email, so that the request does not wait for a mail server."""
        data = {"email": email, "current_site": get_current_site(self.request)}
        data |= {"request": self.request, **context}
        mail.promise_sign_in_mail(self.render_mail(template_prefix, email, data))
