"""The connections to one endpoint: which one serves a request is decided here, without touching a socket."""

import asyncio
import errno
from collections import deque
from typing import TYPE_CHECKING, Final

from proxy.upstream.breaker import Breaker
from proxy.upstream.connection import Connection
from proxy.upstream.failures import Failure
from proxy.upstream.settings import Address, BackendSettings

if TYPE_CHECKING:
    from proxy.upstream.tries import Tries

MAX_AGE: Final = 300.0
"""Seconds after which a connection is not reused, so that a changed DNS answer is followed."""


_LACKS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What there is none left of here: descriptors, memory. No backend is to blame for it."""

_ANY_AGE: Final = -1.0
"""Seconds that every connection is older than."""


class Pool:
    """One endpoint of a backend: resting connections (last in, first out), a limit, and a queue behind it."""

    def __init__(self, address: Address, settings: BackendSettings, loop: asyncio.AbstractEventLoop) -> None:
        self.address = address
        self.settings = settings
        self.breaker = Breaker(settings.breaker)
        self.healthy = True
        self.open = 0
        self.resting: list[Connection] = []
        self.waiting: deque[Tries] = deque()
        self._loop = loop
        self._max_age = MAX_AGE
        self._connecting: set[asyncio.Task[None]] = set()

    def acquire(self, exchange: "Tries", fresh: bool) -> Connection | None:
        """A resting connection at once, or None: then `exchange.connected` or `.failed` follows.

        `fresh`: only a new one will do, as for a retry.
        """
        while self.resting and not fresh:
            connection = self.resting.pop()
            if connection.may_serve():
                return connection
            connection.abort()
        if self.open < self.settings.pool_connections:
            self._connect(exchange)
        else:
            self.waiting.append(exchange)
        return None

    def rest(self, connection: Connection) -> None:
        """A connection has finished a response and may serve again."""
        now = self._loop.time()
        if self.waiting and not connection.may_serve():
            connection.abort()  # its place goes to whoever waits
            return
        while self.waiting:
            exchange = self.waiting.popleft()
            if exchange.waits:
                exchange.connected(connection)
                return
        if now - connection.made_at > self._max_age:
            connection.abort()
            return
        connection.rested_at = now
        self.resting.append(connection)

    def lost(self, connection: Connection) -> None:
        """A connection is gone; its place goes to whoever waits."""
        self.open -= 1
        if connection in self.resting:
            self.resting.remove(connection)
        self._serve_waiting()

    def sweep(self, now: float) -> None:
        """Close connections that rested too long; the oldest come first in the list."""
        limit = now - self.settings.pool_keep_alive
        while self.resting and self.resting[0].rested_at < limit:
            self.resting.pop(0).abort()

    def close(self) -> None:
        """No more requests will come: drop what rests, and what is under way once it has finished."""
        self._max_age = _ANY_AGE
        for connection in self.resting:
            connection.abort()
        self.resting.clear()

    def _serve_waiting(self) -> None:
        while self.waiting and self.open < self.settings.pool_connections:
            exchange = self.waiting.popleft()
            if exchange.waits:
                self._connect(exchange)

    def _connect(self, exchange: "Tries") -> None:
        self.open += 1
        task = self._loop.create_task(self._connected(exchange))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connected(self, exchange: "Tries") -> None:
        try:
            connection = await self._dial()
        except TimeoutError:
            self._dial_failed(exchange, Failure.CONNECT_TIMEOUT)
        except OSError as error:  # refused, unroutable, no such name, TLS not agreed; or it is our own lack
            self._dial_failed(exchange, Failure.EXHAUSTED if error.errno in _LACKS else Failure.CONNECT)
        else:
            if exchange.waits:
                exchange.connected(connection)
            else:
                self.rest(connection)

    async def _dial(self) -> Connection:
        address, tls = self.address, self.settings.tls if self.address.tls else None
        async with asyncio.timeout(self.settings.connect_timeout):
            _, connection = await self._loop.create_connection(
                lambda: Connection(self), address.host, address.port, ssl=tls
            )
        connection.made_at = self._loop.time()
        return connection

    def _dial_failed(self, exchange: "Tries", failure: Failure) -> None:
        self.open -= 1
        self._serve_waiting()
        if exchange.waits:
            exchange.failed(failure)
