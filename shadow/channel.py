"""The unix socket between data plane and shadow worker: the sender drops, the receiver bounds.

Nothing here can make a client wait. The sender writes in batches from the event loop; when the worker is
slow, hung or gone its bounded queue fills, and exchanges are dropped and counted.
"""

import asyncio
import contextlib
import os
import socket
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import cast

from shadow.exchange import Exchange, SkipReason, pack, unpack

FLUSH = 0.02
"""Seconds that exchanges gather before they are written together."""
RECONNECT = 0.5
"""Seconds between two tries to reach a worker that is not there."""
BATCH = 256 * 1024
"""Bytes handed to the socket at a time; what is beyond stays in the bounded queue."""
LENGTH = 4
"""Bytes of the length in front of each exchange."""


class Sender(asyncio.Protocol):
    """The data plane's end: `offer` never blocks, never raises, and never holds more than its bounds."""

    def __init__(self, path: Path, max_exchanges: int, max_bytes: int) -> None:
        self._path = path
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._queue: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._transport: asyncio.WriteTransport | None = None
        self._blocked = False
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._lost = asyncio.Event()
        self._connecting = self._loop.create_task(self._stay_connected())
        self.dropped: Counter[tuple[str, SkipReason]] = Counter()
        """By route and reason."""
        self.sent = 0

    def offer(self, exchange: Exchange) -> None:
        """Queue an exchange, or drop and count it."""
        if self._transport is None:
            self.dropped[exchange.route, SkipReason.WORKER_DOWN] += 1
        elif len(self._queue) >= self._max_exchanges or self._bytes + exchange.size > self._max_bytes:
            self.dropped[exchange.route, SkipReason.QUEUE_FULL] += 1
        else:
            data = pack(exchange)
            self._queue.append((exchange.route, data))
            self._bytes += len(data)
            self._schedule()

    def close(self) -> None:
        """Hand over what the socket takes now; the rest is dropped."""
        self._connecting.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        if self._transport is not None:
            self._transport.close()

    async def _stay_connected(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                await self._loop.create_unix_connection(lambda: self, str(self._path))
                await self._lost.wait()
            await asyncio.sleep(RECONNECT)

    def _schedule(self) -> None:
        if self._timer is None and not self._blocked:
            self._timer = self._loop.call_later(FLUSH, self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self._transport is None or self._blocked:
            return
        batch: list[bytes] = []
        size = 0
        while self._queue and size < BATCH:
            batch.append(self._queue.popleft()[1])
            size += len(batch[-1])
        self._bytes -= size
        self.sent += len(batch)
        self._transport.write(b"".join(batch))
        if self._queue:
            self._schedule()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.set_write_buffer_limits(high=BATCH)
        self._blocked = False
        self._lost.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.dropped.update((route, SkipReason.WORKER_DOWN) for route, _ in self._queue)
        self._queue.clear()
        self._bytes = 0
        self._lost.set()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._flush()


async def listen(path: Path, take: Callable[[Exchange], None], max_message: int) -> asyncio.Server:
    """The worker's end: hand each exchange to `take`, which must not block.

    A message that is no exchange, or larger than `max_message` bytes, closes that connection; the data plane
    opens another. The socket is for this user alone.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # CancelledError too: the task ends here anyway, and asyncio before 3.12 reports a cancelled one.
        ends = (asyncio.IncompleteReadError, ConnectionError, ValueError, asyncio.CancelledError)
        with contextlib.suppress(*ends):
            while True:
                length = int.from_bytes(await reader.readexactly(LENGTH))
                if length > max_message:
                    break
                take(unpack(await reader.readexactly(length)))
        writer.close()

    return await asyncio.start_unix_server(serve, sock=_bind(path))


def _bind(path: Path) -> socket.socket:
    """A socket at this path, in place of one that a dead worker left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    return listener
