"""The two servers of a profile: start, attach, environment, stop."""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from embedded import layout as places
from embedded import processes, secrets_file
from embedded.console import Refusal, say, step
from embedded.layout import Layout
from embedded.ports import choose
from embedded.postgres import Postgres, PostgresError, wanted_wheels
from embedded.supervisor import Supervisor
from embedded.valkey import Valkey, ValkeyError

ATTEMPTS = 3
PAYMENT_INSTRUCTIONS = (
    "Transfer the amount to Demo Gas & Electric, account 0000 123 456 at the Demo Bank, and quote "
    "the reference number. No money moves in this demo: its staff say when the payment has arrived."
)


@dataclass(frozen=True, slots=True)
class Services:
    """Where the servers are, as recorded in `.local/<profile>/services.json`."""

    database_url: str
    redis_url: str
    pid: int
    postgres_port: int | None = None
    valkey_port: int | None = None
    base_url: str = ""


def recorded(layout: Layout) -> Services | None:
    """Return what the last run of the profile recorded, or None."""
    try:
        return Services(**json.loads(layout.services_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def record(layout: Layout, services: Services) -> None:
    """Record the servers for `run`, `stop` and the next start; the file contains passwords."""
    secrets_file.write_private(layout.services_file, json.dumps(asdict(services), indent=2) + "\n")


@contextmanager
def sole_runner(layout: Layout) -> Iterator[bool]:
    """Hold the profile's lock and yield True, or yield False when another process holds it."""
    with layout.lock_file.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def start(layout: Layout, supervisor: Supervisor, *, base_url: str = "") -> Services:
    """Start the servers that the environment does not name and record them.

    DATABASE_URL and REDIS_URL take precedence: a server whose URL is set is not started.
    """
    before = recorded(layout) or Services(database_url="", redis_url="", pid=0)
    # Recorded from the start, so that `stop` can reach us while the servers are starting.
    record(layout, replace(before, pid=os.getpid(), base_url=base_url))
    count = processes.end_leftovers(layout.folder)
    if count:
        say(f"  ended {count} process(es) left over from a killed run")
    database_url = os.environ.get("DATABASE_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    postgres_port = before.postgres_port
    valkey_port = before.valkey_port
    account = processes.server_account()
    if not database_url:
        with step("PostgreSQL"):
            postgres_port, database_url = start_postgres(
                layout, supervisor, account=account, preferred=postgres_port
            )
    if not redis_url:
        with step("Valkey"):
            valkey_port, redis_url = start_valkey(
                layout, supervisor, account=account, preferred=valkey_port
            )
    services = Services(
        database_url=database_url,
        redis_url=redis_url,
        pid=os.getpid(),
        postgres_port=postgres_port,
        valkey_port=valkey_port,
        base_url=base_url,
    )
    record(layout, services)
    return services


def start_postgres(
    layout: Layout,
    supervisor: Supervisor,
    *,
    account: processes.Account | None,
    preferred: int | None,
) -> tuple[int, str]:
    """Start PostgreSQL from the first wheel that works; return its port and DATABASE_URL."""
    home = places.server_folder(layout, account)
    failures = []
    for wheel in wanted_wheels():
        server = Postgres.prepare(
            wheel,
            home=home,
            profile=layout.profile,
            account=account,
            log=layout.logs / "postgres.log",
        )
        try:
            server.initialise()
            return _run_postgres(server, supervisor, preferred)
        except (PostgresError, OSError) as error:
            failures.append(str(error))
            say(f"  PostgreSQL of the wheel {wheel.module} does not work here: {error}")
    raise Refusal(
        "No embedded PostgreSQL works on this machine. Set DATABASE_URL to a server. Log: "
        f"{layout.logs / 'postgres.log'}"
    )


def _run_postgres(
    server: Postgres, supervisor: Supervisor, preferred: int | None
) -> tuple[int, str]:
    failure = PostgresError("not started")
    for attempt in range(ATTEMPTS):
        # The port was free a moment ago; a second attempt uses another one.
        port = choose(preferred if attempt == 0 else None)
        supervisor.start(server.program(port))
        try:
            server.wait_until_ready(port, alive=lambda: _is_running(supervisor, "postgres"))
            server.create_database(port)
        except PostgresError as error:
            supervisor.stop_one("postgres")
            failure = error
            if not server.durable:
                server.discard()
                server.initialise()
        else:
            return port, server.url(port)
    raise failure


def start_valkey(
    layout: Layout,
    supervisor: Supervisor,
    *,
    account: processes.Account | None,
    preferred: int | None,
) -> tuple[int, str]:
    """Start Valkey, if necessary without the snapshot, which it may have refused to read."""
    home = places.server_folder(layout, account)
    server = Valkey.prepare(
        home=home, profile=layout.profile, account=account, log=layout.logs / "valkey.log"
    )
    for attempt in range(ATTEMPTS):
        port = choose(preferred if attempt == 0 else None)
        supervisor.start(server.program(port))
        try:
            server.wait_until_ready(port, alive=lambda: _is_running(supervisor, "valkey"))
        except ValkeyError:
            supervisor.stop_one("valkey")
            # The first failure may be due to the port.
            if attempt > 0:
                server.discard()
        else:
            return port, server.url(port)
    raise Refusal(
        "The embedded Valkey does not start. Set REDIS_URL to a server. Log: "
        f"{layout.logs / 'valkey.log'}"
    )


def _is_running(supervisor: Supervisor, name: str) -> bool:
    return supervisor.children[name].process.poll() is None


def environment(layout: Layout, services: Services, *, demo: bool) -> dict[str, str]:
    """Return the environment of a child: our values, overridden by what the caller has set.

    DATABASE_URL and REDIS_URL are already the caller's if set. A test run gets only the servers:
    tests/settings.py gives it fixed keys and folders.
    """
    ours: dict[str, str] = {}
    if demo:
        port = os.environ.get("PORT") or "8000"
        ours |= {
            **secrets_file.load_or_create(layout.secrets_file),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "BASE_URL": services.base_url or f"http://127.0.0.1:{port}",
            "DEBUG": "0",
            "DEMO": "1",
            "MAIL_DIR": str(layout.local / "mail"),
            "MEDIA_ROOT": str(layout.local / "media"),
            "PAYMENT_INSTRUCTIONS": PAYMENT_INSTRUCTIONS,
        }
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    fixed = {
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
        "PATH": path,
        "PYTHONUNBUFFERED": "1",
    }
    environment = {**ours, **os.environ, **fixed}
    if not demo:
        # Importing this package has set it (portal/celery.py); pytest has its own settings.
        environment.pop("DJANGO_SETTINGS_MODULE", None)
    return environment


def stop(layout: Layout, *, patience: float = 45) -> bool:
    """Ask the process that runs the profile to stop; return False if none was running.

    Raises Refusal when it does not end within `patience` seconds.
    """
    with sole_runner(layout) as alone:
        if alone:
            return processes.end_leftovers(layout.folder) > 0
    services = recorded(layout)
    if services is None:
        raise Refusal(
            f"A process holds {layout.lock_file} but has not recorded anything yet. Try again."
        )
    os.kill(services.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with sole_runner(layout) as alone:
            if alone:
                return True
        time.sleep(0.1)
    raise Refusal(f"Process {services.pid} does not end. Kill it with: kill -9 {services.pid}")
