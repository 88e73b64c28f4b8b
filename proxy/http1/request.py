"""A request's head: raw bytes in, one unambiguous `Request` out, or a refusal that says why.

All bytes of a head are checked by one pass in C, then its lines are by one loop; only a refused request is
looked at a second time, to tell its sender what was wrong.
"""

import re
from dataclasses import dataclass
from typing import Final

from proxy.http1.errors import BadRequest, malformed
from proxy.http1.fields import FRAMING, LONE, TOKEN, field_name, lines_of_head, tokens
from proxy.http1.target import check_host
from proxy.routing.head import Field, Head

CHUNKED: Final = -1
"""The length of a body whose end is told by its last chunk."""

WEBSOCKET: Final = b"websocket"
"""The only protocol that is passed on. Any other, h2c above all, would tunnel requests past the routes."""

NOTHING_NOMINATED: Final[frozenset[bytes]] = frozenset()

_ORDINARY: Final = frozenset({b"close", b"keep-alive", b"upgrade"})
"""What Connection usually says; none of it names a field that is not dropped anyway."""

_MINOR: Final = {b"HTTP/1.1": 1, b"HTTP/1.0": 0}
_USUAL: Final = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_METHOD: Final = re.compile(TOKEN + rb"++")
_TAB: Final = ord("\t")
_REQUEST_LINE: Final = re.compile(rb"(" + TOKEN + rb"++) ([\x21-\x7e\x80-\xff]++) (HTTP/\d+\.\d+)")
_VALID_LINE: Final = re.compile(TOKEN + rb"++ [\x21-\x7e\x80-\xff]++ HTTP/1\.[01]")
_FIELD_LINE: Final = re.compile(TOKEN + rb"++:[\t\x20-\x7e\x80-\xff]*+")
_LONE_SAYS: Final = "a CR or LF stands alone"
_NOT_TOKEN: Final = re.compile(rb"(?!" + TOKEN + rb")")


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """Most bytes of the target, most bytes of the header block, most header lines; 0 = no limit."""

    target: int = 16 * 1024
    fields: int = 64 * 1024
    count: int = 200


class Request:
    """A head and what it says about framing and the connection.

    `length` is the body's length in bytes, or CHUNKED. `upgrade` is the protocol asked for, in lower case.
    `nominated` are the lower-case names that `Connection` marks as meant for this hop only. `named` holds
    the few fields that forwarding reads itself, by lower-case name, repeated ones joined by a comma.
    """

    __slots__ = ("head", "keep_alive", "length", "named", "nominated", "upgrade")

    def __init__(
        self,
        head: Head,
        length: int,
        keep_alive: bool,
        upgrade: bytes | None,
        nominated: frozenset[bytes],
        named: dict[bytes, bytes],
    ) -> None:
        self.head = head
        self.length = length
        self.keep_alive = keep_alive
        self.upgrade = upgrade
        self.nominated = nominated
        self.named = named


def parse_request(block: bytes, limits: HeadLimits, client: str = "", secure: bool = False) -> Request:
    """Read one head; `block` ends with the CRLF of its last line, without the empty line.

    Raises `BadRequest` when the head is not valid HTTP/1.0 or 1.1, is ambiguous, or is beyond a limit.
    Field names with an underscore are dropped: PHP cannot tell `X_User` from `X-User`.
    """
    lines = lines_of_head(block)
    if lines is None:
        raise _diagnosis(block)
    start = lines[0].split(b" ")
    minor = _MINOR.get(start[2]) if len(start) == 3 else None
    method, target = start[0], start[1] if minor is not None else b""
    if minor is None or not target or _TAB in target or not _is_method(method):
        raise _diagnosis(block)
    if limits.target and len(target) > limits.target:
        raise BadRequest("uri-too-long", f"the target has {len(target)} bytes, {limits.target} are allowed")
    if limits.fields and len(block) - len(lines[0]) - 2 > limits.fields:
        raise BadRequest("headers-too-large", f"the header fields exceed {limits.fields} bytes")
    named: dict[bytes, bytes] = {}
    fields = _fields(lines, named)
    if fields is None:
        raise _diagnosis(block)
    if limits.count and len(fields) > limits.count:
        raise BadRequest("headers-too-large", f"{len(fields)} header fields, {limits.count} are allowed")
    return _interpret(Head(method, target, fields, minor, client, secure), named)


def _is_method(name: bytes) -> bool:
    return name in _USUAL or _METHOD.fullmatch(name) is not None


