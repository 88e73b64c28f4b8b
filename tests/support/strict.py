"""A strict reader of HTTP/1 messages (RFC 9112): one reading, or an error. It judges both ends of the wire.

It shares no code with the proxy on purpose: what the proxy sends to an origin or to a client must be
readable by a recipient that forgives nothing.
"""

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

Field = tuple[bytes, bytes]

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) (HTTP/1\.[01])")
_STATUS_LINE = re.compile(rb"(HTTP/1\.[01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)")
_FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})")
_CHUNK_SIZE_AND_EXTENSIONS = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_MAX_LINE = 1 << 20


class Malformed(AssertionError):
    """The bytes are not one unambiguous HTTP/1 message."""


class Truncated(AssertionError):
    """The peer closed before the message was complete; `body` is what had come of its body."""

    def __init__(self, what: str, body: bytes = b"") -> None:
        super().__init__(f"the connection ended inside {what}")
        self.body = body


@dataclass(frozen=True, slots=True)
class Message:
    """A request (`start` is method, target, version) or a response (`start` is version, status, reason)."""

    start: tuple[bytes, bytes, bytes]
    fields: list[Field]
    body: bytes = b""
    trailers: list[Field] = field(default_factory=list)

    def all(self, name: bytes) -> list[bytes]:
        """Every value of this field, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name: bytes) -> bytes | None:
        """The value of this field, which must not occur twice."""
        values = self.all(name)
        assert len(values) < 2, f"{name!r} occurs {len(values)} times"
        return values[0] if values else None


class Source(Protocol):
    """Where a stream reads from: a socket, as far as it matters here."""

    def recv(self, size: int, /) -> bytes: ...


class Stream:
    """Buffered reading from a socket; every read ends by the socket's timeout at the latest."""

    def __init__(self, sock: Source) -> None:
        self._sock = sock
        self.buffer = b""

    def more(self) -> bool:
        """Wait for bytes; False once the peer has closed or reset the connection."""
        try:
            data = self._sock.recv(1 << 16)
        except (ConnectionError, ssl.SSLZeroReturnError):
            return False
        self.buffer += data
        return bool(data)

    def exactly(self, count: int, what: str = "a body") -> bytes:
        """The next `count` bytes."""
        pieces, missing = [], count
        while missing > len(self.buffer):
            pieces.append(self.buffer)
            missing -= len(self.buffer)
            self.buffer = b""
            if not self.more():
                raise Truncated(what, b"".join(pieces))
        pieces.append(self.buffer[:missing])
        self.buffer = self.buffer[missing:]
        return b"".join(pieces)

    def line(self, what: str = "a line") -> bytes:
        """The next line without its CRLF. A CR or LF of its own is an error."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > _MAX_LINE:
                raise Malformed(f"{what} does not end")
            if not self.more():
                raise Truncated(what)
        line, _, self.buffer = self.buffer.partition(b"\n")
        if not line.endswith(b"\r") or b"\r" in line[:-1]:
            raise Malformed(f"{what} has a bare CR or LF: {line!r}")
        return line[:-1]

    def until(self, mark: bytes) -> bytes:
        """Everything up to and including `mark`."""
        while mark not in self.buffer:
            if not self.more():
                raise Truncated(f"what should hold {mark!r}", self.buffer)
        head, _, self.buffer = self.buffer.partition(mark)
        return head + mark

    def rest(self) -> bytes:
        """Everything until the peer closes."""
        while self.more():
            pass
        data, self.buffer = self.buffer, b""
        return data


def read_request_head(stream: Stream) -> Message | None:
    """The next request's head, or None when the client closed between two requests."""
    if not stream.buffer and not stream.more():
        return None
    start = _match(_REQUEST_LINE, stream.line("a request line"))
    head = Message((start[1], start[2], start[3]), read_fields(stream))
    if len(head.all(b"host")) != 1 and head.start[2] == b"HTTP/1.1":
        raise Malformed(f"{len(head.all(b'host'))} Host fields")
    return head


def read_status_head(stream: Stream) -> Message:
    """The next response's head."""
    start = _match(_STATUS_LINE, stream.line("a status line"))
    return Message((start[1], start[2], start[3]), read_fields(stream))


def read_fields(stream: Stream) -> list[Field]:
    """Field lines up to the empty line."""
    fields: list[Field] = []
    while line := stream.line("a header"):
        match = _match(_FIELD_LINE, line)
        fields.append((match[1], match[2]))
    return fields


def body_length(head: Message) -> int | None:
    """The length that the head's fields tell: a number, -1 for chunked, None where they say nothing."""
    encodings, lengths = head.all(b"transfer-encoding"), head.all(b"content-length")
    if encodings:
        if lengths or [value.lower() for value in encodings] != [b"chunked"]:
            raise Malformed(f"ambiguous framing: {head.fields}")
        return -1
    if not lengths:
        return None
    if len(lengths) != 1 or re.fullmatch(rb"[0-9]{1,19}", lengths[0]) is None:
        raise Malformed(f"ambiguous Content-Length: {lengths}")
    return int(lengths[0])


def read_body(
    stream: Stream, length: int, piece: Callable[[bytes], None], extensions: bool = False
) -> list[Field]:
    """Read a body of `length` bytes (-1: chunked), handing it over piece by piece; returns the trailers.

    Chunk extensions are an error unless `extensions` says otherwise: a proxy has no reason to send them.
    """
    if length < 0:
        return _read_chunks(stream, piece, _CHUNK_SIZE_AND_EXTENSIONS if extensions else _CHUNK_SIZE)
    while length > 0:
        if not stream.buffer and not stream.more():
            raise Truncated("a body")
        taken, stream.buffer = stream.buffer[:length], stream.buffer[length:]
        length -= len(taken)
        piece(taken)
    return []


def _read_chunks(stream: Stream, piece: Callable[[bytes], None], size_line: re.Pattern[bytes]) -> list[Field]:
    while True:
        size = int(_match(size_line, stream.line("a chunk size"))[1], 16)
        if size == 0:
            return read_fields(stream)
        read_body(stream, size, piece)
        if stream.exactly(2, "a chunk") != b"\r\n":
            raise Malformed("a chunk does not end with CRLF")


def _match(pattern: re.Pattern[bytes], line: bytes) -> re.Match[bytes]:
    match = pattern.fullmatch(line)
    if match is None:
        raise Malformed(f"not valid: {line!r}")
    return match
