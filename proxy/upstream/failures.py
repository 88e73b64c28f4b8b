"""Every way a request to a backend can fail, and the one table from there to what the client is told."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Failure(Enum):
    """Which stage failed, on the backend's side unless it says otherwise."""

    CONNECT = "connect"
    CONNECT_TIMEOUT = "connect timeout"
    BREAKER_OPEN = "open breaker"
    BULKHEAD = "bulkhead full"
    POOL_TIMEOUT = "no connection free in time"
    EXHAUSTED = "nothing left for another connection"
    RESET = "connection lost before the response"
    RESPONSE_TIMEOUT = "no response in time"
    PROTOCOL = "not a valid response"
    TRUNCATED = "response cut short"
    IDLE_TIMEOUT = "response stalled"


BEFORE_ANY_BYTE: Final = frozenset(
    {
        Failure.CONNECT,
        Failure.CONNECT_TIMEOUT,
        Failure.BREAKER_OPEN,
        Failure.BULKHEAD,
        Failure.POOL_TIMEOUT,
        Failure.EXHAUSTED,
    }
)
"""Failures of a request of which nothing was written: it was certainly not executed."""

OURS: Final = frozenset({Failure.POOL_TIMEOUT, Failure.EXHAUSTED})
"""Failures that say nothing of the backend: no breaker counts them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer of the proxy's own (RFC 9457): slug of the type, status, title, detail for people."""

    slug: str
    status: int
    title: str
    detail: str
    retry_after: int | None = None


_UNREACHABLE: Final = "The service behind this address cannot be reached"
_TIMEOUT: Final = "The service behind this address did not answer in time"
_INVALID: Final = "The service behind this address did not answer in valid HTTP"
_BUSY: Final = "The service behind this address takes no more requests at the moment"

_PROBLEMS: Final = {
    Failure.CONNECT: Problem("upstream-unreachable", 502, _UNREACHABLE, "No connection could be made."),
    Failure.CONNECT_TIMEOUT: Problem(
        "upstream-unreachable", 502, _UNREACHABLE, "No connection could be made in time."
    ),
    Failure.BREAKER_OPEN: Problem("overloaded", 503, _BUSY, "It rests after repeated failures.", 5),
    Failure.BULKHEAD: Problem("overloaded", 503, _BUSY, "Too many requests are in flight to it.", 1),
    Failure.POOL_TIMEOUT: Problem("overloaded", 503, _BUSY, "No connection to it came free in time.", 1),
    Failure.EXHAUSTED: Problem(
        "overloaded",
        503,
        "The proxy takes no more requests at the moment",
        "It has no descriptor or memory left for a connection to the service. Nothing was sent.",
        1,
    ),
    Failure.RESET: Problem("upstream-unreachable", 502, _UNREACHABLE, "The connection was lost."),
    Failure.RESPONSE_TIMEOUT: Problem("upstream-timeout", 504, _TIMEOUT, "The request was given up."),
    Failure.PROTOCOL: Problem("upstream-protocol", 502, _INVALID, "The answer was discarded."),
    Failure.TRUNCATED: Problem("upstream-protocol", 502, _INVALID, "The answer ended too early."),
    Failure.IDLE_TIMEOUT: Problem("upstream-timeout", 504, _TIMEOUT, "The answer stalled."),
}

_UNKNOWN: Final = Problem(
    "outcome-unknown",
    504,
    "It is not known whether the request was executed",
    "The request was sent, but no answer came back. It was not sent again. "
    "Look up its result before you repeat it, or repeat it with the same idempotency key.",
)

_UNREADABLE: Final = Problem(
    "upstream-protocol",
    502,
    _INVALID,
    "The answer was discarded, so it is not known whether the request was executed. It was not sent again.",
)

_AFTER_SENDING: Final = frozenset({Failure.RESET, Failure.RESPONSE_TIMEOUT})


def problem_of(failure: Failure, safe: bool) -> Problem:
    """What the client is told before a response began.

    A write that may have been executed is `outcome-unknown`, never an invitation to repeat it.
    """
    if not safe and failure in _AFTER_SENDING:
        return _UNKNOWN
    if not safe and failure is Failure.PROTOCOL:
        return _UNREADABLE
    return _PROBLEMS[failure]