def _fields(lines: list[bytes], named: dict[bytes, bytes]) -> list[Field] | None:
    """The fields in the lines of a head, those of _NAMED filed as well; None if a line is no field."""
    fields: list[Field] = []
    for at in range(1, len(lines) - 1):
        line = lines[at]
        parts = line.partition(b":")  # taken apart by index: compiled code unpacks by an iterator
        name = field_name(parts[0])
        if name is None or not parts[1]:
            return None
        if name.ambiguous:
            continue
        lower, value = name.lower, parts[2].strip(b" \t")
        fields.append((lower, line, value))
        if lower in _NAMED:
            named[lower] = _joined(lower, named[lower], value) if lower in named else value
    return fields


_SINGLE: Final = {
    b"content-length": "Content-Length",
    b"host": "Host",
    b"transfer-encoding": "Transfer-Encoding",
}
_NAMED: Final = frozenset({b"connection", b"expect", b"traceparent", b"upgrade", b"x-request-id", *_SINGLE})


def _joined(lower: bytes, before: bytes, value: bytes) -> bytes:
    """A repeated field as one list; two of a kind that frame or route a message have no one reading."""
    if lower in _SINGLE:
        raise malformed(f"more than one {_SINGLE[lower]} header")
    return before + b"," + value


def _interpret(head: Head, named: dict[bytes, bytes]) -> Request:
    """Find the one reading of the fields that frame, route and end this message."""
    length, coding = 0, named.get(b"transfer-encoding")
    if coding is not None:
        length = _chunked(head, coding, b"content-length" in named)
    elif b"content-length" in named:
        length = _content_length(named[b"content-length"])
    check_host(head, named.get(b"host"))
    keep_alive, nominated, upgrade = head.minor == 1, NOTHING_NOMINATED, None
    if b"connection" in named:
        said = tokens([named[b"connection"]])
        keep_alive = b"close" not in said and (keep_alive or b"keep-alive" in said)
        nominated = frozenset(said) - FRAMING - _ORDINARY
        if head.minor == 1 and b"upgrade" in said and named.get(b"upgrade", b"").lower() == WEBSOCKET:
            upgrade = WEBSOCKET  # never of HTTP/1.0 (RFC 9110 §7.8)
    return Request(head, length, keep_alive, upgrade, nominated, named)


def _content_length(value: bytes) -> int:
    """Digits and nothing else: no sign, no list, no space inside (RFC 9112 §6.3)."""
    if not value.isdigit() or len(value) > 18:
        raise malformed("Content-Length is not one plain number")
    return int(value)


def _chunked(head: Head, coding: bytes, counted: bool) -> int:
    """The only transfer coding taken from a client is a lone `chunked` on HTTP/1.1 (RFC 9112 §6.1)."""
    if counted:
        raise malformed("both Content-Length and Transfer-Encoding")
    if head.minor == 0:
        raise malformed("Transfer-Encoding in an HTTP/1.0 request")
    if coding.lower() != b"chunked":
        raise malformed("Transfer-Encoding is not chunked")
    return CHUNKED


def refuse_early(buffer: bytes, limits: HeadLimits, looked: int = 0) -> BadRequest | None:
    """Why a head that is not complete yet can already never be accepted, or None to wait for more.

    `looked` says how many of its bytes were looked at before: what drips in is not searched anew each time.
    """
    if buffer != b"\r" and _NOT_TOKEN.match(buffer):  # may be half of an empty line (RFC 9112 §2.2)
        return malformed("this is not HTTP/1")
    if LONE.search(buffer, max(0, looked - 1)):
        return malformed(_LONE_SAYS)
    line_end = buffer.find(b"\r\n")
    line = line_end if line_end >= 0 else len(buffer)
    if limits.target and line > limits.target + 64:
        return BadRequest("uri-too-long", f"the request line exceeds {limits.target} bytes")
    if limits.fields and len(buffer) - line > limits.fields + 4:
        return BadRequest("headers-too-large", f"the header fields exceed {limits.fields} bytes")
    if line_end >= 0 and looked < line_end + 2 and _VALID_LINE.fullmatch(buffer, 0, line_end) is None:
        return _diagnosis(buffer[:line_end])
    return None


def _diagnosis(block: bytes) -> BadRequest:
    """Say which line of a refused head is at fault, without repeating its bytes."""
    if LONE.search(block):
        return malformed(_LONE_SAYS)
    first, *lines = block.split(b"\r\n")
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        return malformed("the request line is not METHOD TARGET HTTP/1.x")
    if line[3] not in (b"HTTP/1.0", b"HTTP/1.1"):
        return malformed("the protocol version is neither HTTP/1.0 nor HTTP/1.1")
    for number, text in enumerate(lines, 1):
        if text[:1] in (b" ", b"\t"):
            return malformed(f"header line {number} is folded")
        if _FIELD_LINE.fullmatch(text) is None:
            return malformed(f"header line {number} is not a valid header field")
    return malformed("the head is not valid HTTP/1")
