"""The one event that ends a request. Counters, access log, spans and gate samples all read this."""

from dataclasses import dataclass
from enum import Enum

from proxy.portable import Portable


class Lane(Enum):
    """Which way through the data plane a request took."""

    EXPRESS = "express"
    ASGI = "asgi"


class Trace:
    """The ids of one request: its request id and its W3C traceparent, as the backend gets them.

    `parent` is the span id, in hexadecimal, that the client named and a span of ours took the place of.
    """

    __slots__ = ("parent", "request_id", "traceparent")

    def __init__(self, request_id: bytes, traceparent: bytes, parent: bytes = b"") -> None:
        self.request_id = request_id
        self.traceparent = traceparent
        self.parent = parent

    def __reduce__(self) -> tuple[type["Trace"], tuple[object, ...]]:
        """For its way to the supervisor: mypyc's classes do not pickle by themselves."""
        return Trace, (self.request_id, self.traceparent, self.parent)


@dataclass(slots=True, init=False)
class Outcome(Portable):
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

    def __init__(
        self,
        route: str,
        side: str,
        backend: str,
        reason: str,
        method: bytes,
        target: bytes,
        client: str,
        status: int,
        started: float,
        duration: float,
        bytes_in: int,
        bytes_out: int,
        tries: int,
        error: str,
        lane: Lane,
        trace: Trace,
        sampled: bool,
    ) -> None:
        self.route = route
        self.side = side
        self.backend = backend
        self.reason = reason
        self.method = method
        self.target = target
        self.client = client
        self.status = status
        self.started = started
        self.duration = duration
        self.bytes_in = bytes_in
        self.bytes_out = bytes_out
        self.tries = tries
        self.error = error
        self.lane = lane
        self.trace = trace
        self.sampled = sampled
