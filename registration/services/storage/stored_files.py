"""Cleans up files in storage, which has no transactions: without its row, a file would be lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.core.files.storage import default_storage

_stored: ContextVar[list[str] | None] = ContextVar("stored", default=None)


@contextmanager
def no_orphans() -> Iterator[None]:
    """Delete the files that were stored inside the block if it fails.

    Must enclose the transaction, so that a failed commit counts. Blocks can be nested.
    """
    outer, mine = _stored.get(), list[str]()
    token = _stored.set(mine)
    try:
        yield
    except BaseException:
        for name in mine:
            default_storage.delete(name)
        raise
    finally:
        _stored.reset(token)
    if outer is not None:
        outer += mine


def note_stored(name: str | None) -> None:
    """Record that a file was stored under this name. Only inside `no_orphans`."""
    names = _stored.get()
    assert names is not None, "a file was stored outside no_orphans"  # noqa: S101
    assert name, "what is stored has a name"  # noqa: S101 -- for the type checker
    names.append(name)
