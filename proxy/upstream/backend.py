"""One backend at run time: its endpoints, the exchanges under way, retry budget, bulkhead."""

import asyncio
import random
from typing import Final

from proxy.upstream.breaker import BreakerState
from proxy.upstream.call import Call, Sink
from proxy.upstream.exchange import Exchange
from proxy.upstream.failures import Failure
from proxy.upstream.pool import Pool
from proxy.upstream.retry import within_budget
from proxy.upstream.settings import BackendSettings

_CLOSED: Final = BreakerState.CLOSED
"""A constant costs compiled code nothing; an enum's attribute is looked up."""


class Backend:
    """Begins exchanges and sweeps their timeouts. One per backend and event loop."""

    def __init__(self, settings: BackendSettings, loop: asyncio.AbstractEventLoop) -> None:
        self.settings = settings
        self.name = settings.name
        self.loop = loop
        self.pools = [Pool(address, settings, loop) for address in settings.addresses]
        self.active: set[Exchange] = set()
        self.retrying = 0
        self.retries = 0
        self.draw = random.Random().random
        self._next = 0

    def exchange(self, call: Call, sink: Sink) -> Exchange:
        """A request to this backend; `start` sends it. Whatever becomes of it is pushed into the sink.

        A refusal (bulkhead, open breaker) can reach the sink before `start` returns.
        """
        return Exchange(self, call, sink)

    def choose(self, before: Pool | None) -> Pool | Failure:
        """The next endpoint in turn that is healthy and whose breaker lets a request through.

        `before` is the endpoint of the failed try, taken again only if there is no other. When active checks
        call every endpoint unhealthy they are all tried: the check may be what is broken.
        """
        limit = self.settings.max_in_flight
        if before is None and limit and len(self.active) > limit:
            return Failure.BULKHEAD
        pools = self.pools
        if len(pools) == 1:
            breaker = pools[0].breaker
            allowed = breaker.state is _CLOSED or breaker.allows(self.loop.time())
            return pools[0] if allowed else Failure.BREAKER_OPEN
        return self._next_in_turn(before)

    def _next_in_turn(self, before: Pool | None) -> Pool | Failure:
        now, count = self.loop.time(), len(self.pools)
        self._next = (self._next + 1) % count
        turn = [self.pools[(self._next + step) % count] for step in range(count)]
        allowed = [pool for pool in turn if pool.breaker.allows(now)]
        candidates = [pool for pool in allowed if pool.healthy] or allowed
        others = [pool for pool in candidates if pool is not before]
        best = others or candidates
        return best[0] if best else Failure.BREAKER_OPEN

    def grant_retry(self, already: bool) -> bool:
        """Whether the retry budget has room; an exchange that is already retrying keeps its place."""
        return already or within_budget(self.settings.retry, self.retrying, len(self.active))

    def take_retries(self) -> int:
        """Retries since the last call."""
        taken, self.retries = self.retries, 0
        return taken

    def ended(self, exchange: Exchange, retried: bool) -> None:
        self.active.discard(exchange)
        self.retrying -= retried

    @property
    def breaker_open(self) -> bool:
        """Whether no endpoint takes requests at the moment."""
        return all(pool.breaker.state is BreakerState.OPEN for pool in self.pools)

    def sweep(self, now: float) -> None:
        """Time out exchanges whose phase is over, and close connections that rested too long."""
        for exchange in [exchange for exchange in self.active if exchange.expires <= now]:
            exchange.timed_out()
        for pool in self.pools:
            pool.sweep(now)

    def close(self) -> None:
        """The backend is no longer configured; exchanges under way finish."""
        for pool in self.pools:
            pool.close()
