"""Sign-in rules on top of django-allauth."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from portal import mail
from portal.models import User
from portal.openid import freshness
from portal.openid.config import named_providers


class AccountAdapter(DefaultAccountAdapter):
    """Where people land after sign-in, and that staff use a second factor."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff without a second factor set one up first; others go to their own pages."""
        if request.user.is_staff and not is_mfa_enabled(request.user):
            return reverse("mfa_activate_totp")
        return reverse("portal:home")

    def login(self, request: HttpRequest, user: User) -> None:
        """Open the session; what was asked of this sign-in is fulfilled."""
        super().login(request, user)
        freshness.signed_in(request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Offer the connected providers too, the only way of people without a password."""
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
        """Ask again also those who have no password and no second factor here.

        allauth takes them as confirmed whatever their session. Raises ReauthenticationRequired.
        """
        is_required: bool = super().is_reauthentication_required(app=app, **kwargs)
        user = self.request.user
        if is_required and self.get_reauthentication_methods(user):
            has_own_way = bool(get_reauthentication_flows(user))
            if not has_own_way and not freshness.confirmed_recently(self.request):
                raise ReauthenticationRequired
        return is_required

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths of this server are followed after sign-in."""
        return url_has_allowed_host_and_scheme(
            url,
            allowed_hosts={urlsplit(settings.BASE_URL).netloc},
            require_https=settings.USE_HTTPS,
        )

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Promise a mail of sign-in: nobody waits for a mail server."""
        data = {"email": email, "current_site": get_current_site(self.request)}
        data |= {"request": self.request, **context}
        mail.promise_sign_in_mail(self.render_mail(template_prefix, email, data))
