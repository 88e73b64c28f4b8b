"""The one event that ends a request. Counters, access log, spans and gate samples all read this."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Lane(Enum):
    """Which way through the data plane a request took."""

    EXPRESS = "express"
    ASGI = "asgi"


class Trace(NamedTuple):
    """The ids of one request: its request id and its W3C traceparent, as the backend gets them."""

    request_id: bytes
    traceparent: bytes


@dataclass(slots=True)
class Outcome:
    """What became of a request. `started` in seconds since the epoch, `duration` in seconds to its last byte.

    `status` is what the client got, 0 if it left before. `error` names the proxy's own problem or what broke
    the response off. `tries` counts sendings to the backend. `sampled` asks for a span.
    """

    route: str
    side: str
    backend: str
    reason: str
    method: bytes
    target: bytes
    client: str
    status: int
    started: float
    duration: float
    bytes_in: int
    bytes_out: int
    tries: int
    error: str
    lane: Lane
    trace: Trace
    sampled: bool
