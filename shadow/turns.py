"""Takes turns with whatever else runs on the machine, by what Linux says of waiting for a processor."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from shadow.thrift import Thrift

LOOK = 0.2
"""Seconds between two looks."""
_SCHEDSTAT = Path("/proc/self/schedstat")


def waited() -> float | None:
    """Seconds that this process' event loop has waited for a processor so far; None if nobody says."""
    try:
        return int(_SCHEDSTAT.read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


class Turns:
    """`next` waits for its turn."""

    def __init__(self, waited: Callable[[], float | None] = waited) -> None:
        self.thrift = Thrift()
        self._waited = waited
        self._taken = 0

    async def next(self) -> None:
        """Wait until one more exchange may be taken on."""
        self._taken += 1
        pause = self.thrift.turn(time.monotonic())
        if pause > 0:
            await asyncio.sleep(pause)

    async def watch(self) -> None:
        """Adapt, until cancelled."""
        before, since = self._waited(), time.monotonic()
        while before is not None:
            await asyncio.sleep(LOOK)
            now, at = self._waited(), time.monotonic()
            if now is not None:
                self.thrift.waited((now - before) / (at - since), self._taken / (at - since))
            before, since, self._taken = now, at, 0
