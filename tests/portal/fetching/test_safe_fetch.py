"""Addresses of strangers are fetched from public hosts only, once resolved, within limits."""

import socket
import threading
from dataclasses import replace

import pytest

from portal.fetching.deadline import Deadline
from portal.fetching.safe_fetch import FetchRefused, Network, fetch, is_public_address

PUBLIC = "93.184.216.34"
HALF = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


class Server:
    """One TCP server that answers every connection with the next of its texts."""

    def __init__(self, *answers: bytes, wait: float = 0.0) -> None:
        self.requests: list[bytes] = []
        self._answers = list(answers)
        self._wait = threading.Event() if wait else None
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop."""
        if self._wait is not None:
            self._wait.set()
        self._socket.close()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.requests.append(connection.recv(65_536))
                connection.sendall(answer)
                if self._wait is not None:
                    self._wait.wait(5)


class Wires:
    """A network whose names lead where the test says; remembers what was connected."""

    def __init__(self, server: Server | None = None, **names: list[str]) -> None:
        self.server = server
        self.names = {name.replace("_", "."): found for name, found in names.items()}
        self.resolved: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.secured: list[str] = []

    @property
    def network(self) -> Network:
        """What fetch is given."""
        return Network(resolve=self._resolve, connect=self._connect, secure=self._secure)

    def _resolve(self, host: str, port: int) -> list[str]:
        self.resolved.append(host)
        if host not in self.names:
            raise OSError("no such name")
        return self.names[host]

    def _connect(self, address: str, port: int, deadline: Deadline) -> socket.socket:
        self.connected.append((address, port))
        assert self.server is not None
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=deadline.left())

    def _secure(self, raw: socket.socket, host: str) -> socket.socket:
        self.secured.append(host)
        return raw


def answer(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: text/html"]
    return ("\r\n".join([*lines, *headers]) + "\r\n\r\n").encode() + body


def test_fetches_from_the_address_that_was_judged():
    """Resolved once, connected to that address; the name travels in the Host header and in TLS."""
    server = Server(answer())
    wires = Wires(server, solar_example=[PUBLIC])
    got = fetch("https://solar.example/a?b=1", max_bytes=100, network=wires.network)
    server.close()
    assert (got.status, got.content, got.content_type) == (200, b"hello", "text/html")
    assert wires.resolved == ["solar.example"]
    assert (wires.connected, wires.secured) == ([(PUBLIC, 443)], ["solar.example"])
    request = server.requests[0].decode()
    assert request.startswith("GET /a?b=1 HTTP/1.1\r\n")
    assert "\r\nHost: solar.example\r\n" in request
    assert "cookie" not in request.lower()
    assert "authorization" not in request.lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://solar.example/",
        "file:///etc/passwd",
        "ftp://solar.example/",
        "https:///x",
        "https://me:pw@solar.example/",
        "https://solar.example:99999/",
        "https://solar.example:8443/",
        "https://solar.example:22/",
        "https://solar.example:0/",
        "https://solar.example/\r\nX: y",
        "https://söl.example/",
        "//solar.example/",
    ],
)
def test_other_addresses_are_not_even_resolved(url):
    """Only https, with a host and nobody's name in it."""
    wires = Wires(solar_example=[PUBLIC])
    with pytest.raises(FetchRefused):
        fetch(url, max_bytes=100, network=wires.network)
    assert wires.resolved == []


PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 -- refused, not bound
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "192.0.0.8",
    "192.0.0.9",
    "64:ff9b:1::7f00:1",
    "100::1",
    "100:0:0:1::1",
    "3fff::1",
    "5f00::1",
    "fec0::1",
    "not an address",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address):
    """Also the ones that hide an IPv4 address in an IPv6 one."""
    assert not is_public_address(address)
    wires = Wires(solar_example=[PUBLIC, address])
    with pytest.raises(FetchRefused, match="public address"):
        fetch("https://solar.example/", max_bytes=100, network=wires.network)
    assert wires.connected == []


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700:4700::1111"])
def test_public_addresses(address):
    """The rest of the world."""
    assert is_public_address(address)


def test_unknown_names():
    """A name without address is refused like any other."""
    with pytest.raises(FetchRefused, match="no address"):
        fetch("https://nowhere.example/", max_bytes=100, network=Wires().network)


