"""How the portal speaks to identity providers: the rules of `portal.safe_fetch`, for `requests`.

The operator names a provider's host, which may well be inside the utility's own network. The other
addresses come from the provider's own metadata: unless they lie on a host that the operator named,
the connection must go to a public address, judged after the name was resolved, on the open socket.
Nothing of ours (proxies, .netrc) travels along; redirects are not followed; size and time have
limits; plain http goes to this machine alone, and only in the demo.
"""

import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.response import HTTPResponse

from portal.openid.config import apps, may_be_spoken_to
from portal.safe_fetch import Watchdog, is_public_address
from portal.version import VERSION

TIMEOUT = 5.0
TOTAL_SECONDS = 10.0
MAX_BYTES = 1_048_576
_CHUNK = 65_536


def _named_hosts() -> set[str]:
    return {urlsplit(app["settings"]["server_url"]).hostname or "" for app in apps()}


def _judge(connection: HTTPConnection, opened: socket.socket) -> socket.socket:
    peer = opened.getpeername()[0]
    if connection.host.lower() in _named_hosts() or is_public_address(peer):
        return opened
    opened.close()
    raise NewConnectionError(connection, "the host does not lead to a public address")


class _GuardedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _judge(self, super()._new_conn())

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Wait for the answer, for a limited time as a whole."""
        watchdog = Watchdog(self.sock, seconds=TOTAL_SECONDS)
        response = super().getresponse()
        response.watchdog = watchdog  # type: ignore[attr-defined]
        return response


class _GuardedHTTPSConnection(_GuardedHTTPConnection, HTTPSConnection):
    pass


class _GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTPConnection


class _GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPSConnection


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use the system's certificates, to which a utility adds those of its own authority."""
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _GuardedHTTPPool,
            "https": _GuardedHTTPSPool,
        }


class ProviderSession(requests.Session):
    """A session that keeps the rules above; it raises `requests.RequestException` alone."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["User-Agent"] = f"cds-portal/{VERSION}"
        self.headers["Accept-Encoding"] = "identity"
        for scheme in ("https://", "http://"):
            self.mount(scheme, _GuardedAdapter())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request and read the whole answer within the limits."""
        if not may_be_spoken_to(request.url or ""):
            raise requests.exceptions.InvalidSchema("only https addresses are spoken to")
        limits = {"timeout": TIMEOUT, "stream": True, "allow_redirects": False}
        response = super().send(request, **{**kwargs, **limits})
        watchdog: Watchdog = response.raw.watchdog
        try:
            # What `content`, `text` and `json` go on to read.
            response._content = _read(response)
            watchdog.check()
        except TimeoutError as error:
            raise requests.exceptions.ReadTimeout(str(error)) from error
        finally:
            watchdog.cancel()
        return response


def _read(response: requests.Response) -> bytes:
    content = bytearray()
    with response:
        if response.is_redirect:
            raise requests.exceptions.TooManyRedirects("redirects are not followed")
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > MAX_BYTES:
                raise requests.exceptions.ContentDecodingError("the answer is too large")
    return bytes(content)
