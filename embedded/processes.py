"""Starting, finding and ending operating system processes."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Names the profile folder in the environment of everything we supervise, so that processes that
# survive a `kill -9` of the supervisor can be told apart from others.
MARKER = "PORTAL_EMBEDDED"
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system user that servers run as when we are root."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Return `nobody` for root, because PostgreSQL refuses to run as root; else None."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


@dataclass(frozen=True, slots=True)
class Program:
    """One command to keep running; `prepare` is called before each start."""

    name: str
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    log: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    prepare: Callable[[], None] | None = None


def end_with_parent(signal_number: int) -> Callable[[], None]:
    """Return a function that makes a child receive the signal when its parent dies (Linux)."""

    def ask_kernel() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, signal_number)

    return ask_kernel


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """Start a program in its own session, with its output appended to its log.

    In its own session, it does not receive a Ctrl-C at the terminal before us: we stop programs in
    order. The death signal is set after the change of user, which would clear it.
    """
    if program.prepare is not None:
        program.prepare()
    program.log.parent.mkdir(parents=True, exist_ok=True)
    account = program.account
    with program.log.open("ab") as log:
        return subprocess.Popen(
            list(program.argv),
            cwd=program.cwd,
            env=dict(program.env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=end_with_parent(program.stop_signal),
        )


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    input_text: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end and return its output, including errors."""
    return subprocess.run(
        list(argv),
        cwd=cwd,
        env=dict(env),
        input=input_text if input_text is not None else "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def signal_group(process: subprocess.Popen[bytes], signal_number: int) -> None:
    """Send a signal to a program and to everything it started in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal_number)


def is_alive(pid: int) -> bool:
    """Return whether a process with this id exists, whoever owns it; zombies count as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return not Path("/proc/self").exists()


def command_of(pid: int) -> str:
    """Return the command line of a process, or "" if it is gone or not visible to us."""
    path = Path(f"/proc/{pid}/cmdline")
    if path.exists():
        try:
            return path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    if sys.platform == "linux":
        return ""
    listing = run(["ps", "-o", "command=", "-p", str(pid)], cwd=Path("/"), env=os.environ)
    return listing.stdout.strip()


def end(pid: int, *, signal_number: int = signal.SIGTERM, patience: float = 10) -> None:
    """Ask a process that is not our child to end; kill it after `patience` seconds."""
    for attempt in (signal_number, signal.SIGKILL):
        try:
            os.kill(pid, attempt)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return
            time.sleep(0.05)


def marked(folder: Path) -> list[int]:
    """Return the ids of processes that were started for the profile in `folder` (Linux only)."""
    wanted = f"{MARKER}={folder}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in environment and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def end_leftovers(folder: Path) -> int:
    """End what an earlier, killed supervisor of this profile left behind; return how many."""
    leftovers = marked(folder)
    for pid in leftovers:
        end(pid, patience=5)
    return len(leftovers)
