"""One moment by which a request to the outside is over, whatever it is made of.

Time limits of sockets are for single reads: a server that sends a byte now and then keeps within
them for ever, and so do name servers, redirects and second tries added up. A deadline is one
moment for all of it. An inner deadline is never later than the one around it.
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
    """A moment on the clock that nobody sets."""

    end: float

    def left(self) -> float:
        """Return the seconds until then. Raises TimeoutError when there are none."""
        seconds = self.end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError(_LATE)
        return seconds


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """Give everything inside a deadline: in `seconds`, or that of a block around this one."""
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

    The system's look-up takes no time limit and cannot be ended, so a thread waits for it; one
    that was left ends by the limits of the system's resolver. Raises OSError (TimeoutError when
    the time is over) and UnicodeError.
    """
    outcome: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            outcome.set_result(resolve(host, port))
        except Exception as error:  # the caller's, wherever it is raised
            outcome.set_exception(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return outcome.result(timeout=deadline.left())


def connected(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    """Return a connection to the first address that takes one, each with its share of the time.

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
    """Ends a connection at its deadline, even while a caller waits for its next byte.

    To the reader that may look like the end of headers or of an answer without a length: `check`
    tells them apart.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._is_over = False
        self._timer = threading.Timer(deadline.left(), self._cut)
        # A second handle: the first one becomes another object when TLS begins.
        self._connection = socket.socket(fileno=os.dup(connection.fileno()))
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Let the connection live."""
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
            # The other side was quicker, or everything has been read.
            return
