"""The usage listing against nginx with the same bytes and a plain serializer."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Rate, Target
from benchmarks.servers import (
    ROOT,
    database,
    fetch,
    free_port,
    granian,
    process,
    product_environment,
    python,
    rounds,
)

LISTING = "/cds-customerdata-api/v1/usage-segments"
MEMORY_REQUESTS = 30
# The same page from memory (benchmarks.ceiling), by what stands in front of it.
CEILINGS = {"web server alone": "bare", "token, from memory": "wsgi"}
_LIMIT = (
    "nginx lets the kernel send a file that is already there, to anybody. What is left of its rate "
    "once the web server, and then the token and the rate limits, have had their share stands "
    "above; the rest is the walk over the Grant's packs, reading their text and opening it."
)


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


@dataclass(frozen=True, slots=True)
class Shape:
    """What a page of about 300,000 values is made of."""

    name: str
    contracts: int
    months: int
    formats: int


SHAPES = (
    Shape("Many segments of one format", contracts=4, months=25, formats=1),
    Shape("Net, forward and reverse of two homes", contracts=2, months=17, formats=3),
)


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


def seed(environment: dict[str, str], shape: Shape) -> str:
    """Migrate and fill the database; return a token."""
    python(environment, str(ROOT / "manage.py"), "migrate", "-v0")
    numbers = map(str, (shape.contracts, shape.months, shape.formats))
    printed = python(environment, "-m", "benchmarks.seed", *numbers)
    token: str = json.loads(printed.splitlines()[-1])["token"]
    return token


def fill_baseline(environment: dict[str, str], page: Path) -> None:
    """Store the product's page as rows of the baseline."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.baseline.fill", str(page)],
        cwd=ROOT,
        env=environment,
        check=True,
    )


def run(options: argparse.Namespace) -> None:
    """Measure both shapes of a page and print the ratios."""
    for shape in SHAPES:
        run_shape(options, shape)


def run_shape(options: argparse.Namespace, shape: Shape) -> None:
    """Measure one shape of a page."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        raise SystemExit("nginx is needed for the comparison (Debian: apt-get install nginx-light)")
    ports = {name: free_port() for name in ("product", "baseline", "nginx", *CEILINGS)}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(database(os.environ["DATABASE_URL"]))
        environment = product_environment(url, ports["product"])
        print(f"\n{shape.name}: filling a database ...", flush=True)
        token = seed(environment, shape)
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
        values = sum(len(sets) for segment in segments for sets in segment["values"])
        (folder / "www").mkdir()
        (folder / "www" / "page.json").write_bytes(page)
        fill_baseline(environment, folder / "www" / "page.json")
        in_memory = environment | {"BENCH_PAGE": str(folder / "www" / "page.json")}
        for name, module in CEILINGS.items():
            command = granian(f"benchmarks.ceiling.{module}", ports[name])
            stack.enter_context(process(command, in_memory, ports[name]))
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
            Target("portal, gzip", url, token, encoding="gzip"),
            *(Target(n, f"http://127.0.0.1:{ports[n]}{LISTING}", token) for n in CEILINGS),
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
    portal, nginx = result["portal"].requests, result["nginx"].requests
    print(f"portal / nginx             {portal / nginx:8.3f}   (target 0.2)")
    for name in CEILINGS:
        print(f"{name + ' / nginx':26} {result[name].requests / nginx:8.3f}")
    plain = portal / result["plain serializer"].requests
    print(f"portal / plain serializer  {plain:8.1f}   (target 40)")
    packed = result["portal, gzip"]
    saved = result["portal"].megabytes / portal / (packed.megabytes / packed.requests)
    kept = packed.requests / portal
    print(f"with gzip: bytes divided by {saved:.1f}, {kept:.2f} of the pages/s")
    print(f"limit of the portal: {_LIMIT}")
    growth = peak - before
    print(f"memory of the worker: +{growth:.1f} MB over {values}-value pages (target 20)")
