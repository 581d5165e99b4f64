"""Who looks at a page."""

from typing import cast

from django.http import HttpRequest

from portal.models import User


def customer_of(request: HttpRequest) -> User:
    """Return the signed-in person; call it only where sign-in was checked."""
    return cast(User, request.user)
