"""Terminal output: progress with elapsed seconds, one box, clear refusals."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

Say = Callable[[str], None]


class Refusal(Exception):
    """The command cannot continue; the text says why and what to do, without a traceback."""


def say(line: str) -> None:
    """Write one line immediately, even if the output goes to a file or a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step and, when it is done, the seconds it took."""
    started = time.monotonic()
    say(f"  ... {what}")
    yield
    say(f"  ok  {what} ({time.monotonic() - started:.1f} s)")


def box(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return a framed block of labeled lines under a title."""
    label_width = max(len(label) for label, _ in rows)
    lines = [f"{label:<{label_width}}  {value}".rstrip() for label, value in rows]
    width = max(len(line) for line in [title, *lines])
    rule = "+" + "-" * (width + 2) + "+"
    body = [f"| {line:<{width}} |" for line in [title, "", *lines]]
    return "\n".join([rule, *body, rule])
