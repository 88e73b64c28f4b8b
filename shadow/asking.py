"""Whom the worker may ask at the moment: not a backend that slows down, not in a session that is in use."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Mapping
from typing import Any

from shadow.exchange import Exchange, SkipReason
from shadow.pace import Pace
from shadow.plan import Rules, Upstream
from shadow.replay import Call, Failure, Observation, observe
from shadow.sessions import Watch

OLDEST = 30.0
"""Seconds after which an exchange is no longer replayed: the state that its answer came from is gone."""
SILENCE = 20.0
"""A client's session is used after a silence so many times as long as the call is going to take."""


def patience_with(exchange: Exchange) -> float:
    """Seconds for which it may still be replayed."""
    return exchange.time + OLDEST - time.time()


def is_over(exchange: Exchange) -> bool:
    """Whether it is too late to replay it."""
    return patience_with(exchange) <= 0


class Asking:
    """Sends calls, at most `most` to each backend at a time.

    `quiet` is a client's least silence in seconds before its session is used. Whoever waits for that gives
    its slot of `slots` to others.
    """

    def __init__(self, most: int, quiet: float, slots: asyncio.Semaphore) -> None:
        self._most = most
        self._quiet = quiet
        self._slots = slots
        self._paces: dict[str, Pace] = {}
        self._under_way: Counter[str] = Counter()

    async def ask(
        self,
        upstreams: Mapping[str, Upstream],
        call: Call,
        rules: Rules,
        exchange: Exchange,
        watch: Watch | None,
    ) -> Observation:
        """Send a call to its backend, if it has time for it, and if its client leaves it the session."""
        upstream = upstreams.get(call.backend)
        if upstream is None:
            return Observation(0.0, skip=SkipReason.EXPIRED)
        if watch is None or not upstream.sessions:
            return await self._send(upstream, call, rules)
        if not await self._silence(watch, exchange, call.backend):
            return Observation(0.0, skip=SkipReason.SESSION_BUSY)
        seen = await watch.alone(self._send(upstream, call, rules))
        return seen or Observation(0.0, skip=SkipReason.SESSION_BUSY)

    def pace_of(self, backend: str) -> Pace:
        """How much this backend is asked at present."""
        if backend not in self._paces:
            self._paces[backend] = Pace(self._most)
        return self._paces[backend]

    async def _send(self, upstream: Upstream, call: Call, rules: Rules) -> Observation:
        pace = self.pace_of(call.backend)
        if self._under_way[call.backend] >= pace.limit:
            return Observation(0.0, skip=SkipReason.OVERLOADED)
        self._under_way[call.backend] += 1
        try:
            seen = await observe(upstream.transport, call, rules.timeout, rules.max_body)
        finally:
            self._under_way[call.backend] -= 1
        if seen.failure is Failure.TIMEOUT:
            pace.gave_up()
        elif seen.answer is not None:
            pace.observed(seen.ms)
        return seen

    async def _silence(self, watch: Watch, exchange: Exchange, backend: str) -> bool:
        """Wait until the client has been silent for long enough; False if it will not be in time."""
        ms = max(exchange.primary_ms, self.pace_of(backend).usual)
        quiet = max(self._quiet, SILENCE * ms / 1000)
        while not watch.quiet(quiet, time.monotonic()):
            if patience_with(exchange) < quiet:
                return False
            await self.aside(watch.settle(quiet, patience_with(exchange), time.monotonic()))
        return True

    async def aside(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait without keeping others from their work."""
        self._slots.release()
        try:
            await waiting
        finally:
            await self._slots.acquire()
