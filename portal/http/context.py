"""The current request, for logs and audit rows, without passing it through every service."""

from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What is recorded of a request: its id and the address it came from."""

    request_id: str = ""
    address: str | None = None

    @property
    def network(self) -> str:
        """The network that limits count: an IPv4 address, or a /64 of IPv6 (RFC 6177)."""
        if self.address is None:
            return ""
        address = ip_address(self.address)
        if isinstance(address, IPv4Address):
            return str(address)
        return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))


# Sharing it as the default is safe: the value is immutable.
current: ContextVar[RequestContext] = ContextVar("current", default=RequestContext())  # noqa: B039
