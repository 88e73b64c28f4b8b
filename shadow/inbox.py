"""What the worker holds: bounded in count and bytes, so that a flood costs exchanges and no memory."""

import asyncio
from collections import deque

from shadow.exchange import Exchange


class Inbox:
    """A queue that refuses instead of growing. What was taken out of it counts until it is `done` with."""

    def __init__(self, max_exchanges: int, max_bytes: int) -> None:
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._waiting: deque[Exchange] = deque()
        self._held = 0
        self._bytes = 0
        self._news = asyncio.Semaphore(0)
        self._room = asyncio.Event()
        self._room.set()

    def put(self, exchange: Exchange) -> bool:
        """Whether there was room for it."""
        if self._held >= self._max_exchanges or self._bytes + exchange.size > self._max_bytes:
            return False
        self._waiting.append(exchange)
        self._held += 1
        self._bytes += exchange.size
        if self._held >= self._max_exchanges:
            self._room.clear()
        self._news.release()
        return True

    async def room(self) -> None:
        """Wait until one more may be put."""
        await self._room.wait()

    async def get(self) -> Exchange:
        """The exchange that waited longest."""
        await self._news.acquire()
        return self._waiting.popleft()

    def done(self, exchange: Exchange) -> None:
        """It is dealt with, and makes room for another."""
        self._held -= 1
        self._bytes -= exchange.size
        self._room.set()
