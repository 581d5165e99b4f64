"""What pages send along: headers against caches, and where the content policy lets forms end.

The attributes that django-csp's middleware reads off a response are set here alone. Its own way to
set them is a decorator of views, and our pages know only inside the view whether they need it.
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

    Browsers apply form-action to the whole redirect chain after a POST, so with `'self'` a way that
    ends at a client, whose address no policy knows, would be blocked without a word.
    """
    response._csp_replace = {"form-action": None}  # type: ignore[attr-defined]


def let_forms_end_at(response: HttpResponse, origins: Iterable[str]) -> None:
    """Add origins to form-action, which stays what it is otherwise."""
    response._csp_update = {"form-action": list(origins)}  # type: ignore[attr-defined]
