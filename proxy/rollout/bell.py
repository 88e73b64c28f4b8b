"""Waiting in an event loop for something that others tell."""

import asyncio
from contextlib import suppress


class Bell:
    """Rung by anybody, from any thread; whoever waits looks again. Made in the loop that waits."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Something may have changed."""
        with suppress(RuntimeError):  # at the end of all there is no loop to tell
            self._loop.call_soon_threadsafe(self._rung)

    def next(self) -> asyncio.Event:
        """Set at the next ring. Ask for it before looking, so that no ring falls in between."""
        return self._next

    def _rung(self) -> None:
        self._next.set()
        self._next = asyncio.Event()
