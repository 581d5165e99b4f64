"""The demo in one foreground process: servers, tables, data, web, workers and beat."""

import hashlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from embedded import processes, services
from embedded.console import Refusal, box, say, step
from embedded.layout import Layout
from embedded.ports import LOOPBACK, is_free
from embedded.processes import MARKER, Program
from embedded.supervisor import StopRequested, Supervisor, stop_signals
from portal.background.queues import DEFAULT, FETCHES

READY_PATIENCE = 90.0
PAGES = (
    ("Portal", "/"),
    ("Documentation", "/docs/"),
    ("My sharing", "/sharing/"),
    ("Staff", "/admin/"),
    ("Emails sent", "/demo/mail/"),
)


def web_address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Return the host and port to listen on, from HOST and PORT. Raises Refusal for a bad port."""
    text = environment.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Refusal(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return environment.get("HOST") or LOOPBACK, int(text)


def refuse_taken_port(host: str, port: int) -> None:
    """Refuse if something else is listening on the port, before anything is started."""
    if not is_free(port, host=host):
        raise Refusal(
            f"Port {port} on {host} is already in use by another program. "
            f"Choose a free one: make demo PORT={port + 1}"
        )


def already_running(layout: Layout) -> str:
    """Return the message for a person who starts the demo a second time."""
    running = services.recorded(layout)
    if running is None:
        return f"A demo of this checkout is already starting ({layout.lock_file} is held)."
    where = f" at {running.base_url}" if running.base_url else ""
    return (
        f"A demo of this checkout is already running{where} (process {running.pid}). "
        "Stop it with Ctrl-C in its terminal or with: make stop"
    )


def demo() -> int:
    """Run the demo until Ctrl-C; return the exit code."""
    layout = Layout.of("demo")
    started = time.monotonic()
    with services.sole_runner(layout) as alone:
        if not alone:
            raise Refusal(already_running(layout))
        host, port = web_address(os.environ)
        processes.end_leftovers(layout.folder)
        refuse_taken_port(host, port)
        base_url = os.environ.get("BASE_URL") or f"http://{LOOPBACK}:{port}"
        with stop_signals(), Supervisor() as supervisor:
            try:
                _bring_up(layout, supervisor, host=host, port=port, base_url=base_url)
                say(announcement(base_url, layout, time.monotonic() - started))
                supervisor.watch()
            except StopRequested:
                say("\n  Stopping ...")
        say("  Stopped. The data is kept: make demo starts again with it, make clean deletes it.")
    return 0


def announcement(base_url: str, layout: Layout, seconds: float) -> str:
    """Return the box that says that the demo is ready and lists its addresses."""
    rows = [(label, f"{base_url}{path}") for label, path in PAGES]
    rows += [
        ("Sign in as", "ana@example.com, password demo-password-2026 (all logins: see above)"),
        ("Logs", str(layout.logs)),
        ("Note", "no proxy is in front of it: a few slow connections can stop it"),
        ("Stop", "Ctrl-C"),
    ]
    return box(f"The demo is ready ({seconds:.0f} s)", rows)


def _bring_up(
    layout: Layout, supervisor: Supervisor, *, host: str, port: int, base_url: str
) -> None:
    running = services.start(layout, supervisor, base_url=base_url)
    environment = services.environment(layout, running, demo=True)
    environment[MARKER] = str(layout.folder)
    environment.setdefault("EXTRA_HOSTS", "localhost")
    for folder in ("mail", "media"):
        (layout.local / folder).mkdir(exist_ok=True)
    with step("database tables"):
        _manage(layout, environment, "migrate", "--noinput", "--verbosity", "0")
    _collect_static(layout, environment)
    with step("demo data"):
        _manage(layout, environment, "demo", quiet=False)
    supervisor.expect_alive()
    with step("web server, workers and scheduler"):
        for program in portal_programs(layout, environment, host=host, port=port):
            supervisor.start(program)
        _wait_until_ready(supervisor, base_url=base_url, port=port)


def portal_programs(
    layout: Layout, environment: dict[str, str], *, host: str, port: int
) -> list[Program]:
    """Return the web server, both workers and beat as programs to supervise."""
    schedule = layout.folder / "beat-schedule"

    def forget_schedule() -> None:
        # A killed beat can leave a half-written file; every periodic task may run at once anyway.
        for path in layout.folder.glob(f"{schedule.name}*"):
            path.unlink(missing_ok=True)

    web = ["granian", "--interface", "wsgi", "--host", host, "--port", str(port)]
    web += ["--workers", "2", "--blocking-threads", "8", "--no-ws", "--respawn-failed-workers"]
    web += ["portal.wsgi:application"]
    beat = ["celery", "-A", "portal", "beat", "--schedule", str(schedule), "--pidfile", ""]
    return [
        _program(layout, environment, "web", web),
        _program(layout, environment, "worker", _worker("worker", DEFAULT)),
        _program(layout, environment, "fetcher", _worker("fetcher", FETCHES)),
        _program(layout, environment, "beat", beat, prepare=forget_schedule),
    ]


def _worker(name: str, queue: str) -> list[str]:
    worker = ["celery", "-A", "portal", "worker", "--queues", queue, "--concurrency", "2"]
    worker += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    return [*worker, "--hostname", f"{name}@%h"]


def _program(
    layout: Layout,
    environment: dict[str, str],
    name: str,
    module: list[str],
    prepare: Callable[[], None] | None = None,
) -> Program:
    return Program(
        name=name,
        argv=[sys.executable, "-m", *module],
        cwd=layout.checkout,
        env=environment,
        log=layout.logs / f"{name}.log",
        prepare=prepare,
    )


def _manage(layout: Layout, environment: dict[str, str], *command: str, quiet: bool = True) -> None:
    """Run a management command; if quiet, show its output only when it fails."""
    result = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=layout.checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if result.returncode:
        raise Refusal(
            f"{result.stdout or ''}\n`manage.py {command[0]}` failed "
            f"(exit code {result.returncode}); its output is above."
        )


def static_fingerprint(checkout: Path) -> str:
    """Return a hash that changes when a static file, the settings or a pinned package changes."""
    digest = hashlib.sha256()
    for name in ("requirements/demo.lock", "portal/settings.py"):
        path = checkout / name
        digest.update(path.read_bytes() if path.exists() else b"")
    # Skip hidden folders: .local/static is where the files are collected.
    for path in sorted(checkout.glob("[!.]*/static/**/*")):
        if path.is_file():
            state = path.stat()
            name = path.relative_to(checkout).as_posix()
            digest.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _collect_static(layout: Layout, environment: dict[str, str]) -> None:
    stamp = layout.folder / "static.stamp"
    fingerprint = static_fingerprint(layout.checkout)
    collected = layout.checkout / ".local" / "static"
    if collected.is_dir() and stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint:
        return
    with step("static files"):
        _manage(layout, environment, "collectstatic", "--noinput", "--verbosity", "0")
    stamp.write_text(fingerprint, encoding="ascii")


def _wait_until_ready(supervisor: Supervisor, *, base_url: str, port: int) -> None:
    """Return once /readyz answers 200; refuse with its last answer after READY_PATIENCE."""
    host = urlsplit(base_url).netloc
    deadline = time.monotonic() + READY_PATIENCE
    answer = "no answer"
    while time.monotonic() < deadline:
        supervisor.expect_alive()
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
        try:
            connection.request("GET", "/readyz", headers={"Host": host})
            response = connection.getresponse()
            body = response.read(500).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            answer = str(error)
        else:
            if response.status == 200:
                return
            answer = f"{response.status} {body}"
        finally:
            connection.close()
        time.sleep(0.1)
    raise Refusal(f"The portal did not become ready: /readyz says {answer}")
