"""The cache. While its server is unavailable, each process keeps values in its own memory.

With REDIS_OPTIONAL off, this is Django's own cache, whose errors surface (ADR 15).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from portal.caching.outage import memory, outage_of

T = TypeVar("T")


class OptionalRedisCache(RedisCache):
    """Redis, or the process's memory while Redis is down; counting (`incr`) still raises."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._outage = outage_of(server)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value, or the default."""
        return self._or(
            lambda: super(OptionalRedisCache, self).get(key, default, version),
            lambda: memory.get(key, default, version),
        )

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Store a value."""
        self._or(
            lambda: super(OptionalRedisCache, self).set(key, value, timeout, version),
            lambda: memory.set(key, value, timeout, version),
        )

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Store a value unless the key exists; return whether it was stored."""
        return self._or(
            lambda: bool(super(OptionalRedisCache, self).add(key, value, timeout, version)),
            lambda: memory.add(key, value, timeout, version),
        )

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Delete a value; return whether it existed."""
        return self._or(
            lambda: bool(super(OptionalRedisCache, self).delete(key, version)),
            lambda: memory.delete(key, version),
        )

    def _or(self, ask: Callable[[], T], remember: Callable[[], T]) -> T:
        if self._outage.lasts:
            return remember()
        try:
            return ask()
        except RedisError as error:
            self._outage.noticed(error)
            return remember()
