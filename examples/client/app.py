"""Home Energy Charts: a sample third-party app. Run: python3 app.py http://127.0.0.1:8000"""

import argparse
from decimal import Decimal
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import cds
import chart

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Home Energy Charts</title><style>
body{{font:1.05rem/1.5 system-ui;max-width:46rem;margin:2rem auto}}
.button{{display:inline-block;padding:.7rem 1.2rem;background:#0b5c8f;color:#fff;border-radius:6px}}
</style></head><body><h1>Home Energy Charts</h1>{body}</body></html>"""
CONNECT = '<p><a class="button" href="/connect">Connect your utility</a></p>'


def usage_page(client: cds.Client) -> str:
    """Fetch everything the customer shares and draw it."""
    try:
        contracts = client.contracts()
        totals = chart.daily(client.usage())
    except cds.ServerError as error:
        if error.status not in {400, 401}:
            raise
        return "<p>You stopped sharing, or the time you allowed has passed.</p>" + CONNECT
    parts = [f"<p>You are sharing <strong>{len(contracts)}</strong> service(s).</p>"]
    for label, days in sorted(totals.items()):
        total = sum(days.values(), Decimal(0))
        parts.append(f"<h2>{escape(label)}</h2><p>{len(days)} days, {total} in total.</p>")
        parts.append(chart.svg(days, label))
    return "".join(parts) + '<p><a href="/usage">Reload</a></p>'


class Handler(BaseHTTPRequestHandler):
    """Four pages: start, connect, callback, usage."""

    client: cds.Client

    def do_GET(self) -> None:
        """Route one request."""
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/connect":
            self._redirect(self.client.authorization_url())
        elif url.path == "/callback":
            self._callback(query)
        elif url.path == "/usage":
            self._page(usage_page(self.client))
        elif url.path == "/":
            self._page("<p>See how much energy your home uses.</p>" + CONNECT)
        else:
            self.send_error(404)

    def _callback(self, query: dict[str, str]) -> None:
        if "error" in query:
            self._page("<p>You did not share anything. That's fine.</p>" + CONNECT)
            return
        try:
            self.client.redeem(
                code=query.get("code", ""),
                state=query.get("state", ""),
                issuer=query.get("iss", ""),
            )
        except ValueError as error:
            self._page(f"<p>{escape(str(error))}</p>" + CONNECT)
            return
        self._redirect("/usage")

    def _redirect(self, url: str) -> None:
        self.send_response(303)
        self.send_header("Location", url)
        self.end_headers()

    def _page(self, body: str) -> None:
        content = PAGE.format(body=body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Register if needed and serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", help="address of the utility's data portal")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--state", type=Path, default=Path(".home-energy-charts.json"))
    options = parser.parse_args()
    own = f"http://127.0.0.1:{options.port}"
    client = cds.Client(options.server.rstrip("/"), f"{own}/callback", options.state)
    client.ensure_registered()
    Handler.client = client
    print(f"Home Energy Charts for {client.metadata['name']}: open {own}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
