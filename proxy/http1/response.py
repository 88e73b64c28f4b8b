"""A response on its way to the client: which framing it gets, and the bytes of its head."""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from proxy.http1.fields import FRAMING, HOP_BY_HOP, parse_field_line
from proxy.http1.request import Request
from proxy.routing.head import Field

_NOT_TRAILING: Final = HOP_BY_HOP | FRAMING
"""What the trailers of a response do not carry on (RFC 9110 §6.5.1)."""


class Framing(Enum):
    """How the recipient learns where the body ends (RFC 9112 §6.3)."""

    NONE = "none"
    COUNTED = "counted"
    CHUNKED = "chunked"
    CLOSE = "close"


# Compiled code looks an enum's attribute up each time, and a constant never.
_NONE: Final = Framing.NONE
_COUNTED: Final = Framing.COUNTED
_CHUNKED: Final = Framing.CHUNKED
_CLOSE: Final = Framing.CLOSE


class Response:
    """A response's head. `lines` are its fields as they came, each with its CRLF, less what ends at this hop.

    `length` is the body's length in bytes, or None when only its end will tell. `bodiless` is set where no
    body follows whatever the fields say: answers to HEAD, 204 and 304.
    """

    __slots__ = ("bodiless", "length", "lines", "reason", "status")

    def __init__(
        self, status: int, reason: bytes, lines: bytes, length: int | None = None, bodiless: bool = False
    ) -> None:
        self.status = status
        self.reason = reason
        self.lines = lines
        self.length = length
        self.bodiless = bodiless

    @property
    def fields(self) -> list[Field]:
        """The fields one by one, for those few who look at them."""
        return [parse_field_line(line) for line in self.lines.split(b"\r\n")[:-1]]


def block_of(lines: Iterable[bytes]) -> bytes:
    """These lines, each with its CRLF."""
    return b"".join([line + b"\r\n" for line in lines])


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; `data` is not empty, for an empty chunk ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Iterable[Field]) -> bytes:
    """The end of a chunked body with its trailers, but for those that frame or mean this hop alone."""
    return b"0\r\n" + block_of([line for lower, line, _ in trailers if lower not in _NOT_TRAILING]) + b"\r\n"


def framing_for(response: Response, request: Request) -> Framing:
    """The framing this client understands; an HTTP/1.0 client knows no chunks (RFC 9112 §6.1)."""
    if response.bodiless:
        return _NONE
    if response.length is not None:
        return _COUNTED
    return _CHUNKED if request.head.minor == 1 else _CLOSE


def response_head(response: Response, request: Request, framing: Framing, keep_alive: bool) -> bytes:
    """Status line and fields as they came, and what this hop has to say, ended by the empty line."""
    said = b"Transfer-Encoding: chunked\r\n" if framing is _CHUNKED else b""
    if not keep_alive:
        said += b"Connection: close\r\n"
    elif request.head.minor == 0:
        said += b"Connection: keep-alive\r\n"
    return b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (response.status, response.reason, response.lines, said)


def interim_head(status: int, reason: bytes, fields: Iterable[Field]) -> bytes:
    """A 1xx response, passed on as it came (RFC 9110 §15.2)."""
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, reason, block_of([line for _, line, _ in fields]))


def switching_head(response: Response, protocol: bytes) -> bytes:
    """The 101 that opens a tunnel to the client (RFC 9110 §15.2.2)."""
    said = b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n"
    return b"HTTP/1.1 101 %b\r\n%b%b\r\n" % (response.reason, response.lines, said)
