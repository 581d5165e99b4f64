"""One deadline for a whole request to another server.

Socket timeouts apply to single reads: a server that sends a byte now and then never exceeds them,
nor do name servers, redirects and retries that add up. A deadline covers all of it. An inner
deadline is never later than the one around it.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_LATE = "the answer takes too long"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, which is never adjusted."""

    end: float

    def left(self) -> float:
        """Return the remaining seconds. Raises TimeoutError if there are none."""
        seconds = self.end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError(_LATE)
        return seconds


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """Set a deadline for everything inside: in `seconds`, or that of an outer block if earlier."""
    mine, outer = Deadline(time.monotonic() + seconds), _current.get()
    if outer is not None and outer.end < mine.end:
        mine = outer
    token = _current.set(mine)
    try:
        yield mine
    finally:
        _current.reset(token)


Resolve = Callable[[str, int], list[str]]


def system_resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a host. Raises OSError and UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses_of(
    host: str, port: int, deadline: Deadline, *, resolve: Resolve = system_resolve
) -> list[str]:
    """Return the addresses of a host.

    The system's lookup has no time limit and cannot be canceled, so it runs in a thread; an
    abandoned thread ends when the system's resolver gives up. Raises OSError (TimeoutError when the
    time is up) and UnicodeError.
    """
    outcome: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            outcome.set_result(resolve(host, port))
        except Exception as error:  # belongs to the caller, wherever it is raised
            outcome.set_exception(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return outcome.result(timeout=deadline.left())


def connected(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    """Return a connection to the first address that accepts one; they share the time evenly.

    Raises OSError.
    """
    refusal: OSError = OSError("the host has no address")
    for number, address in enumerate(addresses):
        share = deadline.left() / (len(addresses) - number)
        try:
            return socket.create_connection((address, port), timeout=share)
        except OSError as error:
            refusal = error
    raise refusal


class Watchdog:
    """Closes a connection at its deadline, even while a thread waits for its next byte.

    To the reader this may look like the end of the headers or of an answer without a length:
    `check` tells them apart.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._is_over = False
        self._timer = threading.Timer(deadline.left(), self._cut)
        # A second handle: the first one becomes another object when TLS starts.
        self._connection = socket.socket(fileno=os.dup(connection.fileno()))
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Stop watching the connection."""
        self._timer.cancel()
        self._connection.close()

    def check(self) -> None:
        """Raise TimeoutError when the connection was cut."""
        if self._is_over:
            raise TimeoutError(_LATE)

    def _cut(self) -> None:
        self._is_over = True
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            # The other side closed it first, or everything has been read.
            return
