"""Counters and latency histograms of one process, fed by outcomes, mergeable over processes. Pure.

Feeding costs a dictionary look-up and a bisection; whoever wants figures takes a `Totals` and merges it.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

BOUNDS: tuple[float, ...] = tuple(round(0.00025 * 1.25**step, 9) for step in range(56))
"""Upper bounds of the latency buckets in seconds, 0.25 ms to 53 s, each a quarter above the one before."""


Key = tuple[str, str, str, int]
"""What one series counts: (route, side, backend, status)."""


@dataclass(slots=True)
class Series:
    """`buckets[i]` counts latencies up to BOUNDS[i]; the last one counts those beyond."""

    count: int = 0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, seconds: float, bytes_in: int, bytes_out: int) -> None:
        self.count += 1
        self.seconds += seconds
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out
        self.buckets[bisect_left(BOUNDS, seconds)] += 1

    def merge(self, other: "Series") -> None:
        self.count += other.count
        self.seconds += other.seconds
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]


@dataclass(slots=True)
class Totals:
    """Everything counted since a process began. `errors` by (route, name of the problem or break-off)."""

    series: dict[Key, Series] = field(default_factory=dict)
    errors: dict[tuple[str, str], int] = field(default_factory=dict)
    counters: dict[tuple[str, str], int] = field(default_factory=dict)

    def observe(self, key: Key, seconds: float, bytes_in: int, bytes_out: int, error: str) -> None:
        """Count one answer."""
        series = self.series.get(key)
        if series is None:
            series = self.series[key] = Series()
        series.add(seconds, bytes_in, bytes_out)
        if error:
            self.errors[key[0], error] = self.errors.get((key[0], error), 0) + 1

    def count(self, name: str, label: str, amount: int = 1) -> None:
        """Count something that is not an answer, such as a retry by its backend."""
        self.counters[name, label] = self.counters.get((name, label), 0) + amount

    def merge(self, other: "Totals") -> None:
        """Add another process's totals to these."""
        for key, series in other.series.items():
            self.series.setdefault(key, Series()).merge(series)
        for mine, theirs in ((self.errors, other.errors), (self.counters, other.counters)):
            for name, amount in theirs.items():
                mine[name] = mine.get(name, 0) + amount


def quantile(buckets: list[int], q: float) -> float | None:
    """The latency in seconds below which the share `q` of answers lies (upper bound of its bucket)."""
    total = sum(buckets)
    if total == 0:
        return None
    rank, seen = q * total, 0
    for bound, amount in zip(BOUNDS, buckets, strict=False):
        seen += amount
        if seen >= rank:
            return bound
    return BOUNDS[-1]
