"""Several people at once, each on a real connection of its own."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import OperationalError, connection

from portal.errors import DomainError

PATIENCE = 30.0


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together; return what they returned or raised.

    Refusals and what the database says about locks are results; anything else fails the test.
    """
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except (DomainError, OperationalError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def wait_until_somebody_waits() -> bool:
    """Return once another connection of this database waits for a lock: True, or after a while."""
    ends = time.monotonic() + PATIENCE
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while time.monotonic() < ends:
        with connection.cursor() as cursor:
            # A transaction would see for ever what it saw first.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(query)
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.02)
    return False


def stop_in_flight(monkeypatch: Any, module: Any, name: str) -> threading.Event:
    """Stop a function at its begin until somebody else waits; the event tells that it has begun."""
    begun, inner = threading.Event(), getattr(module, name)

    def slow(*args: Any, **values: Any) -> Any:
        first = not begun.is_set()
        begun.set()
        assert not first or wait_until_somebody_waits(), "nobody waited"
        return inner(*args, **values)

    monkeypatch.setattr(module, name, slow)
    return begun


def after(event: threading.Event, call: Callable[[], Any]) -> Any:
    """Call when the event has happened."""
    assert event.wait(PATIENCE)
    return call()
