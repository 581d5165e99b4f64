"""The workers' application in a world where the names of one domain are never found."""

import socket
import threading
from typing import Any

from portal.celery import app

__all__ = ["app"]

DOMAIN = "silent.example"
_ask = socket.getaddrinfo


def _getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    if str(host).endswith(f".{DOMAIN}"):
        threading.Event().wait(60)
    return _ask(host, *args, **kwargs)


socket.getaddrinfo = _getaddrinfo
