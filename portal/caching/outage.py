"""What happens while Redis does not respond: no request waits for it twice, counting continues.

Limits on guessing passwords, codes and secrets protect people, so they apply without Redis too:
each process then counts in its own memory. With several processes this allows more than the limit
says, but never refuses what Redis would have allowed. With REDIS_OPTIONAL off, none of this is
used: a request that needs Redis fails (ADR 15).
"""

import logging
import time
from functools import lru_cache

from django.core.cache.backends.locmem import LocMemCache

log = logging.getLogger(__name__)

# A server that does not respond within this many seconds counts as unavailable.
TIMEOUT = 0.5
_PAUSE = 5.0


class Outage:
    """Remembers an outage for `pause` seconds, so that a hanging server costs little time."""

    def __init__(self, pause: float = _PAUSE) -> None:
        self._pause = pause
        self._until = 0.0

    @property
    def lasts(self) -> bool:
        """Tell whether to skip the server for now."""
        return time.monotonic() < self._until

    def noticed(self, error: Exception) -> None:
        """Start a pause in which the server is not asked."""
        self._until = time.monotonic() + self._pause
        log.warning("Redis does not respond; each process counts on its own: %s", error)


@lru_cache(maxsize=8)
def outage_of(url: str) -> Outage:
    """Return this process's record of a server's outages."""
    return Outage()


# Shared by all threads. The limit prevents a flood of addresses from filling the memory.
memory = LocMemCache("while-redis-is-away", {"OPTIONS": {"MAX_ENTRIES": 100_000}})
