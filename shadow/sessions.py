"""PHP sessions that exchanges belong to, as the worker sees them over all data planes of its machine.

A call that takes a client's session is made only while no other request of that session is under way, after
the client has been silent for a while, and it is given up as soon as the client comes back.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from shadow.exchange import Fields
from shadow.inflight import BUSY, FORGET, WATCH, message, session_in

Tell = Callable[[bytes], object]
"""Writes to one data plane; stands for it, too."""

_T = TypeVar("_T")


def session_of(fields: Fields) -> bytes | None:
    """The PHPSESSID of a request; of several the first, as PHP has it."""
    cookies = (value for name, value in fields if name.lower() == b"cookie")
    return next(filter(None, map(session_in, cookies)), None)


class Watch:
    """One session that is watched. Whoever has not said that it is idle there has a request under way."""

    def __init__(self, planes: set[Tell], now: float) -> None:
        self.users = 0
        self._busy = set(planes)
        self._taken = False
        self._idle_since = now
        self._changed = asyncio.Event()

    def quiet(self, seconds: float, now: float) -> bool:
        """Whether nobody has had a request of it under way for so long."""
        return not self._busy and not self._taken and now - self._idle_since >= seconds

    async def settle(self, seconds: float, patience: float, now: float) -> None:
        """Wait until it may have become quiet, at most `patience` seconds; then look again."""
        if not self._busy and not self._taken:
            patience = min(patience, self._idle_since + seconds - now)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._changed.wait()

    async def alone(self, call: Coroutine[Any, Any, _T]) -> _T | None:
        """Do this while nobody else has the session; None if a client came, and it was given up."""
        self._taken = True
        doing = asyncio.ensure_future(call)
        try:
            while not doing.done() and not self._busy:
                changed = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({doing, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
            return doing.result() if doing.done() else None
        finally:
            doing.cancel()
            self._taken = False
            self._note()

    def heard(self, plane: Tell, busy: bool, now: float) -> None:
        """A data plane has a request of it under way, or no more."""
        if busy:
            self._busy.add(plane)
        else:
            self.gone(plane, now)
        self._note()

    def gone(self, plane: Tell, now: float) -> None:
        """This data plane has none, or is no more."""
        if plane in self._busy:
            self._busy.discard(plane)
            self._idle_since = now

    def _note(self) -> None:
        """Wake all who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()


class Sessions:
    """All sessions that are watched at the moment."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._planes: set[Tell] = set()
        self._watches: dict[bytes, Watch] = {}

    @contextlib.contextmanager
    def watching(self, session: bytes) -> Iterator[Watch]:
        """Watch a session for as long as this lasts."""
        watch = self._watches.get(session)
        if watch is None:
            watch = self._watches[session] = Watch(self._planes, self._clock())
            self._tell(WATCH, session)
        watch.users += 1
        try:
            yield watch
        finally:
            watch.users -= 1
            if not watch.users:
                del self._watches[session]
                self._tell(FORGET, session)

    # -- the data planes

    def joined(self, plane: Tell) -> None:
        """One more data plane, which may have requests of any session under way."""
        self._planes.add(plane)
        for session, watch in self._watches.items():
            watch.heard(plane, True, self._clock())
            plane(message(WATCH, session))

    def left(self, plane: Tell) -> None:
        """A data plane is gone, and its requests with it."""
        self._planes.discard(plane)
        for watch in self._watches.values():
            watch.heard(plane, False, self._clock())

    def heard(self, plane: Tell, news: bytes) -> None:
        """What a data plane answered, or said by itself since it was asked."""
        watch = self._watches.get(news[1:])
        if watch is not None:
            watch.heard(plane, news[:1] == BUSY, self._clock())

    def _tell(self, kind: bytes, session: bytes) -> None:
        for plane in self._planes:
            plane(message(kind, session))
