"""What a route's `ramp:` asks for, as values."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from proxy.ramp.window import Window


class OnBreach(StrEnum):
    """What a breached gate does to its ramp."""

    ROLLBACK = "rollback"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class LatencyLimit:
    """Modern's quantile may be at most `max_ratio` times legacy's."""

    quantile: float
    max_ratio: float


@dataclass(frozen=True, slots=True)
class Gates:
    """The conditions of a step; None where the route does not ask."""

    errors: float | None = None
    """How many percentage points more than legacy modern may fail."""
    latency: LatencyLimit | None = None
    mismatches: float | None = None
    """What percentage of compared exchanges may mismatch."""
    untriaged: int | None = None
    """How many open diff groups are allowed."""

    def sampled(self) -> int:
        """How many of the gates judge samples, and so share what the confidence leaves to chance."""
        return sum(gate is not None for gate in (self.errors, self.latency, self.mismatches))


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole ramp."""

    steps: tuple[float, ...]
    """Weights in percent, growing."""
    bake: timedelta
    min_requests: int
    gates: Gates
    confidence: float
    """Above 0, below 1. Of sound ramps, at most 1 - confidence are taken back."""
    on_breach: OnBreach
    window: Window | None = None
