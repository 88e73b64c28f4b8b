"""Always-valid tests: look as often as you like, the promised error rate holds over all looks together.

Each test is a betting game against a hypothesis. Wealth begins at 1, every stake is fixed before the
requests it is laid on are seen, and no stake gains in expectation while the hypothesis is true. So wealth
that ever reaches 1/α refutes it, wrongly with probability at most α (Ville 1939). Which stake pays best is
not known beforehand: the wealth is spread over a few, and their mean counts (Robbins' method of mixtures).
Wealth and goals are natural logarithms throughout.

Sources: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", JRSS-B 86
(2024); S. Howard and A. Ramdas, "Sequential estimation of quantiles", Bernoulli 28 (2022). docs/ramp.md has
the argument.
"""

import math
from collections.abc import Callable, Sequence

from proxy.ramp.latency import Histogram, floor_of

OVER = (1.15, 1.3, 1.6, 2.0, 3.0, 5.0, 12.0, 40.0)
"""What the games that say "more" bet on: the limit times these. Dense where a breach is hard to see."""

UNDER = (0.9, 0.75, 0.5, 0.25, 0.05)
"""What the games that say "less" bet on: the limit times these."""


def wealth(gained: Sequence[float]) -> float:
    """The logarithm of the mean wealth, given the logarithm of each stake's."""
    best = max(gained)
    return best + math.log(sum(math.exp(gain - best) for gain in gained) / len(gained))


def requests_until(goal: float, gained: Sequence[float], per_request: Sequence[float]) -> int | None:
    """About how many more requests until the mean wealth reaches a goal; None where it will not.

    `per_request` is what each stake would gain per request if the rates stay as they were seen.
    """
    wanted = goal + math.log(len(gained))
    waits = [(wanted - gain) / rate for gain, rate in zip(gained, per_request, strict=True) if rate > 1e-12]
    return max(1, math.ceil(min(waits))) if waits else None


def rate_above(trials: int, hits: int, limit: float) -> float:
    """The wealth of betting against "the rate is at most the limit", 0 < limit < 1."""
    pays = _pays(limit, [min(limit * ratio, (limit + 1) / 2) for ratio in OVER])
    return wealth(_settled(pays, trials, hits))


def rate_below(trials: int, hits: int, limit: float) -> float:
    """The wealth of betting against "the rate is at least the limit", 0 < limit < 1."""
    return wealth(_settled(_pays(limit, [limit * ratio for ratio in UNDER]), trials, hits))


def trials_until_below(goal: float, trials: int, hits: int, limit: float) -> int | None:
    """About how many more trials until `rate_below` reaches a goal."""
    pays = _pays(limit, [limit * ratio for ratio in UNDER])
    seen = hits / trials if trials else 0.0
    return requests_until(goal, _settled(pays, trials, hits), _settled(pays, 1, seen))


def _pays(limit: float, rates: Sequence[float]) -> list[tuple[float, float]]:
    """What a hit and a miss gain: a likelihood ratio grows fastest if its rate is the truth."""
    return [(math.log(rate / limit), math.log((1 - rate) / (1 - limit))) for rate in rates]


def _settled(pays: Sequence[tuple[float, float]], trials: float, hits: float) -> list[float]:
    return [hits * hit + (trials - hits) * miss for hit, miss in pays]


def rate_upper(trials: int, hits: int, goal: float) -> float:
    """An upper bound of the rate, right at every look: the least rate that is refuted as too high."""
    if hits == trials:
        return 1.0
    return _edge(hits / trials, 1.0, lambda rate: rate_below(trials, hits, rate) < goal)


def rate_lower(trials: int, hits: int, goal: float) -> float:
    """A lower bound of the rate, right at every look: the greatest rate that is refuted as too low."""
    if hits == 0:
        return 0.0
    return _edge(hits / trials, 0.0, lambda rate: rate_above(trials, hits, rate) < goal)


def _edge(inside: float, outside: float, possible: Callable[[float], bool]) -> float:
    """Where the possible rates end, rounded outwards."""
    for _ in range(40):
        middle = (inside + outside) / 2
        if possible(middle):
            inside = middle
        else:
            outside = middle
    return outside


def quantile_bounds(histogram: Histogram, quantile: float, goal: float) -> tuple[int, int | None]:
    """Microseconds between which a quantile lies, each end right at every look; 0 and None where there is
    no bound.

    The true quantile is one mark with a known share of requests above it. So all marks are tested at the
    price of one (Howard and Ramdas 2022, section 2).
    """
    total, tail = sum(histogram.values()), 1 - quantile
    low, above = 0, total
    for bucket in sorted(histogram):
        if rate_above(total, above, tail) >= goal:
            low = floor_of(bucket)
        above -= histogram[bucket]
        if rate_below(total, above, tail) >= goal:
            return low, floor_of(bucket + 1)
    return low, None
