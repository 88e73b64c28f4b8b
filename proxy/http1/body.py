"""Where a request's body ends: a counted length, or chunks decoded strictly.

A body reader is fed bytes and returns the pieces of the body; what follows the body stays with the caller.
"""

import re
from collections.abc import Callable
from typing import Final

from proxy.http1.errors import BadRequest, malformed
from proxy.http1.fields import LONE, parse_trailers
from proxy.http1.request import CHUNKED
from proxy.routing.head import Field

MAX_CHUNK_LINE: Final = 256
"""Most bytes of a chunk's size line with its extensions, which nobody here understands."""

MAX_TRAILERS: Final = 16 * 1024

_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15}+)(?:[ \t]*+;[\t\x20-\x7e\x80-\xff]*+)?")


class CountedBody:
    """A body of `Content-Length` bytes."""

    __slots__ = ("left", "trailers")

    def __init__(self, length: int) -> None:
        self.left = length
        self.trailers: list[Field] = []

    def feed(self, data: bytes) -> tuple[list[bytes], int, bool]:
        taken = min(len(data), self.left)
        self.left -= taken
        pieces = [data if taken == len(data) else data[:taken]] if taken else []
        return pieces, taken, self.left == 0


class ChunkedBody:
    """A body in chunks (RFC 9112 §7.1). Extensions are read over and dropped: no recipient agrees on them.

    `parse` reads the trailer section; it may refuse what it finds there.
    """

    __slots__ = ("_buffer", "_in_trailers", "_left", "_parse", "trailers")

    def __init__(self, parse: Callable[[bytes], list[Field]] = parse_trailers) -> None:
        self._parse = parse
        self._buffer = b""
        self._left = 0  # bytes of the open chunk still to come, its CRLF included
        self._in_trailers = False
        self.trailers: list[Field] = []

    def feed(self, data: bytes) -> tuple[list[bytes], int, bool]:
        kept = len(self._buffer)
        data = self._buffer + data if kept else data
        pieces: list[bytes] = []
        at, complete = 0, False
        while not complete:
            step = self._trailer_section if self._in_trailers else self._chunk if self._left else self._size
            moved, complete = step(data, at, pieces)
            if moved == at and not complete:
                break
            at = moved
        self._buffer = b"" if complete else data[at:]
        return pieces, (at if complete else len(data)) - kept, complete

    def _size(self, data: bytes, at: int, pieces: list[bytes]) -> tuple[int, bool]:
        """Read a chunk's size line; the data that follows is counted with its CRLF."""
        end = data.find(b"\r\n", at, at + MAX_CHUNK_LINE)
        if end < 0:
            self._check_pending(data, at)
            return at, False
        match = _CHUNK_LINE.fullmatch(data, at, end)
        if match is None:
            raise malformed("a chunk's size line is not valid")
        size = int(match[1], 16)
        self._in_trailers = size == 0
        self._left = size + 2 if size else 0
        return end + 2, False

    def _chunk(self, data: bytes, at: int, pieces: list[bytes]) -> tuple[int, bool]:
        """Take what has come of the open chunk, then its CRLF."""
        if self._left > 2:
            piece = data[at : at + self._left - 2]
            if piece:
                pieces.append(piece)
                self._left -= len(piece)
            return at + len(piece), False
        if data[at : at + 2] == b"\r\n":
            self._left = 0
            return at + 2, False
        if not b"\r\n".startswith(data[at : at + 2]):
            raise malformed("a chunk is longer than its size line says")
        return at, False

    def _trailer_section(self, data: bytes, at: int, pieces: list[bytes]) -> tuple[int, bool]:
        """Fields after the last chunk, up to the empty line."""
        if data.startswith(b"\r\n", at):
            return at + 2, True
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            if LONE.search(data, at):
                raise malformed("a trailer line is not a valid header field")
            if len(data) - at > MAX_TRAILERS:
                raise BadRequest("headers-too-large", f"the trailers exceed {MAX_TRAILERS} bytes")
            return at, False
        self.trailers = self._parse(data[at : end + 2])
        return end + 4, True

    @staticmethod
    def _check_pending(data: bytes, at: int) -> None:
        """Refuse a size line that is too long, or that ends with LF alone, before more of it comes."""
        if len(data) - at >= MAX_CHUNK_LINE or data.find(b"\n", at) >= 0:
            raise malformed("a chunk's size line is not valid")


Body = CountedBody | ChunkedBody
"""`feed` returns (pieces of the body, how many bytes of `data` were taken, whether it is complete)."""


def body_of(length: int) -> Body:
    """The reader of a request's body of this many bytes, or CHUNKED."""
    return ChunkedBody() if length == CHUNKED else CountedBody(length)
