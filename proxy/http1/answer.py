"""A backend's response head: raw bytes in, one unambiguous `Answer` out, or none.

Nearly all of it is passed on as it came. So of each line only the name is looked at, and only those few
values are read that say where the message ends or what becomes of its connection.
"""

from typing import Final

from proxy.http1.fields import FRAMING, field_name, lines_of_head, tokens
from proxy.http1.request import WEBSOCKET
from proxy.http1.response import Response

_LENGTH: Final = b"content-length"
_CODING: Final = b"transfer-encoding"

_WANTED: Final = [b"Upgrade: websocket", b"Connection: Upgrade"]
"""What a 426 must say (RFC 9110 §15.5.22), and true at this hop too: to WebSocket the proxy can switch."""

_MINOR: Final = {b"HTTP/1.1 ": 1, b"HTTP/1.0 ": 0}
_STATUS: Final = {b"%d" % status: status for status in range(100, 1000)}


class Answer(Response):
    """A response's head without what ends at this hop. `chunked` is how its body came, if not counted.

    `reusable` says whether the connection may serve again once the body has ended, `switches` whether a 101
    goes over to WebSocket and to nothing else (RFC 9110 §7.8).
    """

    __slots__ = ("chunked", "reusable", "switches")

    def __init__(
        self,
        status: int,
        reason: bytes,
        lines: bytes,
        length: int | None,
        bodiless: bool,
        chunked: bool,
        reusable: bool,
        switches: bool,
    ) -> None:
        super().__init__(status, reason, lines, length, bodiless)
        self.chunked = chunked
        self.reusable = reusable
        self.switches = switches


def parse_answer(block: bytes, is_head: bool) -> Answer | None:
    """Read one head; `block` ends with the CRLF of its last line, without the empty line.

    None when it is not valid HTTP/1.0 or 1.1, or when two readers could disagree on where its body ends.
    `is_head`: it answers a HEAD, so that no body follows whatever it says (RFC 9112 §6.3).
    """
    lines = lines_of_head(block)
    if lines is None:
        return None
    start = lines[0]
    minor, status = _MINOR.get(start[:9]), _STATUS.get(start[9:12])
    if minor is None or status is None or (start[12:13] != b" " and len(start) > 12):
        return None
    named: dict[bytes, bytes] = {}
    kept: list[bytes] = []
    for at in range(1, len(lines) - 1):
        line = lines[at]
        parts = line.partition(b":")  # taken apart by index: compiled code unpacks by an iterator
        name = field_name(parts[0])
        if name is None or not parts[1]:
            return None
        if name.hop or name.lower == _LENGTH:
            _note(name.lower, parts[2].strip(b" \t"), named)
        if not name.hop:
            kept.append(line)
    return _interpret(minor, status, start[13:], kept, named, is_head)


def _note(name: bytes, value: bytes, named: dict[bytes, bytes]) -> None:
    """File a value, of several lines as one list: no list of lengths or codings is one length or coding."""
    named[name] = named[name] + b"," + value if name in named else value


def _interpret(
    minor: int, status: int, reason: bytes, kept: list[bytes], named: dict[bytes, bytes], is_head: bool
) -> Answer | None:
    """Find the one reading of the fields that frame the message and speak of the connection."""
    length: int | None = None
    coding, digits = named.get(_CODING), named.get(_LENGTH)
    if coding is not None and (digits is not None or minor == 0 or coding.lower() != b"chunked"):
        return None
    if digits is not None:
        if not digits.isdigit() or len(digits) > 18:
            return None
        length = int(digits)
    if status < 200 or status == 204:
        kept = _without(kept, frozenset({_LENGTH}))  # RFC 9110 §8.6
    reusable, switches = minor == 1, False
    connection = named.get(b"connection", b"").lower()
    if connection == b"keep-alive":
        reusable = True
    elif connection:
        said = tokens([connection])
        reusable = b"close" not in said and (reusable or b"keep-alive" in said)
        switches = b"upgrade" in said and named.get(b"upgrade", b"").lower() == WEBSOCKET
        kept = _without(kept, frozenset(said) - FRAMING)
        if status == 426 and switches:
            kept += _WANTED
    kept.append(b"")
    bodiless = is_head or status in (204, 304)
    lines = b"\r\n".join(kept)
    return Answer(status, reason, lines, length, bodiless, coding is not None, reusable, switches)


def _without(kept: list[bytes], names: frozenset[bytes]) -> list[bytes]:
    """The lines of all fields but these."""
    return [line for line in kept if line.partition(b":")[0].lower() not in names]
