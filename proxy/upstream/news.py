"""What a coroutine waits for when it waits for something to change."""

import asyncio


class News:
    """Told by callbacks, awaited by one coroutine, which looks for itself at what has changed.

    An `asyncio.Event` can be awaited by many, and costs every request a queue for them.
    """

    __slots__ = ("_awaited", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop  # to look for the one that runs takes a system call
        self._awaited: asyncio.Future[None] | None = None

    def next(self) -> asyncio.Future[None]:
        """To be awaited: done at the next `tell`. What was told before does not count."""
        awaited = self._awaited = self._loop.create_future()
        return awaited

    def tell(self) -> None:
        """Something has changed."""
        awaited, self._awaited = self._awaited, None
        if awaited is not None and not awaited.done():  # it is, if whoever awaited it was cancelled
            awaited.set_result(None)
