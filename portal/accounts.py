"""Sign-in rules on top of django-allauth."""

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


class AccountAdapter(DefaultAccountAdapter):
    """Where people land after sign-in, and that staff use a second factor."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff without a second factor set one up first; others go to their own pages."""
        if request.user.is_staff and not is_mfa_enabled(request.user):
            return reverse("mfa_activate_totp")
        return reverse("portal:home")

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths of this server are followed after sign-in."""
        return url_has_allowed_host_and_scheme(
            url,
            allowed_hosts={urlsplit(settings.BASE_URL).netloc},
            require_https=settings.USE_HTTPS,
        )
