"""Every URL pattern says who may use it."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

FOREIGN = ("allauth.", "django.contrib.admin.", "django.views.")


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield every pattern below a resolver with its full path."""
    for item in resolver.url_patterns:
        path = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from patterns(item, path)
        else:
            yield path, item


def test_each_view_declares_its_permission():
    """A view without declaration is a door nobody thought about."""
    undeclared = [
        path
        for path, pattern in patterns(get_resolver())
        if not path.startswith("admin/")
        and not (pattern.callback.__module__ or "").startswith(FOREIGN)
        and not getattr(pattern.callback, "declared_permission", None)
    ]
    assert undeclared == []
