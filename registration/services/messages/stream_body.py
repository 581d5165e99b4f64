"""Reads the body of a Message with files without holding the files in memory (CDS-WG1-02 6.9).

JSON carries files as Base64 strings. The body is scanned in chunks: a long string is decoded into a
temporary file as it arrives and is replaced by a mark; the rest is small and is parsed as JSON.
Short strings are left in place. ADR 13 has the figures; with STREAM_MESSAGE_BODIES off, the whole
body is read and parsed, and the same marks are inserted afterwards.
"""

import base64
import binascii
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final, Protocol

from django.conf import settings

from portal.values import jsontext
from registration.errors import InvalidRequest
from registration.services.storage.room import MAX_SKELETON, max_bytes

CHUNK: Final = 65_536
# Longer than any allowed text of a Message, even if every character is escaped.
LONG_STRING: Final = 262_144
# Temporary files up to this size are never written to disk.
IN_MEMORY: Final = 1_048_576

# Up to the quote that ends a string, or to a backslash whose escape is in the next chunk.
_RUN: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_BLANK: Final = re.compile(rb"[\r\n\t ]+")
# A character code that the next chunk completes.
_CUT_CODE: Final = re.compile(rb"\\u[0-9a-fA-F]{0,3}\Z")
# What JSON encoders may escape in Base64: a slash, line breaks, and + as a \\u002B.
_FOREIGN_ESCAPE: Final = re.compile(rb"\\(?![/nrtu])")
_NOT_BASE64: Final = b"\x00"


class AttachmentsTooLarge(InvalidRequest):
    """The files of a Message exceed the limit of this server (CDS-WG1-02 6.9)."""

    code = "payload_too_large"
    status = 413

    def __init__(self) -> None:
        super().__init__(
            f"The attachments of a Message can have at most {max_bytes()} bytes combined.",
            field="attachments",
        )


class ByteStream(Protocol):
    """The stream that a body is read from."""

    def read(self, size: int, /) -> bytes: ...


def max_body_bytes() -> int:
    """Return the maximum body length: Base64 of the files with line breaks, and the JSON."""
    return max_bytes() * 4 // 3 * 21 // 20 + MAX_SKELETON


@dataclass(slots=True)
class DecodedFile:
    """One Base64 string, decoded into a temporary file; `error` tells why it is invalid."""

    content: IO[bytes]
    size: int = 0
    error: str = ""
    _rest: bytes = b""
    _has_ended: bool = False

    @classmethod
    def empty(cls) -> "DecodedFile":
        """Return an empty one."""
        return cls(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))

    def feed(self, text: bytes) -> None:
        """Decode another chunk of Base64, of any length."""
        if self.error:
            return
        text = self._rest + _BLANK.sub(b"", text)
        whole = len(text) // 4 * 4
        piece, self._rest = text[:whole], text[whole:]
        if not piece:
            return
        if self._has_ended:
            self.error = "continues after its padding"
            return
        try:
            decoded = base64.b64decode(piece, validate=True)
        except (binascii.Error, ValueError):
            self.error = "is not Base64 (RFC 4648 4)"
            return
        self._has_ended = piece.endswith(b"=")
        self.size += len(decoded)
        self.content.write(decoded)

    def finish(self) -> None:
        """Finish decoding, and rewind for reading."""
        if self._rest and not self.error:
            self.error = "is not Base64: its length is not a multiple of 4"
        self.content.seek(0)


@dataclass(slots=True)
class MessageBody:
    """The parsed JSON, and the decoded files by the marks that replace them in it."""

    payload: Any
    files: Mapping[str, DecodedFile] = field(default_factory=dict)

    def close(self) -> None:
        """Delete the temporary files."""
        for file in self.files.values():
            file.content.close()


def read_body(stream: ByteStream | None, *, long_string: int = LONG_STRING) -> MessageBody:
    """Read a whole body. Raises InvalidRequest, and AttachmentsTooLarge past the limit.

    Strings longer than `long_string` characters are treated as files.
    """
    files = _Files()
    read = _scan if settings.STREAM_MESSAGE_BODIES else _read_whole
    try:
        payload = read(_pieces(stream), files, long_string)
    except Exception:
        files.close()
        raise
    return MessageBody(payload, files.by_mark)


def _pieces(stream: ByteStream | None) -> Iterator[bytes]:
    while stream is not None and (piece := stream.read(CHUNK)):
        yield piece


class _Files:
    """The files found so far, and their combined limit."""

    def __init__(self) -> None:
        # Random, so that no body can refer to a file by guessing.
        self._prefix = secrets.token_hex(16)
        self.by_mark: dict[str, DecodedFile] = {}

    def begin(self) -> tuple[str, DecodedFile]:
        mark, file = f"{self._prefix}{len(self.by_mark)}", DecodedFile.empty()
        self.by_mark[mark] = file
        return mark, file

    def check(self) -> None:
        if sum(file.size for file in self.by_mark.values()) > max_bytes():
            raise AttachmentsTooLarge

    def close(self) -> None:
        for file in self.by_mark.values():
            file.content.close()


