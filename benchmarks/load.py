"""A load generator that costs next to nothing: raw sockets, one buffer, keep-alive."""

import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Target:
    """What to fetch; with a `body` (form-encoded) by POST.

    `authorization` is the whole value of the header, `encoding` that of Accept-Encoding.
    """

    name: str
    url: str
    token: str = ""
    authorization: str = ""
    body: str = ""
    encoding: str = ""

    def request(self) -> bytes:
        """Return the request as bytes."""
        parts = urlsplit(self.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        method = "POST" if self.body else "GET"
        head = f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\n"
        authorization = self.authorization or (f"Bearer {self.token}" if self.token else "")
        if authorization:
            head += f"Authorization: {authorization}\r\n"
        if self.encoding:
            head += f"Accept-Encoding: {self.encoding}\r\n"
        if self.body:
            head += "Content-Type: application/x-www-form-urlencoded\r\n"
            head += f"Content-Length: {len(self.body)}\r\n"
        return f"{head}\r\n{self.body}".encode()


class Connection:
    """One keep-alive connection that counts bytes and throws them away."""

    def __init__(self, target: Target) -> None:
        parts = urlsplit(target.url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 80), 60)
        self._request = target.request()
        self._buffer = bytearray(_BUFFER)

    def fetch(self) -> tuple[int, int]:
        """Return status and body length of one response."""
        self._socket.sendall(self._request)
        got = b""
        while b"\r\n\r\n" not in got:
            part = self._socket.recv(65_536)
            if not part:
                raise ConnectionError("the server closed the connection")
            got += part
        head, _, rest = got.partition(b"\r\n\r\n")
        status = int(head.split(None, 2)[1])
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            return status, self._chunked(rest)
        length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        self._discard(length - len(rest))
        return status, length

    def _discard(self, left: int) -> None:
        view = memoryview(self._buffer)
        while left > 0:
            count = self._socket.recv_into(view[: min(left, _BUFFER)])
            if not count:
                raise ConnectionError("the server closed the connection")
            left -= count

    def _chunked(self, got: bytes) -> int:
        total = 0
        while True:
            while b"\r\n" not in got:
                got += self._socket.recv(65_536)
            size_text, _, got = got.partition(b"\r\n")
            size = int(size_text, 16)
            missing = size + 2 - len(got)
            if missing > 0:
                self._discard(missing)
                got = b""
            else:
                got = got[size + 2 :]
            total += size
            if size == 0:
                return total

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


@dataclass(frozen=True, slots=True)
class Rate:
    """Result of one run."""

    requests: float
    megabytes: float


def measure(target: Target, *, seconds: float, connections: int) -> Rate:
    """Fetch the target over and over; return requests and megabytes a second."""
    totals = [0, 0]
    lock = threading.Lock()
    stop = time.monotonic() + seconds

    def run() -> None:
        connection = Connection(target)
        count = size = 0
        while time.monotonic() < stop:
            status, length = connection.fetch()
            if status != 200:
                raise RuntimeError(f"{target.name} answered {status}")
            count += 1
            size += length
        connection.close()
        with lock:
            totals[0] += count
            totals[1] += size

    begun = time.monotonic()
    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - begun
    return Rate(totals[0] / spent, totals[1] / spent / 1e6)
