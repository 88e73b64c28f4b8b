"""A circuit breaker as a table: closed, open, half-open. Pure: the time comes in as an argument."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class BreakerState(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Event(Enum):
    SUCCESS = "success"
    FAILURES_REACHED = "failures reached"
    REST_OVER = "rest over"
    PROBE_FAILED = "probe failed"


TRANSITIONS: Final = {
    (BreakerState.CLOSED, Event.FAILURES_REACHED): BreakerState.OPEN,
    (BreakerState.OPEN, Event.REST_OVER): BreakerState.HALF_OPEN,
    (BreakerState.HALF_OPEN, Event.SUCCESS): BreakerState.CLOSED,
    (BreakerState.HALF_OPEN, Event.PROBE_FAILED): BreakerState.OPEN,
}


_CLOSED: Final = BreakerState.CLOSED
_HALF_OPEN: Final = BreakerState.HALF_OPEN


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Opens after so many failures in a row (0 = never), rests `open_for` seconds, then sends probes."""

    consecutive_failures: int = 5
    open_for: float = 5.0
    half_open_probes: int = 1


class Breaker:
    """One endpoint's breaker. Only failures of transport count: a 503 of the application is its answer."""

    __slots__ = ("_failures", "_opened_at", "_probes", "policy", "state")

    def __init__(self, policy: BreakerPolicy) -> None:
        self.policy = policy
        self.state = BreakerState.CLOSED
        self._failures = 0
        self._opened_at = 0.0
        self._probes = 0

    def allows(self, now: float) -> bool:
        """Whether a request could go out now; asking changes nothing that `sent` does not."""
        if self.state is _CLOSED:
            return True
        if self.state is BreakerState.OPEN and now >= self._opened_at + self.policy.open_for:
            self._move(Event.REST_OVER)
            self._probes = 0
        return self.state is BreakerState.HALF_OPEN and self._probes < self.policy.half_open_probes

    def sent(self) -> None:
        """A request went out; in half-open it is a probe."""
        if self.state is _HALF_OPEN:
            self._probes += 1

    def abandoned(self) -> None:
        """A request ended without a verdict on the endpoint; a probe's place is free again."""
        if self.state is _HALF_OPEN:
            self._probes = max(0, self._probes - 1)

    def succeeded(self) -> None:
        self._failures = 0
        if self.state is _HALF_OPEN:
            self._move(Event.SUCCESS)

    def failed(self, now: float) -> None:
        self._failures += 1
        if self.state is _HALF_OPEN:
            self._move(Event.PROBE_FAILED)
            self._opened_at = now
        elif self.state is BreakerState.CLOSED and 0 < self.policy.consecutive_failures <= self._failures:
            self._move(Event.FAILURES_REACHED)
            self._opened_at = now

    def _move(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]
