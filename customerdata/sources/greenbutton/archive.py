"""Reads files as they are downloaded: plain XML, gzip, or a zip with one or more feeds.

The size of the content is limited, so that a small file cannot keep a server busy for hours.
"""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from customerdata.sources.greenbutton.model import Feed, GreenButtonError
from customerdata.sources.greenbutton.parser import Source, read
from customerdata.sources.greenbutton.stated import Told

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
# A year of minutes is 100 MB of XML; no real file has ten such feeds.
_LARGEST = 1 << 30
_MOST_MEMBERS = 200
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """One feed of a file and its name inside the file (empty if the file is a single feed)."""

    name: str
    feed: Feed


def read_file(
    path: Path, *, told: Told | None = None, progress: Progress | None = None
) -> list[Member]:
    """Read all feeds of a file, oldest first, so that later ones correct earlier ones.

    `progress` gets the number of bytes read from the file. Raises GreenButtonError.
    """
    with path.open("rb") as raw, _broken_archives():
        magic = raw.read(4)
        raw.seek(0)

        def tell(_: int) -> None:
            if progress is not None:
                progress(raw.tell())

        if magic.startswith(_ZIP):
            return _members(raw, told, tell)
        stream: Source = gzip.GzipFile(fileobj=raw) if magic.startswith(_GZIP) else raw
        return [Member("", read(_Bounded(stream, _Budget()), told=told, progress=tell))]


def _members(raw: IO[bytes], told: Told | None, tell: Progress) -> list[Member]:
    budget = _Budget()
    found: list[Member] = []
    ignored: list[str] = []
    with zipfile.ZipFile(raw) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > _MOST_MEMBERS:
            raise GreenButtonError(f"The zip file contains more than {_MOST_MEMBERS} files.")
        for info in infos:
            if not info.filename.lower().endswith(".xml") or "__MACOSX/" in info.filename:
                ignored.append(info.filename)
                continue
            if info.flag_bits & 1 or info.compress_type not in _METHODS:
                raise GreenButtonError(
                    f"{info.filename} in the zip file is encrypted or uses unknown compression."
                )
            with archive.open(info) as member, _named(info.filename):
                feed = read(_Bounded(member, budget), told=told, progress=tell)
            found.append(Member(info.filename, feed))
    if not found:
        raise GreenButtonError("The zip file contains no file with a name that ends in .xml.")
    return _oldest_first(found, ignored)


def _oldest_first(found: list[Member], ignored: list[str]) -> list[Member]:
    # A feed that does not say when it was created counts as of now, so it comes last.
    found.sort(key=lambda m: (m.feed.as_of is None, m.feed.as_of and m.feed.as_of.timestamp()))
    if ignored:
        words = f"Not read, because they are not XML files: {', '.join(ignored)}."
        first = found[0]
        feed = Feed(
            first.feed.title,
            first.feed.as_of,
            first.feed.points,
            (*first.feed.warnings, words),
            first.feed.left_out,
        )
        found[0] = Member(first.name, feed)
    return found


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except GreenButtonError as error:
        raise GreenButtonError(f"{name}: {error.message}") from error


@contextmanager
def _broken_archives() -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise GreenButtonError(f"The compressed file cannot be read: {error}.") from error


@dataclass(slots=True)
class _Budget:
    """The number of bytes that a file can still yield."""

    left: int = _LARGEST


class _Bounded:
    """A stream that raises an error when the budget is used up."""

    def __init__(self, stream: Source, budget: _Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes, but never more than the rest of the budget."""
        left = self._budget.left
        data = self._stream.read(left + 1 if size < 0 else min(size, left + 1))
        self._budget.left -= len(data)
        if self._budget.left < 0:
            raise GreenButtonError(f"The file contains more than {_LARGEST >> 20} MB of XML.")
        return data

    def tell(self) -> int:
        """Return the number of bytes read from the stream."""
        return self._stream.tell()
