"""`python -m embedded VERB`: the command that the Makefile uses."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from embedded import demo, services
from embedded.console import Refusal, say
from embedded.layout import CHECKOUT, Layout
from embedded.supervisor import (
    ChildDied,
    StopRequested,
    Supervisor,
    run_foreground,
    stop_signals,
)

PROFILES = ("demo", "test")


def with_services(argv: list[str], *, profile: str) -> int:
    """Run a command with the servers of a profile and return its exit code.

    If both URLs are in the environment, nothing is started; if the profile's servers are already
    running (a demo in another terminal), they are used.
    """
    layout = Layout.of(profile)
    demo_settings = profile == "demo"
    with services.sole_runner(layout) as alone, stop_signals(), Supervisor() as supervisor:
        if alone:
            running = services.start(layout, supervisor)
        elif demo_settings and (attached := services.recorded(layout)) is not None:
            running = attached
        else:
            raise Refusal(
                "The embedded test servers of this checkout are in use by another run. Wait for it "
                "to finish, set DATABASE_URL and REDIS_URL, or stop it with: make stop"
            )
        environment = services.environment(layout, running, demo=demo_settings)
        return run_foreground(argv, env=environment, supervisor=supervisor)


def stop() -> int:
    """Stop the demo and a test run of this checkout."""
    stopped = [name for name in PROFILES if services.stop(Layout.of(name))]
    say(f"Stopped: {', '.join(stopped)}" if stopped else "Nothing was running.")
    return 0


def clean() -> int:
    """Stop everything and delete the data, including root's folder outside the checkout."""
    stop()
    layout = Layout.of("demo")
    if layout.server_folder_record.exists():
        folder = Path(layout.server_folder_record.read_text(encoding="utf-8").strip())
        if (folder / "checkout").exists():
            shutil.rmtree(folder)
    shutil.rmtree(layout.local)
    say(f"Deleted {layout.local}")
    return 0


USAGE = """\
usage: python -m embedded VERB

  demo          run the whole portal with demo data until Ctrl-C (PORT, HOST)
  test [ARGS]   run pytest with these arguments and the embedded servers
  run -- CMD    run any command with the demo's servers and environment
  stop          stop a demo or test run of this checkout
  clean         stop, and delete all data of this checkout"""


PLAIN_VERBS: Mapping[str, Callable[[], int]] = {"demo": demo.demo, "stop": stop, "clean": clean}


def main(argv: list[str]) -> int:
    """Run the verb; a Refusal becomes one clear line and exit code 2."""
    # Root's servers run as another user, who must be able to enter the folders that we create.
    os.umask(0o022)
    os.chdir(CHECKOUT)
    verb, words = (argv[0], argv[1:]) if argv else ("", [])
    command = words[1:] if words[:1] == ["--"] else words
    try:
        if verb == "test":
            # Not parsed here, since pytest's own options follow.
            pytest = [sys.executable, "-m", "pytest", *command]
            return with_services(pytest, profile="test")
        if verb == "run" and command:
            return with_services(command, profile="demo")
        if verb in PLAIN_VERBS and not words:
            return PLAIN_VERBS[verb]()
        say(USAGE)
        return 0 if verb in {"-h", "--help", "help"} else 2
    except (Refusal, ChildDied) as refusal:
        say(f"\n{refusal}")
        return 2
    except (StopRequested, KeyboardInterrupt):
        return 130


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
