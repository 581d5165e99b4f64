"""A third party's website: another origin, whose callback page itself sends the browser on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

LANDED = (
    '<!doctype html><html lang="en"><head><title>Acme</title></head>'
    "<body><h1>Welcome back to Acme</h1></body></html>"
)


class _Handler(BaseHTTPRequestHandler):
    """/callback leads to /landed under another host name, so the chain crosses two origins."""

    server: "ThreadingHTTPServer"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/callback":
            self.send_response(302)
            port = self.server.server_address[1]
            self.send_header("Location", f"http://localhost:{port}/landed?{url.query}")
            self.end_headers()
        elif url.path == "/landed":
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(LANDED.encode())
        else:
            self.send_error(404)

    def log_message(self, *args: object) -> None:
        """Keep the test's output to the test."""


@dataclass(frozen=True)
class CallbackSite:
    """Where the third party's pages are."""

    port: int

    @property
    def redirect_uri(self) -> str:
        """The registered redirect URI; the portal under test lives at `localhost`."""
        return f"http://127.0.0.1:{self.port}/callback"

    @property
    def landing(self) -> str:
        """Where the callback page leads."""
        return f"http://localhost:{self.port}/landed"


def answer_in(url: str) -> dict[str, str]:
    """Return the parameters that came back to the third party."""
    return dict(parse_qsl(urlsplit(url).query))


@contextmanager
def callback_site() -> Iterator[CallbackSite]:
    """Run the third party's website."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield CallbackSite(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
