"""Keeps child programs running in the foreground, and ends them all in order when we end."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType, TracebackType

from embedded.console import Say, say
from embedded.processes import Program, signal_group, spawn

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# More deaths than this within the window mean that restarting will not help.
DEATHS_ALLOWED = 3
DEATHS_WINDOW = 60.0
PATIENCE = 15.0
# Stop signals that arrive within this many seconds count as one.
SAME_SIGNAL = 2.0


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal; not an Exception, so that no handler swallows it."""


class ChildDied(Exception):
    """A program ended on its own and is not restarted; the text shows its last lines."""


@dataclass(slots=True)
class Child:
    """One running program and when it died before."""

    program: Program
    process: subprocess.Popen[bytes]
    deaths: deque[float] = field(default_factory=deque)


def last_lines(program: Program, count: int = 15) -> str:
    """Return the end of a program's log, indented."""
    try:
        text = program.log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-count:])


def ending(returncode: int) -> str:
    """Describe how a process ended."""
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"


class Supervisor:
    """Owns the child programs; leaving its `with` block ends them, last started first."""

    def __init__(self, *, report: Say = say) -> None:
        self.children: dict[str, Child] = {}
        self._report = report

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        """Start and supervise a program with a new log; the previous log is kept next to it."""
        if program.log.exists():
            program.log.replace(program.log.with_name(f"{program.log.name}.1"))
        self.children[program.name] = Child(program, spawn(program))

    def stop_one(self, name: str) -> None:
        """End one program and stop supervising it."""
        child = self.children.pop(name)
        _end([child], PATIENCE)

    def expect_alive(self) -> None:
        """Raise ChildDied if any program has ended; used until everything is up."""
        for child in self.children.values():
            if child.process.poll() is not None:
                raise ChildDied(self._obituary(child))

    def restart_dead(self) -> None:
        """Report and restart programs that died; raise ChildDied for one that keeps dying."""
        now = time.monotonic()
        for child in self.children.values():
            if child.process.poll() is None:
                continue
            child.deaths.append(now)
            while child.deaths[0] < now - DEATHS_WINDOW:
                child.deaths.popleft()
            if len(child.deaths) > DEATHS_ALLOWED:
                raise ChildDied(self._obituary(child))
            self._report(f"{self._obituary(child)}\n  Starting {child.program.name} again.")
            # Processes that the dead program started must not run beside its successor.
            signal_group(child.process, signal.SIGKILL)
            child.process = spawn(child.program)

    def watch(self, *, interval: float = 0.5) -> None:
        """Watch and restart programs until a stop signal arrives, which raises StopRequested."""
        while True:
            self.restart_dead()
            time.sleep(interval)

    def stop(self) -> None:
        """End all programs, last started first, each only after those that use it."""
        children = list(self.children.values())
        self.children.clear()
        with impatient(children):
            services = [child for child in children if child.program.name in SERVICES]
            _end([child for child in children if child not in services], PATIENCE)
            _end(services, PATIENCE)

    def _obituary(self, child: Child) -> str:
        program = child.program
        return (
            f"  {program.name} stopped unexpectedly ({ending(child.process.returncode)}). "
            f"Last lines of {program.log}:\n{last_lines(program)}"
        )


# Ended after everything else, because everything else uses them.
SERVICES = frozenset({"postgres", "valkey"})


def _end(children: list[Child], patience: float) -> None:
    """Ask the programs to end together; kill those that do not, with all they started."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(child.program.stop_signal)
    deadline = time.monotonic() + patience
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.1, deadline - time.monotonic()))
        signal_group(child.process, signal.SIGKILL)
        child.process.wait()


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turn stop signals into StopRequested; a second one while stopping is left to `impatient`."""

    def request_stop(number: int, frame: FrameType | None) -> None:
        for one in STOP_SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise StopRequested

    before = {one: signal.signal(one, request_stop) for one in STOP_SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def impatient(children: list[Child]) -> Iterator[None]:
    """While programs are ending, let a second Ctrl-C kill them immediately.

    Not right away: `make` and process groups deliver one stop signal twice.
    """
    started = time.monotonic()

    def kill_all(number: int, frame: FrameType | None) -> None:
        if time.monotonic() - started < SAME_SIGNAL:
            return
        for child in children:
            signal_group(child.process, signal.SIGKILL)

    before = {one: signal.signal(one, kill_all) for one in STOP_SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def run_foreground(argv: list[str], *, env: dict[str, str], supervisor: Supervisor) -> int:
    """Run a command at the terminal until it ends and return its exit code.

    Ctrl-C reaches the command directly; we wait for it, as a shell does. SIGTERM is passed on.
    """
    process = subprocess.Popen(argv, env=env)

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
        signal.SIGHUP: signal.signal(signal.SIGHUP, pass_on),
    }
    try:
        while True:
            try:
                code = process.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                supervisor.restart_dead()
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        for one, handler in before.items():
            signal.signal(one, handler)
    return code if code >= 0 else 128 - code
