"""How the portal speaks to identity providers: as `portal.fetching.safe_fetch`, by `requests`.

The operator names a provider's host, which may well be inside the utility's own network. The other
addresses come from the provider's own metadata: unless they lie on a host that the operator named,
the connection must go to a public address, judged after the name was resolved, on the open socket.
None of our settings (proxies, .netrc) are used; redirects are not followed; size and time have
limits; plain http goes to this machine alone, and only in the demo.
"""

import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from portal.fetching.outbound import (
    BoundedAdapter,
    BoundedHTTPConnection,
    BoundedHTTPSConnection,
    BoundedSession,
)
from portal.fetching.safe_fetch import is_public_address
from portal.sign_in.openid.config import apps, may_be_spoken_to


def _named_hosts() -> set[str]:
    return {urlsplit(app["settings"]["server_url"]).hostname or "" for app in apps()}


def _judge(connection: HTTPConnection, opened: socket.socket) -> socket.socket:
    peer = opened.getpeername()[0]
    if connection.host.lower() in _named_hosts() or is_public_address(peer):
        return opened
    opened.close()
    raise NewConnectionError(connection, "the host does not lead to a public address")


class _GuardedHTTPConnection(BoundedHTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _judge(self, super()._new_conn())


class _GuardedHTTPSConnection(_GuardedHTTPConnection, BoundedHTTPSConnection):
    pass


class _GuardedAdapter(BoundedAdapter):
    connections = (_GuardedHTTPConnection, _GuardedHTTPSConnection)


class ProviderSession(BoundedSession):
    """A session that keeps the rules above; it raises `requests.RequestException` alone."""

    adapter = _GuardedAdapter

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request to a provider that may be spoken to."""
        if not may_be_spoken_to(request.url or ""):
            raise requests.exceptions.InvalidSchema("only https addresses are spoken to")
        return super().send(request, **kwargs)
