"""The supervisor's end of the ledger: which overrides are in force, who confirmed, what was sampled.

Everything here runs on the event loop and nothing waits; what blocks is in the follower's thread.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from proxy.config.addresses import Address
from proxy.config.models import Config
from proxy.config.snapshot import Snapshot
from proxy.flips import intents
from proxy.ledger.clock import LedgerTime
from proxy.ledger.positions import Position
from proxy.rollout.book import Book
from proxy.rollout.follower import Follower, Identity, News
from proxy.rollout.hints import FLIPPED, SERVED, Herald, Listener
from proxy.rollout.sampling import Sampler, judged
from proxy.rollout.view import LedgerView
from proxy.telemetry.metrics import Totals

_T = TypeVar("_T")

PATIENCE = 4.0
"""Seconds that a start waits for a ledger; beyond that the file alone is in force until it answers."""
SLOT = 1.0
"""Seconds between two cuts of samples."""
GOODBYE = 1.0
"""Seconds that an end waits for the ledger to take the last samples."""


class Feed:
    """Calls `changed` whenever other overrides are in force, or the view is another."""

    def __init__(self, config: Config, listen: Address, changed: Callable[[], None]) -> None:
        """Raises BadLedgerUrl."""
        self.view = LedgerView()
        self.known = asyncio.Event()
        """Set once the ledger has answered, or not."""
        self._book = Book()
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        identity = _identity(listen)
        self._follower = Follower(
            config.ledger,
            identity,
            self._from_thread(self._learn),
            Herald(config.redis, SERVED, lambda _: None).announce,
            time.monotonic,
        )
        self._sampler = Sampler(f"{identity.replica}#{os.getpid()}-{time.time_ns():x}")
        self._time = LedgerTime(time.monotonic, time.time())
        self._judged: frozenset[str] = frozenset()
        self._hints = config.redis and Listener(
            config.redis, FLIPPED, self._follower.wake, self._from_thread(self._redis)
        )

    async def run(self, snapshot: Snapshot) -> None:
        """Follow until cancelled; then give the last samples to the ledger, if it takes them at once."""
        self._follower.start(intents(snapshot))
        if self._hints:
            self._hints.start()
        try:
            while True:
                await asyncio.sleep(SLOT)
                self._cut()
        finally:
            self._cut()
            if self._hints:
                self._hints.close()
            await asyncio.to_thread(self._follower.close, GOODBYE)

    def over(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with the overrides in force."""
        snapshot = snapshot.with_overrides(self._book.in_force())
        self._judged = judged(snapshot)
        return snapshot

    def follow_file(self, snapshot: Snapshot) -> None:
        """The file changed: overrides of routes that changed there fall, here at once, then in the ledger."""
        wanted = intents(snapshot)
        self._book.follow_file(wanted)
        self._follower.follow_file(wanted)

    def look(self, version: int) -> None:
        """Ask the ledger now, unless this version of it is known here; 0 where it is not known which."""
        self._follower.wake(version)

    def count(self, totals: Totals) -> None:
        """What a worker counted since its last report."""
        self._sampler.add(totals)

    def confirm(self) -> None:
        """Every worker serves by the overrides in force."""
        self._follower.confirm(self._book.version)

    def _learn(self, news: News) -> None:
        self._book.learn(news.version, news.rows)
        if news.at is not None:
            self._time.set(news.at)
        self.known.set()
        took = news.took or self.view.took
        self._see(replace(self.view, version=self._book.version, trouble=news.trouble, took=took))

    def _redis(self, trouble: str | None) -> None:
        self._see(replace(self.view, redis=trouble))

    def _see(self, view: LedgerView) -> None:
        if view != self.view:
            self.view = view
            self._changed()

    def _cut(self) -> None:
        if seen := self._sampler.cut(self._time.now(), self._judged):
            self._follower.keep(seen)

    def _from_thread(self, take: Callable[[_T], None]) -> Callable[[_T], None]:
        """The same function, to be called from a thread. At the end of all there is no loop to tell."""

        def tell(item: _T) -> None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(take, item)

        return tell


def moves(before: Snapshot, after: Snapshot) -> list[str]:
    """Where routes stand now that stood elsewhere, a line for each."""
    moved = [route for route in after.routes.values() if route.plan != before.routes[route.id].plan]
    return [
        f"{route.id} stands at {Position(route.plan.stage.value, route.plan.weight)} now"
        + (", by a flip" if route.override else ", as routes.yaml says")
        for route in moved
    ]


def _identity(listen: Address) -> Identity:
    host = socket.gethostname()
    return Identity(f"{host}/{listen}", {"host": host, "listen": str(listen), "pid": str(os.getpid())})
