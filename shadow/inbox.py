"""What waits for the worker: bounded in count and bytes, so that a flood costs exchanges and no memory."""

import asyncio
from collections import deque

from shadow.exchange import Exchange


class Inbox:
    """A queue that refuses instead of growing."""

    def __init__(self, max_exchanges: int, max_bytes: int) -> None:
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._waiting: deque[Exchange] = deque()
        self._bytes = 0
        self._news = asyncio.Semaphore(0)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, exchange: Exchange) -> bool:
        """Whether there was room for it."""
        if len(self._waiting) >= self._max_exchanges or self._bytes + exchange.size > self._max_bytes:
            return False
        self._waiting.append(exchange)
        self._bytes += exchange.size
        self._news.release()
        return True

    async def get(self) -> Exchange:
        """The exchange that waited longest."""
        await self._news.acquire()
        exchange = self._waiting.popleft()
        self._bytes -= exchange.size
        return exchange
