"""One coarse clock for all timeouts of a worker, and for noticing that its event loop is late."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from proxy.forward.gateway import Gateway
from proxy.upstream.backend import Backend

TICK = 0.1
"""Seconds between two sweeps: how late a timeout can be."""
SMOOTHING = 0.3
SHED_ABOVE = 0.5
"""Smoothed seconds that the loop runs late before new requests are refused."""
RESUME_BELOW = 0.2
SPARE_ABOVE = 0.1
"""Smoothed seconds of lateness above which nothing is handed over for mirroring: shadows are shed first."""
STALL = 1.0
"""Seconds that one tick counts as late at most: to have stood still once is no overload."""


class Expiring(Protocol):
    expires: float

    def timed_out(self) -> None: ...


class Sweeper:
    """Ticks on the event loop; a timer per request would cost more than the request."""

    def __init__(
        self,
        gateway: Gateway,
        clients: Callable[[], Iterable[Expiring]],
        backends: Callable[[], Iterable[Backend]],
    ) -> None:
        self.lag = 0.0
        self._gateway = gateway
        self._clients = clients
        self._backends = backends
        self._loop = gateway.loop
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._due = self._loop.time() + TICK
        self._timer = self._loop.call_at(self._due, self._tick)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        due = self._due  # not now: what a late loop has not come to read yet may be what is waited for
        self._judge(self._loop.time() - due)
        for client in [client for client in self._clients() if client.expires <= due]:
            client.timed_out()
        for backend in self._backends():
            backend.sweep(due)
        self.start()

    def _judge(self, late: float) -> None:
        """Shed load once the loop is late for a while, before queues grow without end; with hysteresis."""
        self.lag += SMOOTHING * (min(late, STALL) - self.lag)
        gateway = self._gateway
        gateway.overloaded = self.lag > (RESUME_BELOW if gateway.overloaded else SHED_ABOVE)
        gateway.handover.strained = self.lag > SPARE_ABOVE
