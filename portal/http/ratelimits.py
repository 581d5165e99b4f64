"""Rate limits: the only place where requests are counted (CDS-WG1-01 8.2, CDS-WG1-02 11.3).

Fixed windows in Redis, with one round trip for all limits of a request. While Redis is unavailable,
each process counts on its own. Every answer to a counted request states what remains in
`X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (seconds), for the limit that
is closest to being used up; refusals are 429 and add `Retry-After`.

RATE_LIMITS says which limits apply: `all`, `guesses` or `none`. ADR 14 says why this is our own.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from redis import Redis, RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from portal.caching.outage import TIMEOUT, memory, outage_of
from portal.errors import DomainError
from portal.http.context import current

if TYPE_CHECKING:
    # Imported here because the framework's views read the settings, which name this module.
    from rest_framework.views import APIView

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
# A proxy can count these. Only we can see the rest: failures, persons, bytes stored.
OF_REQUESTS = frozenset({"public", "bodies", "register", "token", "api", "api_credential"})


@dataclass(frozen=True, slots=True)
class Claim:
    """One limit that a request touches.

    `rate` is the name of a configured rate or a rate such as `600/min`; each `who` is counted
    separately. An `amount` of 0 only checks whether the limit is used up; a negative one gives
    back.
    """

    rate: str
    who: str
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit is used; `reset` is in seconds."""

    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """Return how many more requests are allowed before `reset`."""
        return max(0, self.limit - self.used)


class TooManyRequests(DomainError):
    """A rate limit is used up; `Retry-After` says for how many seconds.

    `is_first` marks the first refusal in a window, the only one that is recorded.
    """

    code = "slow_down"
    status = 429

    def __init__(self, retry_after: int, *, is_first: bool = False) -> None:
        super().__init__("Too many requests; wait for the time in Retry-After.")
        self.retry_after = retry_after
        self.is_first = is_first


# A single command, since each takes longer in the driver than in the server. Its arguments are the
# amounts, then how long to keep each key.
_ADD = """
local sums = {}
for place, key in ipairs(KEYS) do
  if ARGV[place] == "0" then
    sums[place] = tonumber(redis.call("GET", key) or 0)
  else
    sums[place] = redis.call("INCRBY", key, ARGV[place])
    redis.call("EXPIRE", key, ARGV[#KEYS + place])
  end
end
return sums
"""


class _Counter:
    """The server that counts, or this process while the server is unavailable."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, protocol=2
        )
        self._add: Any = self._redis.register_script(_ADD)
        self._outage = outage_of(url)

    def add(self, amounts: Sequence[tuple[str, int, int]]) -> list[int]:
        """Add amounts (key, amount, seconds to keep); return the sums."""
        if settings.REDIS_OPTIONAL and self._outage.lasts:
            return [_remember(*each) for each in amounts]
        keys = [key for key, _, _ in amounts]
        values = [amount for _, amount, _ in amounts] + [seconds for _, _, seconds in amounts]
        try:
            sums: list[int] = self._add(keys, values)
            return sums
        except (RedisError, OSError) as error:
            if not settings.REDIS_OPTIONAL:
                raise
            self._outage.noticed(error)
            return [_remember(*each) for each in amounts]


def _remember(key: str, amount: int, seconds: int) -> int:
    memory.add(key, 0, seconds)
    return memory.incr(key, amount)


_counter = lru_cache(maxsize=4)(_Counter)
# What the current request has used, for the headers of its response.
_used: ContextVar[list[Usage] | None] = ContextVar("rate_limit_usage", default=None)


def _limit(rate: str) -> tuple[int, int]:
    """Return the number and the seconds of a rate."""
    framework: dict[str, Any] = settings.REST_FRAMEWORK
    text = rate if "/" in rate else framework["DEFAULT_THROTTLE_RATES"][rate]
    count, _, period = text.partition("/")
    return int(count), _SECONDS[period[0]]


def _key(claim: Claim, window: int) -> str:
    who = hashlib.sha256(claim.who.encode()).hexdigest()[:32]
    return f"rate:{claim.rate}:{who}:{window}"


def _is_counted(claim: Claim) -> bool:
    mode: str = settings.RATE_LIMITS
    return mode == "all" or (mode == "guesses" and claim.rate not in OF_REQUESTS)


def take(*claims: Claim) -> None:
    """Count a request against every claim. Raises TooManyRequests if one is used up."""
    claims = tuple(filter(_is_counted, claims))
    if not claims:
        return
    now = time.time()
    limits = [_limit(claim.rate) for claim in claims]
    amounts = [
        (_key(claim, int(now // seconds)), claim.amount, seconds)
        for claim, (_, seconds) in zip(claims, limits, strict=True)
    ]
    sums = _counter(settings.CACHES["default"]["LOCATION"]).add(amounts)
    seen = _used.get()
    wait, is_first = 0, False
    for claim, (limit, seconds), used in zip(claims, limits, sums, strict=True):
        usage = Usage(limit, used, int(seconds - now % seconds) + 1)
        refused = claim.amount >= 0 and (used > limit or (claim.amount == 0 and used == limit))
        if refused:
            wait = max(wait, usage.reset)
            is_first = is_first or used - claim.amount <= limit < used
        if seen is not None and (refused or claim.amount):
            seen.append(usage)
    if wait:
        raise TooManyRequests(wait, is_first=is_first)


def count(rate: str, who: str) -> None:
    """Count one event of `who`. Raises TooManyRequests if that exceeds the rate."""
    take(Claim(rate, who))


def headers() -> dict[str, str]:
    """Return the headers that tell the caller what remains of the limits."""
    seen = _used.get()
    if not seen:
        return {}
    tightest = min(seen, key=lambda usage: usage.remaining / usage.limit)
    return {
        "X-RateLimit-Limit": str(tightest.limit),
        "X-RateLimit-Remaining": str(tightest.remaining),
        "X-RateLimit-Reset": str(tightest.reset),
    }


class RateLimitMiddleware:
    """Adds the headers to every response: API, OAuth endpoint or page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Record what the request uses and report it in the response."""
        token = _used.set([])
        try:
            response = self.get_response(request)
            told = headers()
        finally:
            _used.reset(token)
        for name, value in told.items():
            response[name] = value
        if response.status_code == 429 and told:
            response.setdefault("Retry-After", told["X-RateLimit-Reset"])
        return response


class AddressThrottle(BaseThrottle):
    """Counts by the caller's address or /64, as seen through the configured proxies."""

    rate: ClassVar[str] = "public"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request; raises TooManyRequests."""
        count(self.rate, current.get().network)
        return True


class CallerThrottle(BaseThrottle):
    """Counts by the Client of the access token and by the Credential that obtained it."""

    rate: ClassVar[str] = "api"
    credential_rate: ClassVar[str] = "api_credential"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request; raises TooManyRequests. Without a token, there is nothing to count."""
        caller: Any = request.user
        client = getattr(caller, "client", None)
        if client is None:
            return True
        claims = [Claim(self.rate, client.client_id)]
        credential = getattr(getattr(caller, "token", None), "credential_id", None)
        if credential is not None:
            claims.append(Claim(self.credential_rate, f"credential:{credential}"))
        take(*claims)
        return True
