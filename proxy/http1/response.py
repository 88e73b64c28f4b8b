"""A response on its way to the client: which framing it gets, and the bytes of its head."""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from proxy.http1.fields import FRAMING, HOP_BY_HOP, tokens
from proxy.http1.request import Request
from proxy.routing.head import Field

_COMMON_CONNECTION: Final = frozenset({b"keep-alive", b"close"})
_NOT_INTERIM: Final = HOP_BY_HOP | {b"content-length"}
"""What a 1xx response does not carry on: it has no body that could have a length (RFC 9110 §8.6)."""


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
    """A response's head. `length` is the body's length in bytes, or None when only its end will tell.

    `bodiless` is set where no body follows whatever the fields say: answers to HEAD, 204 and 304.
    """

    __slots__ = ("bodiless", "fields", "length", "reason", "status")

    def __init__(
        self,
        status: int,
        reason: bytes,
        fields: list[Field],
        length: int | None = None,
        bodiless: bool = False,
    ) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields
        self.length = length
        self.bodiless = bodiless


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; `data` is not empty, for an empty chunk ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Iterable[Field]) -> bytes:
    """The end of a chunked body with its trailer section, of which this hop's own fields end here."""
    lines = [line + b"\r\n" for lower, line, _ in trailers if lower not in HOP_BY_HOP]
    return b"0\r\n" + b"".join(lines) + b"\r\n"


def framing_for(response: Response, request: Request) -> Framing:
    """The framing this client understands; an HTTP/1.0 client knows no chunks (RFC 9112 §6.1)."""
    if response.bodiless:
        return _NONE
    if response.length is not None:
        return _COUNTED
    return _CHUNKED if request.head.minor == 1 else _CLOSE


def response_head(response: Response, request: Request, framing: Framing, keep_alive: bool) -> bytes:
    """Status line and fields as they came, the hop's own fields aside, ended by the empty line."""
    drop = dropped(response)
    lines = [line for lower, line, _ in response.fields if lower not in drop]
    if framing is _CHUNKED:
        lines.append(b"Transfer-Encoding: chunked")
    if not keep_alive:
        lines.append(b"Connection: close")
    elif request.head.minor == 0:
        lines.append(b"Connection: keep-alive")
    lines.append(b"\r\n")
    return b"HTTP/1.1 %d %b\r\n" % (response.status, response.reason) + b"\r\n".join(lines)


def interim_head(status: int, reason: bytes, fields: Iterable[Field]) -> bytes:
    """A 1xx response, passed on as it came (RFC 9110 §15.2)."""
    lines = [line + b"\r\n" for lower, line, _ in fields if lower not in _NOT_INTERIM]
    return b"HTTP/1.1 %d %b\r\n" % (status, reason) + b"".join(lines) + b"\r\n"


def switching_head(response: Response, protocol: bytes) -> bytes:
    """The 101 that opens a tunnel to the client (RFC 9110 §15.2.2)."""
    lines = [line + b"\r\n" for lower, line, _ in response.fields if lower not in _NOT_INTERIM]
    lines += [b"Connection: Upgrade\r\n", b"Upgrade: " + protocol + b"\r\n\r\n"]
    return b"HTTP/1.1 101 %b\r\n" % response.reason + b"".join(lines)


def switches_to(fields: Iterable[Field], protocol: bytes) -> bool:
    """Whether a 101 with these fields goes over to this protocol, and to nothing else (RFC 9110 §7.8)."""
    return [value.lower() for lower, _, value in fields if lower == b"upgrade"] == [protocol]


def dropped(response: Response) -> frozenset[bytes]:
    """Names of hop-by-hop fields, of those that Connection nominates, of a length where none may stand."""
    drop = HOP_BY_HOP
    for lower, _, value in response.fields:
        if lower == b"connection" and value.lower() not in _COMMON_CONNECTION:
            drop = drop | (frozenset(tokens([value])) - FRAMING)
    if response.status == 204:
        drop = drop | {b"content-length"}  # RFC 9110 §8.6
    return drop
