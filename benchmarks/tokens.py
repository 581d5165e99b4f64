"""Token endpoint and introspection against vanilla django-oauth-toolkit and npm oidc-provider.

The same work for all: client credentials with a secret by HTTP Basic, opaque tokens stored in
PostgreSQL, introspection of one living token. One process each, of one thread's worth of Python or
JavaScript; clients and tokens are read from the same database server for each request. A bare view
with one query, on the same web server as the two Django servers, shows what Django can do at all.
"""

import argparse
import base64
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import cpu
from benchmarks.load import Rate, Target, measure
from benchmarks.servers import (
    ROOT,
    database,
    free_port,
    granian,
    process,
    product_environment,
    python,
    rounds,
)

TARGETS = {"vanilla django-oauth-toolkit": 1.0, "oidc-provider": 0.3}
BARE = "bare Django view, one query"
_LIMITS = {
    "Token endpoint": "four statements in turn (Credential, offered scopes, Grant, insert with its "
    "commit) and one round trip to Redis (rate limits); a token belongs to "
    "a Grant and dies with its Credential, which the others do not offer",
    "Introspection": "two statements in turn (Credential, the token with what its life depends on) "
    "and one round trip to Redis (rate limits)",
}
_ID, _SECRET = "bench", "bench-secret-that-protects-nothing"
_OIDC = ROOT / "benchmarks" / "oidc_provider"


@dataclass(frozen=True, slots=True)
class Server:
    """A running authorization server and a client of it."""

    name: str
    token_url: str
    introspection_url: str
    client_id: str
    secret: str
    scope: str
    pid: int

    @property
    def authorization(self) -> str:
        """Return the header value of HTTP Basic."""
        pair = f"{self.client_id}:{self.secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def token_target(self) -> Target:
        """Return the request for a token."""
        body = f"grant_type=client_credentials&scope={self.scope}"
        return Target(self.name, self.token_url, authorization=self.authorization, body=body)

    def introspection_target(self) -> Target:
        """Get a token; return the request that asks about it."""
        token = json.loads(_post(self.token_target()))["access_token"]
        target = Target(
            self.name,
            self.introspection_url,
            authorization=self.authorization,
            body=f"token={token}",
        )
        if json.loads(_post(target))["active"] is not True:
            raise SystemExit(f"{self.name} does not know its own token")
        return target


def _post(target: Target) -> bytes:
    request = urllib.request.Request(target.url, data=target.body.encode())
    request.add_header("Authorization", target.authorization)
    with urllib.request.urlopen(request) as response:
        body: bytes = response.read()
        return body


def _product(stack: ExitStack) -> Server:
    port = free_port()
    url = stack.enter_context(database(os.environ["DATABASE_URL"]))
    environment = product_environment(url, port)
    python(environment, str(ROOT / "manage.py"), "migrate", "-v0")
    client = json.loads(python(environment, "-m", "benchmarks.seed_tokens").splitlines()[-1])
    pid = stack.enter_context(process(granian("portal.wsgi", port), environment, port))
    base = f"http://127.0.0.1:{port}/oauth"
    return Server(
        "portal",
        f"{base}/token",
        f"{base}/introspect",
        client["client_id"],
        client["client_secret"],
        "cds_client_admin",
        pid,
    )


def _vanilla_dot(stack: ExitStack) -> Server:
    port = free_port()
    url = stack.enter_context(database(os.environ["DATABASE_URL"], "dot"))
    environment = product_environment(url, port)
    python(environment, "-m", "benchmarks.vanilla_dot.fill", _ID, _SECRET)
    command = granian("benchmarks.vanilla_dot.wsgi", port)
    pid = stack.enter_context(process(command, environment, port))
    base = f"http://127.0.0.1:{port}/o"
    return Server(
        "vanilla django-oauth-toolkit",
        f"{base}/token/",
        f"{base}/introspect/",
        _ID,
        _SECRET,
        "bench",
        pid,
    )


def _bare(vanilla: Server) -> Server:
    """Return the view beside the library's, in the same process."""
    url = vanilla.token_url.replace("/o/token/", "/one-query/")
    return replace(vanilla, name=BARE, token_url=url, introspection_url=url)


def _oidc_provider(stack: ExitStack) -> Server | None:
    """Install and start the server; None, and one line that says so, where it cannot run."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("oidc-provider is left out: node and npm are needed for it.")
        return None
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    for file in ("package.json", "server.js"):
        shutil.copy(_OIDC / file, folder)
    install = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
    if subprocess.run(install, cwd=folder, check=False).returncode:
        print("oidc-provider is left out: npm could not install it.")
        return None
    port = free_port()
    environment = dict(os.environ) | {
        "DATABASE_URL": stack.enter_context(database(os.environ["DATABASE_URL"], "oidc")),
        "PORT": str(port),
        "CLIENT_ID": _ID,
        "CLIENT_SECRET": _SECRET,
        "NODE_ENV": "production",
        "NODE_NO_WARNINGS": "1",
    }
    pid = stack.enter_context(process([node, str(folder / "server.js")], environment, port))
    base = f"http://127.0.0.1:{port}/token"
    return Server("oidc-provider", base, f"{base}/introspection", _ID, _SECRET, "bench", pid)


def run(options: argparse.Namespace) -> None:
    """Start the servers, measure both endpoints and print the ratios."""
    with ExitStack() as stack:
        print("Starting three authorization servers ...", flush=True)
        portal, vanilla, oidc = _product(stack), _vanilla_dot(stack), _oidc_provider(stack)
        servers = [portal, vanilla, *([oidc] if oidc else [])]
        bare = _bare(vanilla)
        for title, kind in (
            ("Token endpoint", Server.token_target),
            ("Introspection", Server.introspection_target),
        ):
            print(f"{title}, client by HTTP Basic:", flush=True)
            targets = {server.name: kind(server) for server in servers}
            targets[BARE] = bare.token_target()
            for target in targets.values():
                measure(target, seconds=2, connections=options.connections)
            rates = rounds(
                list(targets.values()), options.rounds, options.seconds, options.connections
            )
            cost = {
                server.name: _processor_time(server, targets[server.name], options.connections)
                for server in (*servers, bare)
            }
            report(title, rates, cost)


def _processor_time(server: Server, target: Target, connections: int) -> float:
    """Return the milliseconds of processor time that one request takes the server's process."""
    before = cpu.seconds(server.pid)
    rate = measure(target, seconds=3, connections=connections)
    return (cpu.seconds(server.pid) - before) * 1000 / (rate.requests * 3)


def report(title: str, result: dict[str, Rate], cost: dict[str, float]) -> None:
    """Print medians, ratios and what holds the portal back."""
    for name, rate in result.items():
        print(
            f"{title:15} {name:30} {rate.requests:10.1f} requests/s {cost[name]:8.2f} ms of "
            "processor time each"
        )
    portal = result["portal"].requests
    for name, target in TARGETS.items():
        if name in result:
            ratio = portal / result[name].requests
            print(f"{title:15} portal / {name:30} {ratio:8.2f}   (target {target})")
    ceiling = result[BARE].requests
    print(f"{title:15} portal / {BARE:30} {portal / ceiling:8.2f}")
    if "oidc-provider" in result:
        ratio = ceiling / result["oidc-provider"].requests
        print(f"{title:15} {BARE} / oidc-provider {ratio:12.2f}")
    busy = portal * cost["portal"] / 1000
    print(
        f"{title:15} limit of the portal: one Python process, {busy:.0%} of a processor busy, "
        f"else waiting; {_LIMITS[title]}.",
        flush=True,
    )
