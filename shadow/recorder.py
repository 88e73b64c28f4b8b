"""Keeps what the worker found: lines go to the diff log, groups and learned noise to the ledger, in batches.

All writing is done by one thread at a time, off the event loop. What cannot be written waits, bounded, or is
counted as lost; the worker goes on.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import orjson

from shadow.difflog import DiffLog
from shadow.entry import Entry, is_grouped, is_logged, line_of
from shadow.groups import Sample, Sighting, Sightings
from shadow.noise import Known, Noise, Seen

WRITE_EVERY = 0.25
"""Seconds that lines and groups gather before they are written together."""
MOST_BYTES = 16 * 1024 * 1024
"""Of lines that wait for the disk."""
RETRY_AFTER = 2.0
"""Seconds before a ledger that was down is tried again."""
LEARN_EVERY = 5.0
"""Seconds that counts of noise gather before they are written together."""
RELOAD_EVERY = 30.0
"""Seconds between two looks at what other workers learned, and at what people ruled."""


class StoreDown(Exception):
    """The ledger did not take, or give, what it was asked to."""


class Store(Protocol):
    """The ledger, as the worker uses it. Everything blocks, and raises StoreDown."""

    def record(self, sightings: Sequence[Sighting], learned: Mapping[str, Seen]) -> None:
        """Add these up, whole or not at all."""

    def known(self) -> Mapping[str, Known]:
        """All that is known of noise, by route."""

    def tidy(self) -> None:
        """Forget groups and noise that were not seen for long."""


class Recorder:
    """The one writer. `lost` counts what could not be kept, by what it was."""

    def __init__(
        self, log: DiffLog, store: Store, noise: Noise, most_samples: int, clock: Callable[[], float]
    ) -> None:
        self._log = log
        self._store = store
        self._noise = noise
        self._clock = clock
        self._lines: list[bytes] = []
        self._bytes = 0
        self._sightings = Sightings(most_samples)
        self._store_at = 0.0
        self._learn_at = 0.0
        self._reload_at = 0.0
        self.lost: Counter[str] = Counter()

    def keep(self, entry: Entry, severity: str, verdicts: frozenset[str]) -> None:
        """Take one exchange's entry: logged if its verdict is among these, grouped if it is a finding."""
        line = line_of(entry)
        if is_logged(entry["verdict"], verdicts):
            if self._bytes + len(line) > MOST_BYTES:
                self.lost["line"] += 1
            else:
                self._lines.append(line)
                self._bytes += len(line)
        if not is_grouped(entry["verdict"]) or entry["signature"] is None:
            return
        if not self._sightings.add(_sighting(entry, line, severity)):
            self.lost["group"] += 1

    async def run(self) -> None:
        """Write again and again, until cancelled. A ledger that hangs does not hold up the log."""
        await asyncio.gather(_again(self._flush_lines, WRITE_EVERY), _again(self._flush_store, WRITE_EVERY))

    async def flush(self) -> None:
        """Write what there is, at the end."""
        self._learn_at = 0.0
        await self._flush_lines()
        await self._flush_store()

    async def _flush_lines(self) -> None:
        lines, self._lines, self._bytes = self._lines, [], 0
        if not lines:
            return
        try:
            await asyncio.to_thread(self._log.write, lines)
        except OSError:
            self.lost["line"] += len(lines)

    async def _flush_store(self) -> None:
        if self._clock() < self._store_at:
            return
        try:
            await self._record()
            await self._reload_if_due()
        except StoreDown:
            self.lost["try"] += 1
            self._store_at = self._clock() + RETRY_AFTER

    async def _record(self) -> None:
        sightings, learned = self._sightings.take(), self._learned()
        if not sightings and not learned:
            return
        try:
            await asyncio.to_thread(self._store.record, sightings, learned)
        except StoreDown:
            self.lost["group"] += self._sightings.put_back(sightings)
            self._noise.put_back()
            raise
        self._noise.wrote()

    def _learned(self) -> Mapping[str, Seen]:
        """What is due of the counts of noise: every exchange adds to them."""
        if self._clock() < self._learn_at:
            return {}
        self._learn_at = self._clock() + LEARN_EVERY
        return self._noise.take()

    async def _reload_if_due(self) -> None:
        if self._clock() >= self._reload_at:
            self._reload_at = self._clock() + RELOAD_EVERY
            await asyncio.to_thread(self._store.tidy)
            self._noise.load(await asyncio.to_thread(self._store.known))


async def _again(what: Callable[[], Awaitable[None]], pause: float) -> None:
    while True:
        await asyncio.sleep(pause)
        await what()


def _sighting(entry: Entry, line: bytes, severity: str) -> Sighting:
    time = datetime.fromisoformat(entry["time"])
    return Sighting(
        signature=entry["signature"],
        route=entry["route"],
        severity=severity,
        differences=orjson.dumps(entry["differences"]).decode(),
        first=time,
        last=time,
        samples=(Sample(entry["id"], time, line.decode()),),
    )
