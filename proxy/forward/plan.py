"""What is going to happen to one request: decided before a byte of it is sent on."""

from dataclasses import dataclass

from proxy.forward.headers import Peer
from proxy.forward.mirror import Mirror
from proxy.forward.targets import LiveRoute
from proxy.http1.request import Request
from proxy.outcome import Trace
from proxy.upstream.backend import Backend
from proxy.upstream.exchange import Call
from proxy.upstream.failures import Problem


@dataclass(slots=True)
class Plan:
    """The backend, the call, and what the outcome will say about why.

    `started` is the loop's time when the head was complete. `second` is the route where legacy answers
    should modern fail. `debug` are lines added to the response that say what was decided.
    """

    request: Request
    peer: Peer
    route: str
    side: str
    reason: str
    backend: Backend
    call: Call
    trace: Trace
    sampled: bool
    started: float
    mirror: Mirror | None = None
    second: LiveRoute | None = None
    debug: tuple[bytes, ...] = ()
    session: bytes = b""


@dataclass(frozen=True, slots=True)
class Refused:
    """The proxy answers itself; nothing is sent to any backend."""

    problem: Problem
    trace: Trace


class NeedsForm:
    """Which route this is depends on the form in the body, which somebody has to wait for."""


NEEDS_FORM = NeedsForm()


@dataclass(slots=True)
class Tally:
    """What has happened so far; `error` names the proxy's own problem or what broke the response off."""

    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    error: str = ""
