"""Counters and latency histograms of one process, fed by outcomes, mergeable over processes. Pure.

Feeding costs a few dictionary look-ups; whoever wants figures takes a `Totals` and merges it. Latencies are
counted in the buckets that the ramp's gates go by.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from proxy.portable import Portable
from proxy.ramp.latency import Histogram, bucket_of, floor_of, merged
from proxy.upstream.failures import Failure

BOUNDS: Final[tuple[float, ...]] = tuple(0.000256 * 2**step for step in range(18))
"""Latencies in seconds at which buckets end, 0.256 ms to 34 s: what is shown of the fine histogram."""

_BROKEN: Final = frozenset(failure.value for failure in Failure)
"""How a response breaks off by its backend's fault, after its status went out."""

Key = tuple[str, str, str, int]
"""What one series counts: (route, side, backend, status)."""


@dataclass(slots=True)
class Series(Portable):
    """Answers of one kind; `failed` of them were errors of the server, or broke off by its fault."""

    count: int = 0
    failed: int = 0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    latency: dict[int, int] = field(default_factory=dict)

    def add(self, seconds: float, bytes_in: int, bytes_out: int) -> None:
        self.count += 1
        self.seconds += seconds
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out
        bucket = bucket_of(int(seconds * 1_000_000))
        self.latency[bucket] = self.latency.get(bucket, 0) + 1

    def merge(self, other: "Series") -> None:
        self.count += other.count
        self.failed += other.failed
        self.seconds += other.seconds
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.latency = merged((self.latency, other.latency))


@dataclass(slots=True)
class Totals(Portable):
    """Everything counted since a process began. `errors` by (route, name of the problem or break-off).

    `fallbacks` are those of the `series` that legacy answered because modern had failed.
    """

    series: dict[Key, Series] = field(default_factory=dict)
    fallbacks: dict[Key, Series] = field(default_factory=dict)
    errors: dict[tuple[str, str], int] = field(default_factory=dict)
    counters: dict[tuple[str, str], int] = field(default_factory=dict)

    def observe(
        self, key: Key, seconds: float, bytes_in: int, bytes_out: int, error: str, fell_back: bool = False
    ) -> None:
        """Count one answer."""
        self._add(self.series, key, seconds, bytes_in, bytes_out, error)
        if fell_back:
            self._add(self.fallbacks, key, seconds, bytes_in, bytes_out, error)
        if error:
            self.errors[key[0], error] = self.errors.get((key[0], error), 0) + 1

    def _add(
        self, to: dict[Key, Series], key: Key, seconds: float, bytes_in: int, bytes_out: int, error: str
    ) -> None:
        series = to.get(key)
        if series is None:
            series = to[key] = Series()
        series.add(seconds, bytes_in, bytes_out)
        if key[3] >= 500 or error in _BROKEN:
            series.failed += 1

    def count(self, name: str, label: str, amount: int = 1) -> None:
        """Count something that is not an answer, such as a retry by its backend."""
        self.counters[name, label] = self.counters.get((name, label), 0) + amount

    def merge(self, other: "Totals") -> None:
        """Add another process's totals to these."""
        for ours, others in ((self.series, other.series), (self.fallbacks, other.fallbacks)):
            for key, series in others.items():
                ours.setdefault(key, Series()).merge(series)
        for mine, theirs in ((self.errors, other.errors), (self.counters, other.counters)):
            for name, amount in theirs.items():
                mine[name] = mine.get(name, 0) + amount


def quantile(latency: Histogram, q: float) -> float | None:
    """The latency in seconds below which the share `q` of answers lies (upper bound of its bucket)."""
    rank, seen = q * sum(latency.values()), 0
    for bucket in sorted(latency):
        seen += latency[bucket]
        if seen >= rank:
            return floor_of(bucket + 1) / 1_000_000
    return None


def cumulative(latency: Histogram) -> Iterator[tuple[float, int]]:
    """How many answers took at most each of BOUNDS; buckets end there exactly."""
    for bound in BOUNDS:
        end = bucket_of(round(bound * 1_000_000))
        yield bound, sum(count for bucket, count in latency.items() if bucket < end)
