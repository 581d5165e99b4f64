"""Requests to servers that the operator chose, with the library `requests` and a deadline.

One deadline covers the lookup, the connection, TLS, and the answer to its last byte; put
`portal.fetching.deadline.within` around several requests to cover them all. Redirects are not
followed and large answers not read, since APIs need neither.
"""

import socket
import ssl
from typing import Any, ClassVar

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.poolmanager import PoolManager
from urllib3.response import HTTPResponse

from portal.fetching.deadline import Watchdog, addresses_of, connected, within
from portal.version import VERSION

MAX_BYTES = 1_048_576
_CHUNK = 65_536


class BoundedHTTPConnection(HTTPConnection):
    """A connection that is closed at the deadline of its current request."""

    _watchdog: Watchdog | None = None

    def _new_conn(self) -> socket.socket:
        with within(settings.OUTBOUND_TOTAL_SECONDS) as deadline:
            try:
                addresses = addresses_of(self._dns_host, self.port, deadline)
                opened = connected(addresses, self.port, deadline)
                self._watchdog = Watchdog(opened, deadline)
            except TimeoutError as error:
                raise ConnectTimeoutError(self, str(error)) from error
            except (OSError, UnicodeError) as error:
                raise NewConnectionError(self, str(error)) from error
        opened.settimeout(settings.OUTBOUND_SILENCE_SECONDS)
        for option in self.socket_options or ():
            opened.setsockopt(*option)
        return opened

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, also on a connection that was already used."""
        if self.sock is not None and self._watchdog is None:
            with within(settings.OUTBOUND_TOTAL_SECONDS) as deadline:
                self._watchdog = Watchdog(self.sock, deadline)
        super().request(*args, **kwargs)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Wait for the answer; the watchdog stays with its reader."""
        # The library closes the connection inside this call if the answer is the last one on it.
        watchdog, self._watchdog = self._watchdog, None
        try:
            response = super().getresponse()
        except BaseException:
            if watchdog is not None:
                watchdog.cancel()
            raise
        response.watchdog = watchdog  # type: ignore[attr-defined]
        return response

    def close(self) -> None:
        """Close the connection and cancel the watchdog."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        super().close()


class BoundedHTTPSConnection(BoundedHTTPConnection, HTTPSConnection):
    """The same with TLS."""


class BoundedAdapter(HTTPAdapter):
    """Makes the connections of a session; subclasses can use stricter ones."""

    connections: ClassVar[tuple[type[HTTPConnection], type[HTTPSConnection]]] = (
        BoundedHTTPConnection,
        BoundedHTTPSConnection,
    )

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use the system's certificates, to which a utility can add its own authority."""
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **kwargs)
        self._use_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Use the same kind of connections to a proxy from the environment."""
        return self._use_connections(super().proxy_manager_for(proxy, **kwargs))

    def _use_connections(self, manager: PoolManager) -> PoolManager:
        plain, secure = self.connections
        manager.pool_classes_by_scheme = {
            "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        return manager


class BoundedSession(requests.Session):
    """A session whose requests have a deadline; raises only `requests.RequestException`."""

    adapter: ClassVar[type[BoundedAdapter]] = BoundedAdapter

    def __init__(self) -> None:
        super().__init__()
        self.headers["User-Agent"] = f"cds-portal/{VERSION}"
        self.headers["Accept-Encoding"] = "identity"
        for scheme in ("https://", "http://"):
            self.mount(scheme, self.adapter())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request and read the whole answer within the limits."""
        limits = {
            "timeout": settings.OUTBOUND_SILENCE_SECONDS,
            "stream": True,
            "allow_redirects": False,
        }
        try:
            with within(settings.OUTBOUND_TOTAL_SECONDS) as deadline:
                deadline.left()
                return _read(super().send(request, **{**kwargs, **limits}))
        except TimeoutError as error:
            raise requests.exceptions.ReadTimeout(str(error)) from error


def _read(response: requests.Response) -> requests.Response:
    watchdog: Watchdog = response.raw.watchdog
    content = bytearray()
    try:
        with response:
            if response.is_redirect:
                raise requests.exceptions.TooManyRedirects("redirects are not followed")
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if len(content) > MAX_BYTES:
                    raise requests.exceptions.ContentDecodingError("the answer is too large")
        watchdog.check()
    finally:
        watchdog.cancel()
    # Used by `content`, `text` and `json`.
    response._content = bytes(content)
    return response
