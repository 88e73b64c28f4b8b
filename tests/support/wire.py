"""A raw HTTP client: it sends the bytes it is given, and reads answers strictly."""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from tests.support import strict
from tests.support.strict import Message, Stream, Truncated

Address = tuple[str, int]

DEADLINE = 30.0
"""Seconds after which a read that nothing answers fails the test."""


@dataclass(frozen=True, slots=True)
class Response:
    """One final response with the interim ones before it.

    `complete` is False when the connection ended before the message's framing said so.
    `until_close` is True when only the end of the connection told the end of the body.
    """

    head: Message
    body: bytes
    trailers: list[strict.Field]
    interim: list[Message]
    complete: bool
    until_close: bool

    @property
    def version(self) -> bytes:
        return self.head.start[0]

    @property
    def status(self) -> int:
        return int(self.head.start[1])

    @property
    def reason(self) -> bytes:
        return self.head.start[2]

    @property
    def fields(self) -> list[strict.Field]:
        return self.head.fields

    def get(self, name: bytes) -> bytes | None:
        return self.head.get(name)

    def all(self, name: bytes) -> list[bytes]:
        return self.head.all(name)


def wait_until(holds: Callable[[], bool], seconds: float = 3 * DEADLINE) -> None:
    """Poll until this holds; a deadline that is missed fails the test."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


class Wire:
    """One connection to the server under test. Use it as a context manager."""

    def __init__(
        self,
        address: Address,
        *,
        source: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        buffer: int = 0,
    ) -> None:
        sock = socket.socket()
        sock.settimeout(DEADLINE)
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.bind((source, 0))
        try:
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls.wrap_socket(sock, server_hostname="localhost") if tls else sock
        self.stream = Stream(self.socket)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes; a peer that has already refused and closed is no error."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def half_close(self) -> None:
        """Say that nothing more comes, and go on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def alert(self) -> None:
        """Say over TLS that nothing more comes, before there is anything to read, and go on reading."""
        assert isinstance(self.socket, ssl.SSLSocket)
        self.socket.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):  # the other side says no such thing
            self.socket.unwrap()
        self.socket.settimeout(DEADLINE)

    def reset(self) -> None:
        """Drop the connection with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def ask(self, data: bytes) -> Response:
        """Send one request and read its answer; the method is taken from the bytes."""
        self.send(data)
        return self.response(data.lstrip(b"\r\n").split(b" ", 1)[0])

    def head(self) -> Message:
        """The next response head, be it interim or final."""
        return strict.read_status_head(self.stream)

    def response(self, method: bytes = b"GET") -> Response:
        """The next final response."""
        interim: list[Message] = []
        while (head := self.head()).start[1].startswith(b"1") and head.start[1] != b"101":
            interim.append(head)
        return self.body_of(head, method, interim)

    def body_of(
        self, head: Message, method: bytes = b"GET", interim: list[Message] | None = None
    ) -> Response:
        """What follows a head that has been read."""
        interim = interim or []
        length = strict.body_length(head)
        if method == b"HEAD" or head.start[1] in (b"204", b"304", b"101"):
            length = 0
        if length is None:
            return Response(head, self.stream.rest(), [], interim, complete=True, until_close=True)
        body = bytearray()
        try:
            trailers, complete = strict.read_body(self.stream, length, body.extend), True
        except Truncated:
            trailers, complete = [], False
        return Response(head, bytes(body), trailers, interim, complete, until_close=False)

    def is_closed(self) -> bool:
        """Wait until the peer closes; False if it sends anything more before that."""
        return self.stream.rest() == b""


def request(
    target: bytes = b"/",
    *fields: bytes,
    method: bytes = b"GET",
    body: bytes = b"",
    host: bytes = b"wire.test",
) -> bytes:
    """A plain request: `fields` are whole header lines without CRLF; a body is framed by Content-Length."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + host, *fields]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def payment(target: bytes) -> bytes:
    """A POST that must not be sent twice."""
    return request(target, method=b"POST", body=b"pay 100")


def response(status: bytes = b"200 OK", *fields: bytes, body: bytes = b"") -> bytes:
    """A plain response, framed by Content-Length."""
    lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
