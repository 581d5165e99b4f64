"""`make bench`: the usage listing against nginx with the same bytes and a plain serializer.

One worker each, keep-alive connections, warm, rounds in turn, medians. Prints ratios.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.load import Rate, Target, measure

ROOT = Path(__file__).resolve().parent.parent
LISTING = "/cds-customerdata-api/v1/usage-segments"
MEMORY_REQUESTS = 30


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def database(url: str) -> Iterator[str]:
    """Create a database of our own beside the given one and drop it afterwards."""
    name = f"cds_bench_{os.getpid()}"
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


def nginx_configuration(folder: Path, port: int) -> Path:
    """Write the configuration of one worker that serves one file."""
    file = folder / "nginx.conf"
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file.write_text(
        f"worker_processes 1; daemon off; pid {folder}/pid; error_log stderr;\n"
        "events { worker_connections 64; }\n"
        f"http {{ access_log off; sendfile on; keepalive_requests 100000000; {paths}\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/www; "
        "default_type application/json; } }"
    )
    return file


def fetch(url: str, token: str = "") -> bytes:
    """Return a body."""
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as response:
        body: bytes = response.read()
        return body


def worker_memory(parent: int) -> float:
    """Return the largest resident memory among a server's processes, in MB."""
    sizes = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(
                line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line
            )
        except OSError:
            continue
        if parent in (int(fields["PPid"]), int(fields["Pid"])) and "VmRSS" in fields:
            sizes.append(int(fields["VmRSS"].split()[0]) / 1024)
    return max(sizes)


def seed(environment: dict[str, str]) -> str:
    """Migrate and fill the database; return a token."""
    manage = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v0"]
    subprocess.run(manage, cwd=ROOT, env=environment, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.seed"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    token: str = json.loads(done.stdout.splitlines()[-1])["token"]
    return token


def fill_baseline(environment: dict[str, str], page: Path) -> None:
    """Store the product's page as rows of the baseline."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.baseline.fill", str(page)],
        cwd=ROOT,
        env=environment,
        check=True,
    )


def rounds(targets: list[Target], count: int, seconds: float, connections: int) -> dict[str, Rate]:
    """Measure all targets in turn, several times; return the medians."""
    found: dict[str, list[Rate]] = {target.name: [] for target in targets}
    for number in range(count):
        for target in targets:
            rate = measure(target, seconds=seconds, connections=connections)
            found[target.name].append(rate)
            print(f"  round {number + 1}: {target.name}: {rate.megabytes:.1f} MB/s", flush=True)
    return {
        name: Rate(
            statistics.median(r.requests for r in rates),
            statistics.median(r.megabytes for r in rates),
        )
        for name, rates in found.items()
    }


def main() -> None:
    """Run everything and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of one run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=2)
    options = parser.parse_args()
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        raise SystemExit("nginx is needed for the comparison (Debian: apt-get install nginx-light)")
    ports = {name: free_port() for name in ("product", "baseline", "nginx")}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = dict(os.environ) | {
            "DATABASE_URL": stack.enter_context(database(os.environ["DATABASE_URL"])),
            "BASE_URL": f"http://127.0.0.1:{ports['product']}",
            "DEBUG": "0",
            "LOG_LEVEL": "ERROR",
            "RATE_API": "10000000/min",
        }
        print(
            "Filling a database with 4 contracts of 25 months of 15-minute values ...", flush=True
        )
        token = seed(environment)
        product = stack.enter_context(
            process(granian("portal.wsgi", ports["product"]), environment, ports["product"])
        )
        url = f"http://127.0.0.1:{ports['product']}{LISTING}"
        fetch(url, token)
        before = worker_memory(product)
        page = fetch(url, token)
        peak = 0.0
        for _ in range(MEMORY_REQUESTS):
            fetch(url, token)
            peak = max(peak, worker_memory(product))
        segments = json.loads(page)["usage_segments"]
        values = sum(len(segment["values"]) for segment in segments)
        (folder / "www").mkdir()
        (folder / "www" / "page.json").write_bytes(page)
        fill_baseline(environment, folder / "www" / "page.json")
        stack.enter_context(
            process(
                granian("benchmarks.baseline.wsgi", ports["baseline"]),
                environment,
                ports["baseline"],
            )
        )
        configuration = nginx_configuration(folder, ports["nginx"])
        folder.chmod(0o755)
        stack.enter_context(
            process(
                [nginx, "-c", str(configuration), "-p", str(folder)], environment, ports["nginx"]
            )
        )
        targets = [
            Target("portal", url, token),
            Target("nginx", f"http://127.0.0.1:{ports['nginx']}/page.json"),
            Target("plain serializer", f"http://127.0.0.1:{ports['baseline']}/segments"),
        ]
        print(f"One page: {len(segments)} segments, {values} values, {len(page) / 1e6:.2f} MB")
        result = rounds(targets, options.rounds, options.seconds, options.connections)
    report(result, before, peak, values)


def report(result: dict[str, Rate], before: float, peak: float, values: int) -> None:
    """Print medians, ratios and memory."""
    for name, rate in result.items():
        print(f"{name:18} {rate.requests:10.2f} pages/s {rate.megabytes:10.1f} MB/s")
    portal = result["portal"].requests
    print(f"portal / nginx            {portal / result['nginx'].requests:8.3f}   (target 0.2)")
    plain = portal / result["plain serializer"].requests
    print(f"portal / plain serializer {plain:8.1f}   (target 40)")
    growth = peak - before
    print(f"memory of the worker: +{growth:.1f} MB over {values}-value pages (target 20)")


if __name__ == "__main__":
    main()
