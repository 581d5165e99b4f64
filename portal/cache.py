"""The cache holds no truth: when its server is away, pages work without it and the log says so."""

import logging
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class OptionalRedisCache(RedisCache):
    """Redis that is as good as empty while it does not answer; counting (`incr`) still raises."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value, the default while the server is away."""
        try:
            return super().get(key, default, version)
        except RedisError as error:
            self._away(error)
            return default

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Keep a value, nothing while the server is away."""
        try:
            super().set(key, value, timeout, version)
        except RedisError as error:
            self._away(error)

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Keep a value that is not there yet; as in an empty cache, that works."""
        try:
            return bool(super().add(key, value, timeout, version))
        except RedisError as error:
            self._away(error)
            return True

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget a value; return whether there was one."""
        try:
            return bool(super().delete(key, version))
        except RedisError as error:
            self._away(error)
            return False

    def _away(self, error: RedisError) -> None:
        log.warning("the cache does not answer: %s", error)
