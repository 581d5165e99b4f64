"""Databases, servers and rounds that all comparisons share."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.load import Rate, Target, measure

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def database(url: str, purpose: str = "portal") -> Iterator[str]:
    """Create a database of our own beside the given one and drop it afterwards."""
    name = f"cds_bench_{purpose}_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def process(words: list[str], environment: dict[str, str], port: int) -> Iterator[int]:
    """Run a server until the block ends; yield its process id once it listens."""
    child = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, child)
        yield child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def _wait_for(port: int, child: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if child.poll() is not None:
            raise SystemExit(f"{child.args!r} ended with {child.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def granian(module: str, port: int) -> list[str]:
    """Return the command of one worker."""
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", f"{module}:application"]
    return [*words, "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-ws"]


def fetch(url: str, token: str = "") -> bytes:
    """Return a body."""
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as response:
        body: bytes = response.read()
        return body


def python(environment: dict[str, str], *words: str) -> str:
    """Run the interpreter with these words; return what it prints."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def product_environment(url: str, port: int) -> dict[str, str]:
    """Return the environment of the product: as in production, with limits out of the way."""
    return dict(os.environ) | {
        "DATABASE_URL": url,
        "BASE_URL": f"http://127.0.0.1:{port}",
        "DEBUG": "0",
        "LOG_LEVEL": "ERROR",
        "RATE_API": "10000000/min",
        "RATE_API_CREDENTIAL": "10000000/min",
        "RATE_TOKEN": "10000000/min",
        "RATE_BODIES": "10000000/min",
    }


def rounds(targets: list[Target], count: int, seconds: float, connections: int) -> dict[str, Rate]:
    """Measure all targets in turn, several times; return the medians."""
    found: dict[str, list[Rate]] = {target.name: [] for target in targets}
    for number in range(count):
        for target in targets:
            rate = measure(target, seconds=seconds, connections=connections)
            found[target.name].append(rate)
            print(
                f"  round {number + 1}: {target.name}: {rate.requests:.1f} requests/s, "
                f"{rate.megabytes:.1f} MB/s",
                flush=True,
            )
    return {
        name: Rate(
            statistics.median(r.requests for r in rates),
            statistics.median(r.megabytes for r in rates),
        )
        for name, rates in found.items()
    }
