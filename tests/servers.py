"""Real servers for tests: what a proxy or a web server does cannot be seen from inside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(words: list[str], port: int, environment: Mapping[str, str]) -> Iterator[None]:
    """Run a program until the block ends; enter it once somebody listens on the port."""
    program = subprocess.Popen(words, cwd=ROOT, env=dict(environment))
    try:
        deadline = time.monotonic() + PATIENCE
        while not _listens(port):
            assert program.poll() is None, f"{words[0]} ended with {program.returncode}"
            assert time.monotonic() < deadline, f"{words[0]} does not listen on port {port}"
            time.sleep(0.1)
        yield
    finally:
        program.send_signal(signal.SIGTERM)
        try:
            program.wait(20)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


@contextmanager
def granian(**environment: str) -> Iterator[int]:
    """Serve the portal on the test's database as in production, with one worker; yield the port."""
    port = free_port()
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", "portal.wsgi:application"]
    words += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-ws"]
    words += ["--blocking-threads", environment.pop("THREADS", "4")]
    # Not the settings of the tests: those set the environment anew.
    named = {"DJANGO_SETTINGS_MODULE": "portal.settings", "DATABASE_URL": _database()}
    named |= {"LOG_LEVEL": "ERROR", "EXTRA_HOSTS": "127.0.0.1"}
    with running(words, port, {**os.environ, **named, **environment}):
        yield port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _database() -> str:
    facts = connection.settings_dict
    who = ":".join(quote(str(facts[key]), safe="") for key in ("USER", "PASSWORD") if facts[key])
    return f"postgres://{who}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"
