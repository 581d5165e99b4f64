"""Typed registries through which upper apps contribute to the portal's pages.

Apps call `register` from `AppConfig.ready()`; nothing in the portal imports them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """An ordered collection with unique keys."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: dict[str, T] = {}

    def register(self, key: str, item: T) -> None:
        """Add an item; raises ValueError if the key is already registered, which is a bug."""
        if key in self._items:
            raise ValueError(f"{self.name}: {key!r} is registered twice")
        self._items[key] = item

    def get(self, key: str) -> T | None:
        """Return the item of a key, None if there is none."""
        return self._items.get(key)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())


@dataclass(frozen=True, slots=True)
class DocsPage:
    """A page under /docs/: its title, and the function that builds its template context."""

    slug: str
    title: str
    template: str
    group: str = "Guides"
    context: Callable[[], dict[str, object]] = dict


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Raises if a part that requests depend on does not work."""

    name: str
    probe: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Metric:
    """A number for /metrics, measured on request."""

    name: str
    help: str
    measure: Callable[[], float]


docs_pages: Registry[DocsPage] = Registry("docs pages")
health_checks: Registry[HealthCheck] = Registry("health checks")
metrics: Registry[Metric] = Registry("metrics")
