"""Reads the body of a Message with files without holding the files in memory (CDS-WG1-02 6.9).

JSON carries files as Base64 strings. The body is scanned in pieces: a long string is decoded into a
temporary file while it arrives and a mark takes its place; what remains is small and is parsed as
JSON. Short strings stay where they are.
"""

import base64
import binascii
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final, Protocol

from portal.values import jsontext
from registration.errors import InvalidRequest
from registration.services.storage.room import MAX_SKELETON, max_bytes

CHUNK: Final = 65_536
# Longer than any text a Message may hold, also when every character is escaped.
LONG_STRING: Final = 262_144
# A temporary file up to this size never touches the disk.
IN_MEMORY: Final = 1_048_576

# Up to the quote that ends a string, or to a backslash whose escape comes with the next piece.
_RUN: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_BLANK: Final = re.compile(rb"[\r\n\t ]+")
# A character code that the next piece completes.
_CUT_CODE: Final = re.compile(rb"\\u[0-9a-fA-F]{0,3}\Z")
# What a writer of JSON may escape in Base64: a slash, line breaks, and + as a \\u002B.
_FOREIGN_ESCAPE: Final = re.compile(rb"\\(?![/nrtu])")
_NOT_BASE64: Final = b"\x00"


class AttachmentsTooLarge(InvalidRequest):
    """The files of a Message are over the limit of this server (CDS-WG1-02 6.9)."""

    code = "payload_too_large"
    status = 413

    def __init__(self) -> None:
        super().__init__(
            f"The attachments of a Message may hold {max_bytes()} bytes together.",
            field="attachments",
        )


class ByteStream(Protocol):
    """Where a body is read from."""

    def read(self, size: int, /) -> bytes: ...


def max_body_bytes() -> int:
    """Return the longest body: Base64 of the files with line breaks, and the JSON around them."""
    return max_bytes() * 4 // 3 * 21 // 20 + MAX_SKELETON


@dataclass(slots=True)
class DecodedFile:
    """One Base64 string, decoded into a temporary file; `error` says why it is none."""

    content: IO[bytes]
    size: int = 0
    error: str = ""
    _rest: bytes = b""
    _has_ended: bool = False

    @classmethod
    def empty(cls) -> "DecodedFile":
        """Return one that nothing was written to yet."""
        return cls(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))

    def feed(self, text: bytes) -> None:
        """Decode another piece of Base64, in whatever lengths it comes."""
        if self.error:
            return
        text = self._rest + _BLANK.sub(b"", text)
        whole = len(text) // 4 * 4
        piece, self._rest = text[:whole], text[whole:]
        if not piece:
            return
        if self._has_ended:
            self.error = "goes on after its padding"
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
        """No more text comes: rewind for reading."""
        if self._rest and not self.error:
            self.error = "is not Base64: its length is not a multiple of 4"
        self.content.seek(0)


@dataclass(slots=True)
class MessageBody:
    """The parsed JSON, and the decoded files by the mark that stands in it for each."""

    payload: Any
    files: Mapping[str, DecodedFile] = field(default_factory=dict)

    def close(self) -> None:
        """Drop the temporary files."""
        for file in self.files.values():
            file.content.close()


def read_body(stream: ByteStream | None) -> MessageBody:
    """Read a whole body. Raises AttachmentsTooLarge as soon as it is, and InvalidRequest."""
    scanner = _Scanner()
    try:
        while stream is not None and (piece := stream.read(CHUNK)):
            scanner.feed(piece)
        payload = scanner.parse()
    except Exception:
        scanner.close()
        raise
    return MessageBody(payload, scanner.files)


def _unescaped(run: bytes) -> bytes:
    """Return what whole escapes stand for; for those that Base64 has no use for, what it refuses.

    The library goes over all of them at once: a body may consist of nothing else.
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
    """Follows where strings begin and end; everything else is left to the JSON parser."""

    def __init__(self) -> None:
        # Random, so that no body can name a file by guessing.
        self._prefix = secrets.token_hex(16)
        self._skeleton = bytearray()
        self._string: bytearray | None = None
        self._file: DecodedFile | None = None
        # The begun escape at the end of the last piece.
        self._cut = b""
        self.files: dict[str, DecodedFile] = {}

    def feed(self, piece: bytes) -> None:
        piece, self._cut = self._cut + piece, b""
        at = 0
        while at < len(piece):
            at = self._outside(piece, at) if self._string is None else self._inside(piece, at)
        if len(self._skeleton) > MAX_SKELETON:
            raise InvalidRequest("The request body is too long apart from its attachments.")

    def parse(self) -> Any:
        text = bytes(self._skeleton)
        if self._string is not None:
            raise InvalidRequest("The request body is not valid JSON: it ends inside a string.")
        try:
            return jsontext.loads(text.decode("utf-8")) if text.strip() else None
        except jsontext.HalfPair as error:
            raise InvalidRequest(f"{error}.", field=error.member) from error
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"The request body is not valid JSON: {error}") from error

    def close(self) -> None:
        for file in self.files.values():
            file.content.close()

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
            if len(self._string) <= LONG_STRING:
                return
            run, self._string = bytes(self._string), bytearray()
            self._file = DecodedFile.empty()
            self.files[f"{self._prefix}{len(self.files)}"] = self._file
        self._file.feed(_unescaped(run))
        if sum(file.size for file in self.files.values()) > max_bytes():
            raise AttachmentsTooLarge

    def _end_string(self) -> None:
        if self._file is not None:
            self._file.finish()
            self._skeleton += next(reversed(self.files)).encode()
            self._file = None
        else:
            self._skeleton += self._string or b""
        self._skeleton += b'"'
        self._string = None
