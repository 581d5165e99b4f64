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

from django.conf import settings

from portal import jsontext
from registration.errors import InvalidRequest

CHUNK: Final = 65_536
# Longer than any text a Message may hold, also when every character is escaped.
LONG_STRING: Final = 262_144
MAX_SKELETON: Final = 1_048_576
# A temporary file up to this size never touches the disk.
IN_MEMORY: Final = 1_048_576

_STOP: Final = re.compile(rb'["\\]')
_BLANK: Final = re.compile(rb"[\r\n\t ]+")
# What a writer of JSON may escape in Base64: a slash, line breaks, and + as a \\u002B.
_ESCAPES: Final = {b"/": b"/", b"n": b"", b"r": b"", b"t": b""}
_ESCAPE: Final = re.compile(rb"\\(?:([/nrt])|u([0-9a-fA-F]{4}))")
_BEGUN_CODE: Final = re.compile(rb"\\u([0-9a-fA-F]{0,3})\Z")


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


def max_bytes() -> int:
    """Return how many bytes the files of one Message may have together.

    CDS-WG1-02 6.9 wants at least 10 megabytes.
    """
    return int(settings.MESSAGE_ATTACHMENT_MAX_BYTES)


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


def _unescape(match: re.Match[bytes]) -> bytes:
    plain, code = match.groups()
    return _ESCAPES[plain] if plain else _character(code)


def _character(code: bytes) -> bytes:
    """Return the character of a code; outside of ASCII and for no code, one that Base64 refuses."""
    try:
        number = int(code, 16)
    except ValueError:
        number = 0
    return bytes([number]) if number < 128 else b"\x00"


class _Scanner:
    """Follows where strings begin and end; everything else is left to the JSON parser."""

    def __init__(self) -> None:
        # Random, so that no body can name a file by guessing.
        self._prefix = secrets.token_hex(16)
        self._skeleton = bytearray()
        self._string: bytearray | None = None
        self._file: DecodedFile | None = None
        self._after_backslash = False
        # The digits so far of a character code inside a file.
        self._code: bytes | None = None
        self.files: dict[str, DecodedFile] = {}

    def feed(self, piece: bytes) -> None:
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
            return jsontext.loads(text.decode("utf-8")) if text.strip() else {}
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
        if self._after_backslash:
            self._after_backslash = False
            self._add_escape(piece[at : at + 1])
            return at + 1
        if self._code is not None:
            return self._add_code(piece, at)
        found = _STOP.search(piece, at)
        end = found.start() if found else len(piece)
        self._add(piece[at:end])
        if found is None:
            return end
        if found.group() == b"\\":
            self._after_backslash = True
        else:
            self._end_string()
        return end + 1

    def _add(self, text: bytes) -> None:
        if self._file is not None:
            self._file.feed(text)
            if sum(file.size for file in self.files.values()) > max_bytes():
                raise AttachmentsTooLarge
            return
        assert self._string is not None  # noqa: S101 -- only called between two quotes
        self._string += text
        if len(self._string) > LONG_STRING:
            self._begin_file()

    def _add_escape(self, char: bytes) -> None:
        if self._file is None:
            self._add(b"\\" + char)
        elif char in _ESCAPES:
            self._file.feed(_ESCAPES[char])
        elif char == b"u":
            self._code = b""
        else:
            self._file.error = "is not Base64 (RFC 4648 4)"

    def _add_code(self, piece: bytes, at: int) -> int:
        assert self._code is not None and self._file is not None  # noqa: S101, PT018 -- in a file
        taken = piece[at : at + 4 - len(self._code)]
        code = self._code + taken
        self._code = None if len(code) == 4 else code
        if self._code is None:
            self._file.feed(_character(code))
        return at + len(taken)

    def _begin_file(self) -> None:
        assert self._string is not None  # noqa: S101 -- only called between two quotes
        self._file = DecodedFile.empty()
        self.files[f"{self._prefix}{len(self.files)}"] = self._file
        begun = bytes(self._string)
        self._string = bytearray()
        if cut := _BEGUN_CODE.search(begun):
            self._code, begun = cut.group(1), begun[: cut.start()]
        self._add(_ESCAPE.sub(_unescape, begun))

    def _end_string(self) -> None:
        if self._file is not None:
            self._file.finish()
            self._skeleton += next(reversed(self.files)).encode()
            self._file = None
        else:
            self._skeleton += self._string or b""
        self._skeleton += b'"'
        self._string = None
