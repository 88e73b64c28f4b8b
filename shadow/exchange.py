"""What the data plane hands over: one finished request with its primary response, whole or not at all."""

from enum import StrEnum
from typing import NamedTuple

import ormsgpack

Fields = list[tuple[bytes, bytes]]
"""Header fields in order, as (name as sent, value); duplicates stay apart."""


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
    side would have got had it been the primary, ended by the empty line. Bodies are as sent, codings on.
    A tuple, because the data plane makes one for every mirrored request.
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

    @property
    def size(self) -> int:
        """Bytes it occupies, near enough for a bound."""
        return 1024 + len(self.replay_head) * 2 + len(self.request_body) + len(self.primary_body)


def pack(exchange: Exchange) -> bytes:
    """The exchange for the socket, with its length in front."""
    data = ormsgpack.packb(list(exchange))
    return len(data).to_bytes(4) + data


def unpack(data: bytes) -> Exchange:
    """What `pack` made, without its length. Raises ValueError for anything else."""
    try:
        return Exchange(*ormsgpack.unpackb(data))
    except (ormsgpack.MsgpackDecodeError, TypeError) as error:
        raise ValueError("not an exchange") from error
