"""The lines of the guide for proxies keep slow connections away from the portal's threads."""

import base64
import http.client
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.servers import free_port, granian, running

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operators" / "proxies.md"
WHERE = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
CONNECTIONS = 50
# Long enough for a busy machine; whoever waits for a thread waits for ever.
PATIENCE = 60

pytestmark = pytest.mark.django_db(transaction=True)


def installed(program: str) -> str:
    """Return where a program is; skip the test without it, which CI forbids."""
    found = shutil.which(program, path=WHERE)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is missing: the lines of the guide cannot be run.")
        pytest.skip(f"{program} is not installed: its lines were NOT run")
    return found


def lines_for(language: str, changed: dict[str, str]) -> str:
    """Return the guide's lines for one proxy, but for names, ports and certificates."""
    found = re.search(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    lines = re.sub(r"^ *ssl_.*\n", "", found[1], flags=re.MULTILINE)
    for old, new in changed.items():
        assert old in lines
        lines = lines.replace(old, new)
    return lines


def nginx_words(folder: Path, port: int, upstream: int) -> list[str]:
    """Return the command of nginx with the guide's lines in the `http` block."""
    lines = lines_for(
        "nginx",
        {
            "listen 443 ssl;": f"listen 127.0.0.1:{port};",
            "data.example.com": "testserver",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        },
    )
    user = "user root;" if os.getuid() == 0 else ""
    paths = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off; {user} error_log stderr crit; pid {folder}/pid;"
    file = folder / "nginx.conf"
    file.write_text(f"{main} events {{ }} http {{ access_log off; {paths}\n{lines} }}")
    return [installed("nginx"), "-c", str(file)]


def caddy_words(folder: Path, port: int, upstream: int) -> list[str]:
    """Return the command of Caddy; without certificates, and without its remote control."""
    lines = lines_for(
        "caddy",
        {
            "{\n    servers": "{\n    auto_https off\n    admin off\n    servers",
            "data.example.com": f"http://testserver:{port}",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        },
    )
    file = folder / "Caddyfile"
    file.write_text(lines)
    return [installed("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]


def haproxy_words(folder: Path, port: int, upstream: int) -> list[str]:
    """Return the command of HAProxy."""
    lines = lines_for(
        "haproxy",
        {
            ":443 ssl crt /etc/ssl/data.example.com.pem": f"127.0.0.1:{port}",
            "X-Forwarded-Proto https": "X-Forwarded-Proto http",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        },
    )
    file = folder / "haproxy.cfg"
    file.write_text(lines)
    return [installed("haproxy"), "-db", "-f", str(file)]


WORDS = {"nginx": nginx_words, "caddy": caddy_words, "haproxy": haproxy_words}


@contextmanager
def proxy(name: str, folder: Path, upstream: int) -> Iterator[int]:
    """Run a proxy with the guide's lines; yield its port."""
    port = free_port()
    with running(WORDS[name](folder, port, upstream), port, os.environ):
        yield port


@pytest.fixture
def web(settings: Any, tmp_path: Path) -> Iterator[int]:
    """Serve with two threads: what holds them is seen at once."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    facts = {"NUM_PROXIES": "1", "TRUST_FORWARDED_PROTO": "1", "THREADS": "2"}
    with granian(BASE_URL="http://testserver", MEDIA_ROOT=settings.MEDIA_ROOT, **facts) as port:
        yield port


def ask(port, method, path, body=None, timeout=PATIENCE, **headers):
    """Return status and content of an answer that has to come in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers={"Host": "testserver", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ask_often(port, timeout=PATIENCE):
    """Ask what every visitor may; each answer has to come in time."""
    for _ in range(10):
        assert ask(port, "GET", "/cds/coverage", timeout=timeout)[0] == 200
        form = "grant_type=x&client_id=y"
        assert ask(port, "POST", "/oauth/token", form, timeout=timeout)[0] == 400


def large_file(port):
    """Store a file of eight megabytes; return its path and the token that reads it."""
    scope = json.dumps({"scope": "cds_client_admin"})
    made = json.loads(ask(port, "POST", "/oauth/register", scope)[1])
    pair = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    form = "grant_type=client_credentials&scope=cds_client_admin"
    answer = ask(port, "POST", "/oauth/token", form, Authorization=f"Basic {pair}")
    bearer = f"Bearer {json.loads(answer[1])['access_token']}"
    data = base64.b64encode(b"x" * 8_000_000).decode()
    file = {"filename": "a.txt", "mime_type": "text/plain", "data": data}
    message = {"type": "support_request", "name": "a", "description": "b", "attachments": [file]}
    answer = ask(port, "POST", "/cds-api/v1/messages", json.dumps(message), Authorization=bearer)
    uri = json.loads(answer[1])["attachments"][0]["uri"]
    return uri.removeprefix("http://testserver"), bearer


def slow_sender(port):
    """Send half of a request."""
    sender = socket.create_connection(("127.0.0.1", port))
    head = "POST /oauth/token HTTP/1.1\r\nHost: testserver\r\nContent-Length: 100\r\n\r\n"
    sender.sendall(f"{head}grant_type=".encode())
    return sender


def slow_reader(port, path, bearer):
    """Ask for a file and read none of it."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    reader.connect(("127.0.0.1", port))
    reader.sendall(
        f"GET {path} HTTP/1.1\r\nHost: testserver\r\nAuthorization: {bearer}\r\n\r\n".encode()
    )
    return reader


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_slow_connections_hold_no_thread(web, tmp_path, name):
    """Without the proxy two of either kind suffice to stop these two threads."""
    with proxy(name, tmp_path, web) as port, ExitStack() as held:
        path, bearer = large_file(port)
        for _ in range(CONNECTIONS):
            held.enter_context(slow_sender(port))
            held.enter_context(slow_reader(port, path, bearer))
        ask_often(port)
        assert ask(port, "GET", "/metrics")[0] == 404


def test_haproxy_waits_for_bodies(web, tmp_path):
    """As long as they fit into its buffer; large answers it does not take in, as the guide says."""
    with proxy("haproxy", tmp_path, web) as port, ExitStack() as held:
        large_file(port)
        for _ in range(CONNECTIONS):
            held.enter_context(slow_sender(port))
        ask_often(port)
        assert ask(port, "GET", "/metrics")[0] == 404


@pytest.mark.parametrize("kind", ["senders", "readers"])
def test_without_a_proxy_they_do(web, kind):
    """The other test would notice: this is what the guide warns of."""
    path, bearer = large_file(web)
    with ExitStack() as held:
        for _ in range(2):
            slow = slow_sender(web) if kind == "senders" else slow_reader(web, path, bearer)
            held.enter_context(slow)
        with pytest.raises(TimeoutError):
            ask_often(web, timeout=3)
