"""Rate limits of public and administrative endpoints (CDS-WG1-01 8.2, CDS-WG1-02 11.3)."""

import logging
from typing import cast

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

log = logging.getLogger(__name__)


class _FailOpenThrottle(SimpleRateThrottle):
    """The cache holds no truth: when it is away, requests pass and the log says so."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request, or let it through when nothing can count."""
        try:
            return bool(super().allow_request(request, view))
        except (RedisError, OSError):
            log.warning("rate limit %s is off: the cache does not answer", self.scope)
            return True


class _AddressThrottle(_FailOpenThrottle):
    """Counts by the caller's address, seen through the configured proxies."""

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return the key of the address."""
        return f"throttle:{self.scope}:{self.get_ident(request)}"


class PublicThrottle(_AddressThrottle):
    """Discovery documents."""

    scope = "public"


class RegisterThrottle(_AddressThrottle):
    """New registrations."""

    scope = "register"


class ClientThrottle(_FailOpenThrottle):
    """Admin APIs, counted by Client."""

    scope = "api"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return the key of the calling Client; None counts nothing."""
        client = getattr(request.user, "client", None)
        return f"throttle:{self.scope}:{cast(str, client.client_id)}" if client else None
