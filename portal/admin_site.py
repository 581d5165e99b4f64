"""The administration site, a module of its own because registrations need it to exist."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.permissions import has_second_factor


class PortalAdminSite(admin.AdminSite):
    """Signs in through the portal's own page, so that lock-out and second factor apply."""

    site_header = site_title = "Administration"

    def has_permission(self, request: HttpRequest) -> bool:
        """Only superusers whose session used a second factor."""
        return bool(
            request.user.is_active
            and getattr(request.user, "is_superuser", False)
            and has_second_factor(request)
        )

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send people to the portal's sign-in, or to the second factor they lack."""
        if request.user.is_authenticated:
            return redirect("mfa_index" if request.user.is_superuser else "portal:home")
        return redirect(f"/accounts/login/?next={request.path}")
