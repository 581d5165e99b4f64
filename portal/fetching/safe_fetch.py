"""Fetching URLs from third parties without giving them access to our private network.

The name is resolved once, all its addresses must be public, and the connection goes to the
address that was checked, so that a second answer of the name server changes nothing. Only https is
allowed, on the standard web ports; redirects are checked like the first URL; size and time are
limited; nothing of our own (cookies, proxies, credentials) is sent.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from portal.errors import DomainError
from portal.fetching.deadline import (
    Deadline,
    Resolve,
    Watchdog,
    addresses_of,
    connected,
    system_resolve,
    within,
)
from portal.version import VERSION

MAX_REDIRECTS = 3
TIMEOUT = 10.0
# Websites use only these; the ports of mail servers, databases and the like stay out of reach.
PORTS = frozenset({80, 443})
_CHUNK = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Not global according to IANA's registries, but this version of Python does not know that yet.
_RESERVED = tuple(ipaddress.ip_network(each) for each in ("192.0.0.0/24", "3fff::/20"))
# IPv6 ranges that embed IPv4 addresses; the traffic goes to the embedded address.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


class FetchRefused(DomainError):
    """The URL must not be fetched, or its server did not answer within the time and size limits."""

    code = "fetch_refused"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: the URL it came from after redirects, its status and content."""

    url: str
    status: int
    content_type: str
    content: bytes


def _connect(address: str, port: int, deadline: Deadline) -> socket.socket:
    return connected([address], port, deadline)


def _secure(raw: socket.socket, host: str) -> socket.socket:
    """Start TLS and check the certificate against the host name."""
    return ssl.create_default_context().wrap_socket(raw, server_hostname=host)


@dataclass(frozen=True, slots=True)
class Network:
    """How names are resolved and connections are opened and secured; tests use another one."""

    resolve: Resolve = system_resolve
    connect: Callable[[str, int, Deadline], socket.socket] = _connect
    secure: Callable[[socket.socket, str], socket.socket] = _secure


INTERNET = Network()


def fetch(
    url: str,
    *,
    max_bytes: int,
    truncate: bool = False,
    timeout: float = TIMEOUT,
    network: Network = INTERNET,
) -> Fetched:
    """Return the answer to a GET request for an https URL.

    `timeout` is in seconds and covers everything: lookups, redirects, and slow answers.
    A longer answer is refused, unless `truncate` leaves the rest of it unread.
    Raises FetchRefused.
    """
    with within(timeout) as deadline:
        for _ in range(MAX_REDIRECTS + 1):
            answer, location = _hop(url, max_bytes, truncate, deadline, network)
            if location is None:
                return answer
            url = urljoin(url, location)
    raise FetchRefused(f"more than {MAX_REDIRECTS} redirects")


def is_public_address(text: str) -> bool:
    """Whether an IP address is reachable from everywhere; False for text that is not an address.

    Private, loopback, link-local (including the metadata services of clouds), shared, multicast and
    reserved ranges are refused, even when embedded in an IPv6 address.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner:
            return all(_is_public(each) for each in inner)
    return _is_public(address)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if any(address in network for network in _RESERVED):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    if address.teredo is not None:
        return address.teredo
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and (address in _NAT64 or address in _COMPATIBLE):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return (inner,) if inner is not None else ()


def _judged(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", 443 if parts.port is None else parts.port
    except ValueError as error:
        raise FetchRefused("the address is not a valid URL") from error
    if parts.scheme != "https" or not host or "@" in parts.netloc:
        raise FetchRefused("only https addresses with a host and without a user name are fetched")
    if port not in PORTS:
        raise FetchRefused("only the ports 80 and 443 are allowed")
    if any(char <= " " or char > "~" for char in url):
        raise FetchRefused("the address contains characters that must be percent-encoded")
    return parts, host, port


def _address_of(host: str, port: int, deadline: Deadline, network: Network) -> str:
    """Return one address of a host; a host with any non-public address is refused altogether."""
    try:
        found = addresses_of(host, port, deadline, resolve=network.resolve)
    except TimeoutError as error:
        raise FetchRefused(f"{host} did not answer: its name takes too long to resolve") from error
    except (OSError, UnicodeError) as error:
        raise FetchRefused(f"{host} has no address") from error
    if not found or not all(is_public_address(each) for each in found):
        raise FetchRefused(f"{host} does not resolve to a public address")
    return found[0]


def _hop(
    url: str, max_bytes: int, truncate: bool, deadline: Deadline, network: Network
) -> tuple[Fetched, str | None]:
    parts, host, port = _judged(url)
    address = _address_of(host, port, deadline, network)
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(closing(network.connect(address, port, deadline)))
            watchdog = Watchdog(raw, deadline)
            stack.callback(watchdog.cancel)
            connection = http.client.HTTPConnection(host, port)
            connection.sock = network.secure(raw, host)
            stack.callback(connection.close)
            response = _asked(connection, parts)
            if response.status in _REDIRECTS and response.headers.get("Location"):
                location = str(response.headers["Location"])
                return Fetched(url, response.status, "", b""), location
            content = _read(response, max_bytes, truncate=truncate)
            watchdog.check()
            kind = response.headers.get_content_type()
            return Fetched(url, response.status, kind, content), None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchRefused(f"{host} did not answer: {type(error).__name__}") from error


def _asked(connection: http.client.HTTPConnection, parts: SplitResult) -> http.client.HTTPResponse:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # The Host header comes from the checked URL; the connection goes to the checked address.
    connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", parts.netloc)
    connection.putheader("Accept-Encoding", "identity")
    connection.putheader("User-Agent", f"cds-portal/{VERSION}")
    connection.endheaders()
    return connection.getresponse()


def _read(response: http.client.HTTPResponse, max_bytes: int, *, truncate: bool) -> bytes:
    content = bytearray()
    while chunk := response.read(min(_CHUNK, max_bytes + 1 - len(content))):
        content += chunk
        if len(content) > max_bytes:
            if truncate:
                return bytes(content[:max_bytes])
            raise FetchRefused(f"the answer is larger than {max_bytes} bytes")
    if response.length:
        # Closed by the other side, or by our watchdog because time was up.
        raise http.client.IncompleteRead(bytes(content), response.length)
    return bytes(content)
