"""Who calls registration's APIs: what the authentication of the app below hands over."""

from collections.abc import Callable, Collection
from typing import Any, Protocol, cast

from django.http import HttpResponse
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from registration.models import Client, Registration

View = Callable[..., HttpResponse]


class Principal(Protocol):
    """The bearer of an access token: `client` got it, `registration` owns that Client."""

    @property
    def client(self) -> Client: ...

    @property
    def registration(self) -> Registration: ...

    @property
    def scopes(self) -> Collection[str]: ...

    @property
    def is_authenticated(self) -> bool: ...


def principal_of(request: Request) -> Principal:
    """Return the caller of a request that `require_scope` has let through."""
    return cast(Principal, request.user)


def require_scope(scope: str) -> type[BasePermission]:
    """Return the DRF permission that lets in tokens with this scope and nobody else."""

    class HasScope(BasePermission):
        """Without a token 401, with another scope 403."""

        message = f"This token does not have the scope {scope}."

        def has_permission(self, request: Request, view: APIView) -> bool:
            """Look at the token's scopes; a signed-in person has none."""
            return scope in getattr(request.user, "scopes", ())

    return HasScope


def bearer(scope: str) -> Callable[[View], View]:
    """Declare on a view function that it takes tokens with this scope."""

    def decorate(view: View) -> View:
        cast(Any, view).declared_permission = f"bearer:{scope}"
        return view

    return decorate
