"""The data plane's end of the unix socket to the shadow worker.

Nothing here can make a client wait. The sender writes in batches from the event loop; when the worker is
slow, hung or gone its bounded queue fills, and whoever asks beforehand is told that there is no room.
"""

import asyncio
import contextlib
from collections import Counter, deque
from pathlib import Path
from typing import cast

from shadow.exchange import SkipReason

FLUSH = 0.02
"""Seconds that exchanges gather before they are written together."""
RECONNECT = 0.5
"""Seconds between two tries to reach a worker that is not there."""
PATIENCE = 15.0
"""Seconds that exchanges wait for a worker that is not there: it may be starting."""
BATCH = 256 * 1024
"""Bytes handed to the socket at a time; what is beyond stays in the bounded queue."""
LENGTH = 4
"""Bytes of the length in front of each message."""
EXCHANGES = b"E"
SESSIONS = b"S"
"""What a connection is for: the first byte that the data plane writes to it."""


class Caller(asyncio.Protocol):
    """A connection to the worker that is made again whenever it is lost."""

    def __init__(self, path: Path, purpose: bytes) -> None:
        self._path = path
        self._purpose = purpose
        self._transport: asyncio.WriteTransport | None = None
        self._blocked = False
        self._loop = asyncio.get_running_loop()
        self._lost = asyncio.Event()
        self._connecting = self._loop.create_task(self._stay_connected())

    def close(self) -> None:
        """Write what was given to the socket, and end."""
        self._connecting.cancel()
        if self._transport is not None:
            self._transport.close()

    async def _stay_connected(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                await self._loop.create_unix_connection(lambda: self, str(self._path))
                await self._lost.wait()
            await asyncio.sleep(RECONNECT)

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.set_write_buffer_limits(high=BATCH)
        self._blocked = False
        self._lost.clear()
        self._transport.write(self._purpose)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost.set()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False


class Sender(Caller):
    """Hands exchanges over: `offer` never blocks, never raises, and never holds more than its bounds.

    `refusal` says why an exchange offered now would be dropped, before anybody takes the trouble to make it.
    """

    def __init__(self, path: Path, max_exchanges: int, max_bytes: int) -> None:
        super().__init__(path, EXCHANGES)
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._queue: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._despair = self._loop.call_later(PATIENCE, self._give_up)
        self.refusal: SkipReason | None = None
        self.dropped: Counter[tuple[str, SkipReason]] = Counter()
        """By route and reason."""
        self.unsettled: Counter[str] = Counter()
        """By route, what was handed over and is not said to be counted."""
        self._said = b""

    def offer(self, route: str, exchange: bytes) -> None:
        """Queue a packed exchange, or drop and count it."""
        if self.refusal is None and self._bytes + len(exchange) > self._max_bytes:
            self.refusal = SkipReason.QUEUE_FULL
        if self.refusal is not None:
            self.dropped[route, self.refusal] += 1
            return
        self._queue.append((route, exchange))
        self._bytes += len(exchange)
        if len(self._queue) >= self._max_exchanges:
            self.refusal = SkipReason.QUEUE_FULL
        self._schedule()

    def close(self) -> None:
        """Hand over what the socket takes now; the rest is dropped."""
        self._despair.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        self._drop_all()
        super().close()

    def _schedule(self) -> None:
        if self._timer is None and self._transport is not None and not self._blocked:
            self._timer = self._loop.call_later(FLUSH, self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self._transport is None or self._blocked or not self._queue:
            return
        batch: list[bytes] = []
        routes: list[str] = []
        size = 0
        while self._queue and size < BATCH:
            route, exchange = self._queue.popleft()
            routes.append(route)
            batch += len(exchange).to_bytes(LENGTH), exchange
            size += len(exchange)
        self._bytes -= size
        self.unsettled.update(routes)
        self.refusal = None
        self._transport.write(b"".join(batch))
        if self._queue:
            self._schedule()

    def _give_up(self) -> None:
        """There was no worker for so long that what waits for one would be too old for it."""
        self.refusal = SkipReason.WORKER_DOWN
        self._drop_all()

    def _drop_all(self) -> None:
        self.dropped.update((route, SkipReason.WORKER_DOWN) for route, _ in self._queue)
        self._queue.clear()
        self._bytes = 0

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._despair.cancel()
        if self.refusal is SkipReason.WORKER_DOWN:
            self.refusal = None
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """What the worker had and did not say to have counted is lost with it."""
        super().connection_lost(exc)
        for route, count in (+self.unsettled).items():
            self.dropped[route, SkipReason.WORKER_DOWN] += count
        self.unsettled.clear()
        self._said = b""
        self._despair = self._loop.call_later(PATIENCE, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Lines `ROUTE COUNT`: the worker has counted so many exchanges, as verdicts or as skips."""
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            route, _, count = line.decode().partition(" ")
            self.unsettled[route] -= int(count)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._flush()
