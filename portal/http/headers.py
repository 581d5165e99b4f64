"""What pages that are nobody else's business send along."""

from collections.abc import Callable
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