def _parse(text: bytes) -> Any:
    try:
        return jsontext.loads(text.decode("utf-8")) if text.strip() else None
    except jsontext.HalfPair as error:
        raise InvalidRequest(f"{error}.", field=error.member) from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}") from error


def _too_long() -> InvalidRequest:
    return InvalidRequest("The request body without its attachments is too long.")


def _read_whole(pieces: Iterator[bytes], files: _Files, long_string: int) -> Any:
    """Parse first, then remove the long strings from the result."""
    raw, limit = bytearray(), max_body_bytes()
    for piece in pieces:
        raw += piece
        if len(raw) > limit:
            raise AttachmentsTooLarge
    whole = [_parse(bytes(raw))]
    # Not recursive, because the parser allows deeper nesting than Python's stack.
    waiting: list[Any] = [whole]
    left = 0
    while waiting:
        parent = waiting.pop()
        for place, value in list(parent.items() if isinstance(parent, dict) else enumerate(parent)):
            left += len(place) if isinstance(place, str) else 0
            if isinstance(value, dict | list):
                waiting.append(value)
            elif isinstance(value, str) and len(value) > long_string:
                mark, file = files.begin()
                file.feed(value.encode() if value.isascii() else _NOT_BASE64)
                file.finish()
                files.check()
                parent[place] = mark
            elif isinstance(value, str):
                left += len(value)
    if left > MAX_SKELETON:
        raise _too_long()
    return whole[0]


def _scan(pieces: Iterator[bytes], files: _Files, long_string: int) -> Any:
    scanner = _Scanner(files, long_string)
    for piece in pieces:
        scanner.feed(piece)
    return scanner.parse()


def _unescaped(run: bytes) -> bytes:
    """Decode complete escapes; those that are not part of Base64 become an invalid character.

    The library decodes all of them at once, because a body may consist of nothing else.
    """
    if b"\\" not in run:
        return run
    if _FOREIGN_ESCAPE.search(run):
        return _NOT_BASE64
    try:
        return run.replace(rb"\/", b"/").decode("unicode_escape").encode("ascii")
    except UnicodeError:
        return _NOT_BASE64


class _Scanner:
    """Tracks where strings begin and end; everything else is left to the JSON parser."""

    def __init__(self, files: _Files, long_string: int) -> None:
        self._files = files
        self._long_string = long_string
        self._skeleton = bytearray()
        self._string: bytearray | None = None
        self._file: DecodedFile | None = None
        self._mark = ""
        # The incomplete escape at the end of the last chunk.
        self._cut = b""

    def feed(self, piece: bytes) -> None:
        piece, self._cut = self._cut + piece, b""
        at = 0
        while at < len(piece):
            at = self._outside(piece, at) if self._string is None else self._inside(piece, at)
        if len(self._skeleton) > MAX_SKELETON:
            raise _too_long()

    def parse(self) -> Any:
        if self._string is not None:
            raise InvalidRequest("The request body is not valid JSON: it ends inside a string.")
        return _parse(bytes(self._skeleton))

    def _outside(self, piece: bytes, at: int) -> int:
        quote = piece.find(b'"', at)
        if quote < 0:
            self._skeleton += piece[at:]
            return len(piece)
        self._skeleton += piece[at : quote + 1]
        self._string = bytearray()
        return quote + 1

    def _inside(self, piece: bytes, at: int) -> int:
        found = _RUN.match(piece, at)
        assert found is not None  # noqa: S101 -- it matches nothing, too
        end = found.end()
        if end < len(piece) and piece[end : end + 1] == b'"':
            self._add(piece[at:end])
            self._end_string()
            return end + 1
        code = _CUT_CODE.search(piece, max(at, end - 5), end)
        end = code.start() if code else end
        self._add(piece[at:end])
        self._cut = piece[end:]
        return len(piece)

    def _add(self, run: bytes) -> None:
        if self._file is None:
            assert self._string is not None  # noqa: S101 -- only called between two quotes
            self._string += run
            if len(self._string) <= self._long_string:
                return
            run, self._string = bytes(self._string), bytearray()
            self._mark, self._file = self._files.begin()
        self._file.feed(_unescaped(run))
        self._files.check()

    def _end_string(self) -> None:
        if self._file is not None:
            self._file.finish()
            self._skeleton += self._mark.encode()
            self._file = None
        else:
            self._skeleton += self._string or b""
        self._skeleton += b'"'
        self._string = None
