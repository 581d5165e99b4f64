"""Who can open a page: every URL pattern declares `@public` or `@require(...)` (tested)."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

View = Callable[..., HttpResponse]
# The attribute in which a view states who can use it.
DECLARED = "declared_permission"


class Permission(StrEnum):
    """What a person has to be."""

    SIGNED_IN = "signed_in"
    STAFF = "staff"
    ADMIN = "admin"


def public(view: View) -> View:
    """Mark a view that everyone can open."""
    setattr(view, DECLARED, "public")
    return view


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session used a second factor, which staff must have."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" for record in records)


def to_second_factor(request: HttpRequest, target: str) -> HttpResponse:
    """Send a signed-in person to enter a code, or first to set codes up, and then to `target`."""
    if not is_mfa_enabled(request.user):
        return redirect("mfa_activate_totp")
    return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': target})}")


def require(permission: Permission) -> Callable[[View], View]:
    """Let in only people with this permission; others are asked to sign in or get a 404."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if permission is Permission.STAFF and not request.user.is_staff:
                raise Http404
            if permission is Permission.ADMIN and not request.user.is_superuser:
                raise Http404
            if permission is not Permission.SIGNED_IN and not has_second_factor(request):
                return to_second_factor(request, request.get_full_path())
            return view(request, *args, **kwargs)

        setattr(guarded, DECLARED, permission)
        return guarded

    return decorate
