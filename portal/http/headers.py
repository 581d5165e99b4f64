"""Headers of pages: against caching, and where the content policy allows forms to end.

The attributes that django-csp's middleware reads from a response are set only here. Its own way to
set them is a view decorator, but our pages find out only inside the view whether they need it.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def sending(**headers: str) -> Callable[[View], View]:
    """Return a decorator for pages that always send these headers; `_` stands for `-`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = view(request, *args, **kwargs)
            for name, value in headers.items():
                response[name.replace("_", "-")] = value
            return response

        return wrapped

    return decorate


# Keeps pages behind random links out of caches and search engines.
private = sending(Cache_Control="no-store", X_Robots_Tag="noindex")


def let_forms_end_anywhere(response: HttpResponse) -> None:
    """Take form-action out of the page's content policy.

    Browsers apply form-action to the whole redirect chain after a POST. With `'self'`, a chain that
    ends at a client, whose address the policy cannot know, would be blocked without any message.
    """
    response._csp_replace = {"form-action": None}  # type: ignore[attr-defined]


def let_forms_end_at(response: HttpResponse, origins: Iterable[str]) -> None:
    """Add origins to form-action and keep the rest of it."""
    response._csp_update = {"form-action": list(origins)}  # type: ignore[attr-defined]
