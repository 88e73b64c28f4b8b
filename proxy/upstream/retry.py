"""When a request may be tried again, and after how long. Pure."""

import math
from dataclasses import dataclass
from typing import Final

from proxy.upstream.failures import BEFORE_ANY_BYTE, Failure

STATUSES: Final = frozenset({"502", "503", "504"})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` tries in all; `on` names conditions: connect, stale, 502, 503, 504.

    `budget` is the share of a backend's active requests that may be retries. `base` and `cap` in seconds.
    """

    attempts: int = 2
    on: frozenset[str] = frozenset({"connect", "stale", "502", "503", "504"})
    budget: float = 0.2
    base: float = 0.025
    cap: float = 0.25


LEAST_BUDGET: Final = 3
"""Retries that are always allowed at a time, or a quiet backend could never retry at all."""


def within_budget(policy: RetryPolicy, retries: int, active: int) -> bool:
    """Whether one more retry may be active beside `retries` others, of `active` requests."""
    return retries < max(LEAST_BUDGET, int(active * policy.budget))


def backoff(policy: RetryPolicy, tries: int, draw: float) -> float:
    """Full jitter: a random share (`draw`, 0–1) of min(cap, base · 2ⁿ), n counting retries from 0."""
    return float(draw * min(policy.cap, policy.base * 2 ** max(0, tries - 1)))


def failure_condition(failure: Failure, reused: bool) -> str | None:
    """The name in `on` that this failure has; None for those that are never retried.

    A connection that was reused and died before any response byte was closed by the peer while it was idle.
    """
    if failure in (Failure.CONNECT, Failure.CONNECT_TIMEOUT, Failure.EXHAUSTED):
        return "connect"
    return "stale" if failure is Failure.RESET and reused else None


def may_retry(
    policy: RetryPolicy, condition: str | None, tries: int, safe: bool, failure: Failure | None
) -> bool:
    """A safe request may be retried on any condition of the policy; a write only if no byte of it left."""
    if condition is None or condition not in policy.on or tries >= policy.attempts:
        return False
    return safe or failure in BEFORE_ANY_BYTE


def retry_after(value: bytes | None) -> float | None:
    """Seconds of a Retry-After (RFC 9110 §10.2.3). A date, or what is neither, is later than anyone waits."""
    if value is None:
        return None
    return float(value) if value.isdigit() and len(value) < 6 else math.inf
