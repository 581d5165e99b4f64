"""What happens while Redis is unavailable: no one waits for it twice, and counting continues.

Limits on guessing passwords, codes and secrets protect people, so they hold without Redis too:
each process counts in its own memory then. With several processes that allows more than the
limit says, but never refuses what Redis would have allowed. With REDIS_OPTIONAL off nothing here
is used: a request that needs Redis fails (ADR 15).
"""

import logging
import time
from functools import lru_cache

from django.core.cache.backends.locmem import LocMemCache

log = logging.getLogger(__name__)

# A server that does not answer within this many seconds is away.
TIMEOUT = 0.5
_PAUSE = 5.0


class Outage:
    """Remembers for `pause` seconds that a server was away, so that a hanging one costs little."""

    def __init__(self, pause: float = _PAUSE) -> None:
        self._pause = pause
        self._until = 0.0

    @property
    def lasts(self) -> bool:
        """Tell whether the server need not be asked now."""
        return time.monotonic() < self._until

    def noticed(self, error: Exception) -> None:
        """Leave the server alone for a moment."""
        self._until = time.monotonic() + self._pause
        log.warning("Redis does not answer; each process counts for itself: %s", error)


@lru_cache(maxsize=8)
def outage_of(url: str) -> Outage:
    """Return what this process knows of a server."""
    return Outage()


# Shared by all threads. The bound keeps a flood of addresses from filling the memory.
memory = LocMemCache("while-redis-is-away", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
