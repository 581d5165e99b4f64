"""Requests to identity providers: like `portal.fetching.safe_fetch`, but with `requests`.

The operator names a provider's host, which may be inside the utility's own network. The other URLs
come from the provider's own metadata: unless they are on a host that the operator named, the
connection must go to a public address, checked after the name was resolved, on the open socket.
Nothing of our own (proxies, .netrc) is sent; redirects are not followed; size and time are limited;
plain http works only to this machine, and only in the demo.
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
    raise NewConnectionError(connection, "the host does not resolve to a public address")


class _GuardedHTTPConnection(BoundedHTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _judge(self, super()._new_conn())


class _GuardedHTTPSConnection(_GuardedHTTPConnection, BoundedHTTPSConnection):
    pass


class _GuardedAdapter(BoundedAdapter):
    connections = (_GuardedHTTPConnection, _GuardedHTTPSConnection)


class ProviderSession(BoundedSession):
    """A session with the rules above; it raises only `requests.RequestException`."""

    adapter = _GuardedAdapter

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request to a provider, if its URL is allowed."""
        if not may_be_spoken_to(request.url or ""):
            raise requests.exceptions.InvalidSchema("only https addresses are allowed")
        return super().send(request, **kwargs)
