"""The portal with prepared statements and without (DATABASE_PREPARED_STATEMENTS), side by side.

Two processes over one database, in turn. Processor time is what one request takes the web process
and, apart from it, the backends of the database that serve it (Linux, with the database on the same
machine).
"""

import argparse
import json
import os
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg

from benchmarks import cpu
from benchmarks.load import Target, measure
from benchmarks.servers import (
    ROOT,
    database,
    fetch,
    free_port,
    granian,
    process,
    product_environment,
    python,
)
from benchmarks.tokens import Server

SWITCH = "DATABASE_PREPARED_STATEMENTS"
_API = "/cds-customerdata-api/v1"
# Two homes and a month of quarter hours each: one page holds all of it.
_SEED = ("2", "1", "1")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request takes: milliseconds of processor time, and requests per second."""

    web: float
    database: float
    rate: float


def run(options: argparse.Namespace) -> None:
    """Measure tokens, introspection and listings both ways; print times and ratios."""
    with ExitStack() as stack:
        url = stack.enter_context(database(os.environ["DATABASE_URL"]))
        seed = product_environment(url, free_port())
        print("Filling a database ...", flush=True)
        python(seed, str(ROOT / "manage.py"), "migrate", "-v0")
        token = json.loads(python(seed, "-m", "benchmarks.seed", *_SEED).splitlines()[-1])["token"]
        client = json.loads(python(seed, "-m", "benchmarks.seed_tokens").splitlines()[-1])
        targets, pids = {}, {}
        for switch in ("1", "0"):
            port = free_port()
            environment = product_environment(url, port) | {SWITCH: switch}
            pids[switch] = stack.enter_context(
                process(granian("portal.wsgi", port), environment, port)
            )
            targets[switch] = _targets(port, client, token)
        for title in targets["1"]:
            costs: dict[str, list[Cost]] = {"1": [], "0": []}
            for _ in range(options.rounds):
                for switch, found in costs.items():
                    target = targets[switch][title]
                    found.append(_cost(target, pids[switch], url, options))
            _report(title, costs)


def _targets(port: int, client: dict[str, str], token: str) -> dict[str, Target]:
    base = f"http://127.0.0.1:{port}"
    server = Server(
        "portal",
        f"{base}/oauth/token",
        f"{base}/oauth/introspect",
        client["client_id"],
        client["client_secret"],
        "cds_client_admin",
        0,
    )
    usage = f"{base}{_API}/usage-segments"
    print(f"A page of usage has {len(fetch(usage, token))} bytes")
    return {
        "token": server.token_target(),
        "introspection": server.introspection_target(),
        "page of usage": Target("usage", usage, token),
        "page of accounts": Target("accounts", f"{base}{_API}/accounts", token),
    }


def _backends(url: str) -> dict[int, float]:
    """Return the processor time that each backend of a database has taken, in seconds."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        ).fetchall()
    return {pid: cpu.seconds(pid) for (pid,) in rows}


def _cost(target: Target, pid: int, url: str, options: argparse.Namespace) -> Cost:
    measure(target, seconds=1, connections=options.connections)
    web, backends = cpu.seconds(pid), _backends(url)
    rate = measure(target, seconds=options.seconds, connections=options.connections)
    count = rate.requests * options.seconds
    after = _backends(url)
    return Cost(
        (cpu.seconds(pid) - web) * 1000 / count,
        sum(used - backends.get(each, 0.0) for each, used in after.items()) * 1000 / count,
        rate.requests,
    )


def _report(title: str, costs: dict[str, list[Cost]]) -> None:
    best = {}
    for switch, found in costs.items():
        # Whatever else runs here makes a request dearer, never cheaper.
        best[switch] = Cost(
            min(each.web for each in found),
            min(each.database for each in found),
            max(each.rate for each in found),
        )
        print(
            f"{title:18} {SWITCH}={switch}: {best[switch].rate:8.1f} requests/s, "
            f"{best[switch].web:6.2f} ms of the web process, "
            f"{best[switch].database:6.2f} ms of the database"
        )
    on, off = best["1"], best["0"]
    print(
        f"{title:18} off/on: web {off.web / on.web:.2f}, database {off.database / on.database:.2f}",
        flush=True,
    )
