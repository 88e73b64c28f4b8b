"""What the worker holds: bounded in count and bytes, so that a flood costs exchanges and no memory."""

import asyncio
from collections import deque
from collections.abc import Callable

from shadow.exchange import Exchange


class Inbox:
    """A queue that refuses instead of growing. What was taken out of it counts until it is `done` with.

    `is_over` says of an exchange that it is too old for anything but being dropped.
    """

    def __init__(self, max_exchanges: int, max_bytes: int, is_over: Callable[[Exchange], bool]) -> None:
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._is_over = is_over
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
        """One that is over, or else the one that came last.

        Who cannot keep up would, in the order of arrival, come to each exchange when it is just too old.
        """
        await self._news.acquire()
        return self._waiting.popleft() if self._is_over(self._waiting[0]) else self._waiting.pop()

    def done(self, exchange: Exchange) -> None:
        """It is dealt with, and makes room for another."""
        self._held -= 1
        self._bytes -= exchange.size
        self._room.set()
