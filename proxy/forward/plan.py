"""What is going to happen to one request: decided before a byte of it is sent on."""

from dataclasses import dataclass
from typing import Final

from proxy.forward.headers import Peer
from proxy.forward.mirror import Mirror
from proxy.forward.targets import LiveRoute
from proxy.http1.request import Request
from proxy.outcome import Trace
from proxy.upstream.backend import Backend
from proxy.upstream.call import Call
from proxy.upstream.failures import Problem


class Plan:
    """The backend, the call, and what the outcome will say about why.

    `started` is the loop's time when the head was complete. `second` is the route where legacy answers
    should modern fail. `debug` are lines added to the response that say what was decided.
    """

    __slots__ = (
        "backend", "call", "debug", "mirror", "peer", "reason", "request", "route", "sampled", "second",
        "session", "side", "started", "trace",
    )  # fmt: skip

    def __init__(
        self,
        request: Request,
        peer: Peer,
        route: str,
        side: str,
        reason: str,
        backend: Backend,
        call: Call,
        trace: Trace,
        sampled: bool,
        started: float,
    ) -> None:
        self.request = request
        self.peer = peer
        self.route = route
        self.side = side
        self.reason = reason
        self.backend = backend
        self.call = call
        self.trace = trace
        self.sampled = sampled
        self.started = started
        self.mirror: Mirror | None = None
        self.second: LiveRoute | None = None
        self.debug: tuple[bytes, ...] = ()
        self.session = b""


@dataclass(frozen=True, slots=True)
class Refused:
    """The proxy answers itself; nothing is sent to any backend."""

    problem: Problem
    trace: Trace


class NeedsForm:
    """Which route this is depends on the form in the body, which somebody has to wait for."""


NEEDS_FORM: Final = NeedsForm()


class Tally:
    """What has happened so far; `error` names the proxy's own problem or what broke the response off."""

    __slots__ = ("bytes_in", "bytes_out", "error", "status")

    def __init__(self, status: int = 0, bytes_in: int = 0, bytes_out: int = 0, error: str = "") -> None:
        self.status = status
        self.bytes_in = bytes_in
        self.bytes_out = bytes_out
        self.error = error
