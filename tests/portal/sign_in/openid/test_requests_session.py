"""Requests to providers: where they may go, how long they last."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from portal.fetching.deadline import within
from portal.sign_in.openid.requests_session import ProviderSession
from tests.portal.sign_in.openid.support import configure, entry


class _Answers(BaseHTTPRequestHandler):
    seen: list[str] = []

    def do_GET(self):
        """Answer as the path says."""
        self.seen.append(self.headers.get("Authorization", ""))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * (2_000_000 if self.path == "/large" else 2))

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def server():
    """A server on this machine."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def test_the_named_host_is_reached(server, settings):
    """It may be inside the utility's own network."""
    configure(settings, entry(server))
    assert ProviderSession().get(server).content == b"xx"


def test_other_hosts_must_be_public(server, settings):
    """A provider's metadata must not make us ask our own machines."""
    configure(settings, entry("https://id.example"))
    with pytest.raises(requests.ConnectionError, match="public address"):
        ProviderSession().get(server)
    configure(settings, entry(server))
    with pytest.raises(requests.ConnectionError, match="public address"):
        ProviderSession().get(server.replace("127.0.0.1", "localhost"))


def test_plain_http_is_for_the_demo_on_this_machine(server, settings):
    """Client secrets never travel in the open."""
    configure(settings, entry(server))
    with pytest.raises(requests.RequestException, match="only https"):
        ProviderSession().get("http://192.0.2.1/")
    settings.DEMO = False
    with pytest.raises(requests.RequestException, match="only https"):
        ProviderSession().get(server)


def test_redirects_and_large_answers(server, settings):
    """Neither is followed or read to its end."""
    configure(settings, entry(server))
    with pytest.raises(requests.TooManyRedirects):
        ProviderSession().get(f"{server}/moved")
    with pytest.raises(requests.RequestException, match="too large"):
        ProviderSession().get(f"{server}/large")


def test_nothing_of_this_machine_travels_along(server, settings, monkeypatch, tmp_path):
    """Neither proxies of the environment nor a .netrc."""
    configure(settings, entry(server))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    _Answers.seen.clear()
    assert ProviderSession().get(server).ok
    assert _Answers.seen == [""]


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b"x"),
        (HEAD + b"Connection: close\r\n\r\n", b"x"),
        (HEAD, b"X-More: x\r\n"),
        (b"HTTP/1.1 200 ", b"O"),
    ],
)
def test_an_answer_that_drips(settings, begin, drop):
    """A byte now and then keeps no worker, wherever in the answer; a part is not the whole."""
    settings.OUTBOUND_TOTAL_SECONDS = 0.3
    listener = socket.create_server(("127.0.0.1", 0))
    dropped: list[bytes] = []

    def drip():
        peer, _ = listener.accept()
        with peer:
            peer.recv(65_536)
            try:
                peer.sendall(begin)
                while len(dropped) < 50:
                    peer.sendall(drop)
                    dropped.append(drop)
                    threading.Event().wait(0.1)
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    configure(settings, entry(url))
    with pytest.raises(requests.RequestException):
        ProviderSession().get(url)
    assert len(dropped) < 50
    listener.close()


def test_a_connection_that_answered_is_not_cut(server, settings):
    """The time of one answer is over with it: the next one may come on the same connection."""
    configure(settings, entry(server))
    ProviderSession().get(server)
    watchdogs = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    for each in watchdogs:
        each.join(1)
    assert not any(each.is_alive() for each in watchdogs)


def test_a_name_that_is_never_found(settings, monkeypatch):
    """The look-up of the system takes no time limit; the request ends all the same."""
    found = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: [found.wait(5)][:0])
    configure(settings, entry("https://id.example"))
    with within(0.3), pytest.raises(requests.ConnectTimeout):
        ProviderSession().get("https://id.example/")
    found.set()


def test_several_requests_share_one_deadline(server, settings):
    """What a page asks of a provider ends as a whole, also when each answer is in time."""
    configure(settings, entry(server))
    with within(0.3), pytest.raises(requests.ReadTimeout):  # noqa: PT012 -- which one is too late
        for _ in range(9):
            ProviderSession().get(server)
            threading.Event().wait(0.1)
