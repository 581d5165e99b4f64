"""Rate limits of the OAuth endpoints: fixed windows counted in the cache.

The cache holds no truth: when it is away, requests pass and the log says so.
"""

import hashlib
import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache

from portal.errors import DomainError

log = logging.getLogger(__name__)


class TooManyRequests(DomainError):
    """A rate limit is used up; `retry_after` is in seconds."""

    code = "slow_down"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many requests; wait as long as Retry-After says.")
        self.retry_after = retry_after


_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _limit(rate: str) -> tuple[int, int]:
    """Return count and seconds of a named rate such as `600/min`."""
    framework: dict[str, Any] = settings.REST_FRAMEWORK
    count, _, period = framework["DEFAULT_THROTTLE_RATES"][rate].partition("/")
    return int(count), _SECONDS[period[0]]


def _key(rate: str, who: str, window: int) -> str:
    return f"rate:{rate}:{hashlib.sha256(who.encode()).hexdigest()[:32]}:{window}"


def count(rate: str, who: str) -> None:
    """Count one event of `who` and raise TooManyRequests when it exceeds the named rate."""
    limit, seconds = _limit(rate)
    now = time.time()
    key = _key(rate, who, int(now // seconds))
    try:
        cache.add(key, 0, timeout=seconds)
        used = cache.incr(key)
    except Exception:  # whatever the cache's driver raises, a limit must not become an outage
        log.warning("rate limit not counted", exc_info=True)
        return
    if used > limit:
        raise TooManyRequests(int(seconds - now % seconds) + 1)


def check(rate: str, who: str) -> None:
    """Raise TooManyRequests when `who` has used the named rate up, without counting."""
    limit, seconds = _limit(rate)
    now = time.time()
    try:
        used = cache.get(_key(rate, who, int(now // seconds)), 0)
    except Exception:  # as above
        log.warning("rate limit not checked", exc_info=True)
        return
    if used >= limit:
        raise TooManyRequests(int(seconds - now % seconds) + 1)