def test_a_redirect_is_judged_like_the_first_address():
    """The classic way round a check of the first address only."""
    targets = ("https://inside.example/", "http://solar.example/", "//inside.example/x")
    for target in (*targets, "https://solar.example:5432/"):
        server = Server(answer(b"", "302 Found", f"Location: {target}"), answer(b"secret"))
        wires = Wires(server, solar_example=[PUBLIC], inside_example=["10.0.0.7"])
        with pytest.raises(FetchRefused):
            fetch("https://solar.example/", max_bytes=100, network=wires.network)
        server.close()
        assert len(wires.connected) == 1


def test_a_good_redirect_is_followed():
    """Most sites send visitors on to www."""
    server = Server(answer(b"", "301 Moved", "Location: https://www.solar.example/home"), answer())
    wires = Wires(server, solar_example=[PUBLIC], www_solar_example=[PUBLIC])
    got = fetch("https://solar.example/", max_bytes=100, network=wires.network)
    server.close()
    assert (got.url, got.content) == ("https://www.solar.example/home", b"hello")


def test_redirects_end():
    """A loop does not keep a worker."""
    server = Server(*[answer(b"", "302 Found", "Location: /again")] * 9)
    wires = Wires(server, solar_example=[PUBLIC])
    with pytest.raises(FetchRefused, match="redirects"):
        fetch("https://solar.example/", max_bytes=100, network=wires.network)
    server.close()
    assert len(wires.connected) == 4


def test_size_limit():
    """A larger answer is refused, or cut where the beginning is enough."""
    for truncate in (False, True):
        server = Server(answer(b"x" * 101))
        wires = Wires(server, solar_example=[PUBLIC])
        try:
            got = fetch(
                "https://solar.example/", max_bytes=100, truncate=truncate, network=wires.network
            )
            assert truncate
            assert got.content == b"x" * 100
        except FetchRefused as error:
            assert not truncate
            assert "larger" in error.message  # noqa: PT017 -- one branch of two
        server.close()


@pytest.mark.parametrize(
    "begun", ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", "HTTP/1.1 200 OK\r\n\r\nx", HALF]
)
def test_time_limit(begun):
    """A server that starts an answer and never ends it is left; a part is not the whole."""
    server = Server(begun.encode(), wait=5)
    wires = Wires(server, solar_example=[PUBLIC])
    with pytest.raises(FetchRefused, match="did not answer"):
        fetch("https://solar.example/", max_bytes=100, timeout=0.3, network=wires.network)
    server.close()


def test_a_name_that_is_never_found():
    """The system's look-up takes no time limit; ours ends all the same."""
    found = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        found.wait(5)
        return [PUBLIC]

    with pytest.raises(FetchRefused, match="takes too long"):
        fetch("https://solar.example/", max_bytes=9, timeout=0.3, network=Network(resolve=resolve))
    found.set()


def test_all_hops_and_look_ups_share_one_deadline():
    """Each is in time for itself; a chain of them does not last longer than one."""
    server = Server(*[answer(b"", "302 Found", "Location: /again")] * 3, answer())
    wires = Wires(server, solar_example=[PUBLIC])

    def slowly(host: str, port: int) -> list[str]:
        threading.Event().wait(0.3)
        return wires.network.resolve(host, port)

    network = replace(wires.network, resolve=slowly)
    with pytest.raises(FetchRefused, match="takes too long"):
        fetch("https://solar.example/", max_bytes=100, timeout=0.8, network=network)
    server.close()
    assert len(wires.connected) < 4


def test_a_greeting_that_drips():
    """TLS begins with bytes of the other side too, which may come one at a time."""
    listener = socket.create_server(("127.0.0.1", 0))
    dropped: list[bytes] = []

    def drip() -> None:
        peer, _ = listener.accept()
        with peer:
            try:
                # The head of a record of 16,000 bytes.
                peer.sendall(b"\x16\x03\x03\x3e\x80")
                while len(dropped) < 50:
                    peer.sendall(b"x")
                    dropped.append(b"x")
                    threading.Event().wait(0.1)
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()

    def connect(address: str, port: int, deadline: Deadline) -> socket.socket:
        return socket.create_connection(listener.getsockname(), timeout=deadline.left())

    network = Network(resolve=lambda host, port: [PUBLIC], connect=connect)
    with pytest.raises(FetchRefused, match="did not answer"):
        fetch("https://solar.example/", max_bytes=100, timeout=0.5, network=network)
    assert len(dropped) < 50
    listener.close()
