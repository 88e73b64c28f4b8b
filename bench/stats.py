"""The few statistics a table needs."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, with the lowest and the highest of them."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:,.0f}–{self.high:,.0f}"


def spread(values: Iterable[float]) -> Spread:
    """Raises ValueError for no values: a figure that was never measured must not look like one."""
    found = sorted(values)
    if not found:
        raise ValueError("nothing was measured")
    return Spread(statistics.median(found), found[0], found[-1])


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of values in rising order; `share` runs from 0 to 1."""
    if not ordered:
        raise ValueError("nothing was measured")
    rank = math.ceil(share * len(ordered))
    return ordered[max(rank, 1) - 1]


def slope(values: Sequence[float]) -> float:
    """Growth from one value to the next, the median over all pairs (Theil-Sen): a spike does not move it."""
    pairs = [
        (later - earlier) / (j - i)
        for i, earlier in enumerate(values)
        for j, later in enumerate(values[i + 1 :], start=i + 1)
    ]
    return statistics.median(pairs) if pairs else 0.0
