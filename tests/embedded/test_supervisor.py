"""Child programs are kept, reported and ended; none outlives its supervisor."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedded import processes
from embedded.layout import CHECKOUT
from embedded.processes import Program
from embedded.supervisor import DEATHS_ALLOWED, ChildDied, Supervisor


def python_program(tmp_path: Path, name: str, code: str) -> Program:
    """Return a program that runs a few lines of Python."""
    return Program(
        name=name,
        argv=[sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ,
        log=tmp_path / f"{name}.log",
    )


def wait_for(condition, *, seconds: float = 30):
    """Return the first true value of the condition; fail when time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail("waited in vain")


def test_leaving_ends_the_program_and_what_it_started(tmp_path):
    """A worker's own children must not keep running."""
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    program = python_program(tmp_path, "parent", code)
    with Supervisor() as supervisor:
        supervisor.start(program)
        grandchild = int(wait_for(lambda: program.log.read_text().strip()))
        own = supervisor.children["parent"].process.pid
    wait_for(lambda: not processes.is_alive(grandchild))
    assert not processes.is_alive(own)


def test_a_death_is_reported_with_the_last_lines_and_started_again(tmp_path):
    """The person at the terminal learns why, and the demo goes on."""
    told: list[str] = []
    program = python_program(tmp_path, "worker", "print('out of luck'); raise SystemExit(3)")
    with Supervisor(report=told.append) as supervisor:
        supervisor.start(program)
        supervisor.children["worker"].process.wait()
        supervisor.restart_dead()
        assert supervisor.children["worker"].deaths
    assert "worker stopped unexpectedly (exit code 3)" in told[0]
    assert "out of luck" in told[0]


def test_a_program_that_keeps_dying_ends_the_run(tmp_path):
    """Starting again for ever would hide a broken portal."""
    with Supervisor(report=lambda _: None) as supervisor:
        supervisor.start(python_program(tmp_path, "worker", "raise SystemExit(1)"))
        for _ in range(DEATHS_ALLOWED):
            supervisor.children["worker"].process.wait()
            supervisor.restart_dead()
        supervisor.children["worker"].process.wait()
        with pytest.raises(ChildDied, match="worker stopped unexpectedly"):
            supervisor.restart_dead()


def test_a_death_before_everything_is_up_is_not_retried(tmp_path):
    """At start a death is a broken configuration, to be seen at once."""
    with Supervisor() as supervisor:
        supervisor.start(python_program(tmp_path, "web", "raise SystemExit(1)"))
        supervisor.children["web"].process.wait()
        with pytest.raises(ChildDied, match="web stopped unexpectedly"):
            supervisor.expect_alive()


def test_the_log_of_the_run_before_is_kept(tmp_path):
    """After an accident people start again first and look at the log then."""
    with Supervisor() as supervisor:
        program = python_program(tmp_path, "web", "print('hello')")
        program.log.write_text("the run before")
        supervisor.start(program)
    assert program.log.with_name("web.log.1").read_text() == "the run before"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal")
def test_killing_the_supervisor_leaves_no_orphan(tmp_path):
    """A supervisor killed with -9 cannot clean up: the kernel ends its programs."""
    code = (
        "import os, sys, time\nfrom pathlib import Path\n"
        "from embedded.processes import Program\n"
        "from embedded.supervisor import Supervisor\n"
        "supervisor = Supervisor()\nhere = Path(sys.argv[1])\n"
        "argv = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "supervisor.start(Program('x', argv, here, os.environ, here / 'x.log'))\n"
        "print(supervisor.children['x'].process.pid, flush=True)\ntime.sleep(60)"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    )
    assert supervisor.stdout is not None
    orphan = int(supervisor.stdout.readline())
    supervisor.stdout.close()
    assert processes.is_alive(orphan)
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_for(lambda: not processes.is_alive(orphan))
