"""Verdicts as samples for the gates, where the shadow worker has no supervisor that would write them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from sqlalchemy import Connection

from proxy.config.snapshot import Snapshot
from proxy.flips import intents
from proxy.ledger import BadLedgerUrl, Ledger, LedgerUnavailable, overrides, samples
from proxy.ledger.migrate import LedgerTooNew, opened
from proxy.ramp.evidence import Sample
from proxy.rollout.book import Book
from proxy.rollout.sampling import Sampler, judged
from proxy.telemetry.metrics import Totals

SLOT = 1.0
"""Seconds between two cuts of samples."""
KEPT = 4096
"""Samples that are kept for a ledger that is away; beyond that the oldest are dropped."""


class ShadowSamples:
    """Follows the overrides, as only routes under a ramp are sampled, and writes what was counted of them."""

    def __init__(self, url: str, source: str) -> None:
        """`source` is unique across machines and restarts."""
        self._url = url
        self._ledger: Ledger | None = None
        self._book = Book()
        self._sampler = Sampler(source)
        self._waiting: deque[tuple[str, Sample]] = deque(maxlen=KEPT)

    def count(self, totals: Totals) -> None:
        """What the worker counted since its last report."""
        self._sampler.add(totals)

    async def run(self, file: Callable[[], Snapshot]) -> None:
        """Write, over and over, until cancelled. A ledger that is away is tried again."""
        while True:
            await asyncio.sleep(SLOT)
            await asyncio.to_thread(self.write, file())

    def write(self, file: Snapshot) -> None:
        """Write what is due, by the overrides in force over this file. Blocks."""
        try:
            ledger = self._opened()
            self._book.learn(*ledger.read(self._changes))
            self._cut(file)
            due = list(self._waiting)
            ledger.write(lambda connection: samples.write(connection, due))
        except (LedgerUnavailable, LedgerTooNew, BadLedgerUrl):
            self._cut(file)  # what was written after all is not counted twice
        else:
            self._waiting.clear()

    def close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()

    def _opened(self) -> Ledger:
        if self._ledger is None:
            self._ledger = opened(self._url)
        return self._ledger

    def _changes(self, connection: Connection) -> tuple[int, list[overrides.Override]]:
        return overrides.changed_since(connection, self._book.version)

    def _cut(self, file: Snapshot) -> None:
        self._book.follow_file(intents(file))
        in_force = file.with_overrides(self._book.in_force())
        self._waiting.extend(self._sampler.cut(time.time(), judged(in_force)))
