"""Which listings there are, read from the URLs, so that no list of them can forget one."""

from typing import Any

from django.urls import get_resolver

from tests.house.test_urls import patterns

_APIS = ("cds-api/", "cds-customerdata-api/", "cds/")


def listing_views() -> dict[str, Any]:
    """Return path and view class of every API address without an id in it."""
    found = ((path, pattern.callback) for path, pattern in patterns(get_resolver()))
    return {
        f"/{path}": getattr(view, "view_class", None)
        for path, view in found
        if path.startswith(_APIS) and "<" not in path
    }
