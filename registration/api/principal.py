"""Who calls registration's APIs, as the OAuth app's authentication reports it."""

from collections.abc import Callable, Collection
from typing import Any, Protocol, cast

from django.http import HttpResponse
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from registration.models import Client, Registration

View = Callable[..., HttpResponse]


class Principal(Protocol):
    """The bearer of an access token: `client` obtained it, `registration` owns that Client."""

    @property
    def client(self) -> Client: ...

    @property
    def registration(self) -> Registration: ...

    @property
    def scopes(self) -> Collection[str]: ...

    @property
    def is_authenticated(self) -> bool: ...


def principal_of(request: Request) -> Principal:
    """Return the caller of a request that `require_scope` has allowed."""
    return cast(Principal, request.user)


def require_scope(scope: str) -> type[BasePermission]:
    """Return the DRF permission that accepts only tokens with this scope."""

    class HasScope(BasePermission):
        """Responds with 401 without a token, and with 403 for a token without the scope."""

        message = f"This token does not have the scope {scope}."

        def has_permission(self, request: Request, view: APIView) -> bool:
            """Check the token's scopes; a signed-in person has none."""
            return scope in getattr(request.user, "scopes", ())

    return HasScope


def bearer(scope: str) -> Callable[[View], View]:
    """Declare that a view function accepts tokens with this scope."""

    def decorate(view: View) -> View:
        cast(Any, view).declared_permission = f"bearer:{scope}"
        return view

    return decorate
