"""What the data plane hands over: one finished request with its primary response, whole or not at all."""

import struct
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

Fields = list[tuple[bytes, bytes]]
"""Header fields in order, as (name as sent, value); duplicates stay apart."""

_FIXED = struct.Struct("!QddHBHIIIIIII")
"""Id, time, milliseconds, status, secure; lengths of label and seven parts. The rest is the answer."""
_NEWLINE = b"\r\n"


class SkipReason(StrEnum):
    """Why a request was not mirrored. A skip is counted by its reason and never as a match."""

    SAMPLED_OUT = "sampled_out"
    UNSAFE_METHOD = "unsafe_method"
    UNCOMPARED_METHOD = "uncompared_method"
    TOO_LARGE = "too_large"
    STREAMED = "streamed"
    CUT_SHORT = "cut_short"
    QUEUE_FULL = "queue_full"
    WORKER_DOWN = "worker_down"
    OVERLOADED = "overloaded"
    SESSION_BUSY = "session_busy"
    BREAKER_OPEN = "breaker_open"
    FELL_BACK = "fell_back"
    REWRITE_INCOMPLETE = "rewrite_incomplete"
    EXPIRED = "expired"


class Exchange(NamedTuple):
    """A request, the answer its client got, and the request as the other side is to get it.

    `time` in seconds since the epoch, `primary_ms` in milliseconds. `replay_head` is the head that the other
    side would have got had it been the primary, ended by the empty line; without one, it is the primary's own
    head with `replay_target` in its first line. Bodies are as sent, codings on.
    """

    id: str
    time: float
    route: str
    trace_id: str
    method: bytes
    target: bytes
    scheme: str
    request_fields: Fields
    request_body: bytes
    primary_side: str
    primary_backend: str
    primary_head: bytes
    primary_status: int
    primary_fields: Fields
    primary_body: bytes
    primary_ms: float
    shadow_backend: str
    replay_head: bytes
    replay_target: bytes = b""

    @property
    def size(self) -> int:
        """Bytes it occupies, near enough for a bound."""
        return 1024 + len(self.primary_head) * 2 + len(self.request_body) + len(self.primary_body)


def label_of(route: str, side: str, primary: str, shadow: str) -> bytes:
    """What exchanges of one route have in common: its name, the side that answers, both backends."""
    return "\n".join((route, side, primary, shadow)).encode()


def lines_of(lines: Iterable[bytes]) -> bytes:
    """Header lines as they were sent, in one piece."""
    return _NEWLINE.join(lines)


def pack(
    label: bytes,
    number: int,
    time: float,
    ms: float,
    secure: bool,
    status: int,
    parts: tuple[bytes, ...],
    answer: list[bytes],
) -> bytes:
    """An exchange for the socket. Raw bytes behind their lengths: the data plane packs while clients wait.

    `label` is made by `label_of`; `number` tells the exchange from all others (64 bits). `parts` are target,
    request lines, primary's head, response lines, replay's target and head, request's body; `answer` the
    pieces of the response's body.
    """
    fixed = _FIXED.pack(number, time, ms, status, secure, len(label), *map(len, parts))
    return b"".join((fixed, label, *parts, *answer))


def unpack(data: bytes) -> Exchange:
    """What `pack` made. Raises ValueError for anything else."""
    try:
        number, time, ms, status, secure, *lengths = _FIXED.unpack_from(data)
        at, parts = _FIXED.size, list[bytes]()
        for length in lengths:
            parts.append(data[at : at + length])
            at += length
        label, target, request_lines, primary_head, response_lines, replay_target, replay_head, body = parts
        route, side, primary, shadow = label.decode().split("\n")
    except (struct.error, ValueError) as error:
        raise ValueError("not an exchange") from error
    if at > len(data):
        raise ValueError("not a whole exchange")
    return Exchange(
        id=f"{number:016x}",
        time=time,
        route=route,
        trace_id=_trace_id(primary_head),
        method=primary_head[: primary_head.find(b" ")],
        target=target,
        scheme="https" if secure else "http",
        request_fields=_fields(request_lines),
        request_body=body,
        primary_side=side,
        primary_backend=primary,
        primary_head=primary_head,
        primary_status=status,
        primary_fields=_fields(response_lines),
        primary_body=data[at:],
        primary_ms=ms,
        shadow_backend=shadow,
        replay_head=replay_head,
        replay_target=replay_target,
    )


def _fields(lines: bytes) -> Fields:
    parts = (line.partition(b":") for line in lines.split(_NEWLINE) if line)
    return [(name, value.strip(b" \t")) for name, _, value in parts]


def _trace_id(head: bytes) -> str:
    """The id of the trace that the primary was told of, which every head of the data plane names."""
    at = head.lower().find(b"\r\ntraceparent:")
    value = head[at + 14 : head.find(_NEWLINE, at + 2)].strip() if at >= 0 else b""
    return value[3:35].decode("ascii", "replace")
