"""What was seen at a step: samples from every worker, added up as they arrive and never twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from proxy.ramp.increase import Counts, IncreaseTest
from proxy.ramp.latency import Histogram, merged

LATENESS = 120
"""Seconds a sample may come late and still count, as from a replica that had lost the ledger."""


@dataclass(frozen=True, slots=True)
class SideSample:
    """What one side did for one worker in one time slot."""

    requests: int = 0
    errors: int = 0
    latency: Histogram = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one worker saw of a route in one time slot, written once, when the slot is over."""

    slot: int
    """Seconds since 1970 at which the slot began."""
    source: str
    """The process that saw it, unique across machines and restarts."""
    legacy: SideSample = field(default_factory=SideSample)
    modern: SideSample = field(default_factory=SideSample)
    compared: int = 0
    mismatches: int = 0


@dataclass(slots=True)
class Evidence:
    """Everything seen of a route since a step began."""

    since: int
    """The first slot that counts."""
    increase: IncreaseTest
    legacy_latency: dict[int, int] = field(default_factory=dict)
    modern_latency: dict[int, int] = field(default_factory=dict)
    compared: int = 0
    mismatches: int = 0
    _newest: int = 0
    _seen: set[tuple[int, str]] = field(default_factory=set)

    @property
    def read_from(self) -> int:
        """The slot from which samples may still be new."""
        return max(self.since, self._newest - LATENESS)

    def add(self, samples: Iterable[Sample], before: int) -> None:
        """Take in the samples that are new, of slots before `before`: later ones may not be complete yet.

        The workers' samples of one slot are one round of the test; a late one is a round of its own.
        """
        due = (sample for sample in samples if self.read_from <= sample.slot < before)
        fresh = [sample for sample in due if (sample.slot, sample.source) not in self._seen]
        for slot, of_slot in groupby(
            sorted(fresh, key=lambda sample: sample.slot), lambda sample: sample.slot
        ):
            self._fold(list(of_slot))
            self._newest = max(self._newest, slot)
        self._seen.update((sample.slot, sample.source) for sample in fresh)
        self._seen = {key for key in self._seen if key[0] >= self.read_from}

    def _fold(self, samples: list[Sample]) -> None:
        self.increase.observe(
            Counts(sum(s.legacy.requests for s in samples), sum(s.legacy.errors for s in samples)),
            Counts(sum(s.modern.requests for s in samples), sum(s.modern.errors for s in samples)),
        )
        self.legacy_latency = merged([self.legacy_latency, *(s.legacy.latency for s in samples)])
        self.modern_latency = merged([self.modern_latency, *(s.modern.latency for s in samples)])
        self.compared += sum(s.compared for s in samples)
        self.mismatches += sum(s.mismatches for s in samples)
