"""Noise: what differs between two answers of one side, learned with counts, judged by statistics. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, lgamma
from typing import Self

from shadow.compare import Difference
from shadow.signature import general
from shadow.verdicts import Spot, may_be_noise, spot

SIGNIFICANCE = 0.01
"""A path is reported once chance would explain its rate, were it noise, less often than this."""


@dataclass(slots=True)
class Seen:
    """Pairs of answers that were compared, and in how many of them each path differed.

    `pairs` are of one side, `mirrored` of both.
    """

    pairs: int = 0
    differed: Counter[str] = field(default_factory=Counter)
    mirrored: int = 0
    diverged: Counter[str] = field(default_factory=Counter)

    def plus(self, other: Self) -> "Seen":
        return Seen(
            self.pairs + other.pairs,
            self.differed + other.differed,
            self.mirrored + other.mirrored,
            self.diverged + other.diverged,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger keeps of a route: counts of all workers, and what people ruled."""

    seen: Seen = field(default_factory=Seen)
    pinned: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()


_NOTHING = Known()


class Noise:
    """What this worker knows of all routes: the ledger's counts, and its own since it last read them."""

    def __init__(self) -> None:
        self._known: Mapping[str, Known] = {}
        self._learned: dict[str, Seen] = {}
        self._writing: dict[str, Seen] = {}
        self._written: dict[str, Seen] = {}

    def learn(self, route: str, differences: Iterable[Difference]) -> None:
        """What two answers of the same side differ in."""
        seen = self._learned.setdefault(route, Seen())
        seen.pairs += 1
        seen.differed.update(_paths(differences))

    def compared(self, route: str, differences: Iterable[Difference]) -> None:
        """What the two sides' answers differ in."""
        seen = self._learned.setdefault(route, Seen())
        seen.mirrored += 1
        seen.diverged.update(_paths(differences))

    def among(self, route: str, differences: Iterable[Difference]) -> set[Spot]:
        """Those differences that are no more than noise."""
        return {
            spot(one) for one in differences if may_be_noise(one) and self._is_noise(route, general(one.path))
        }

    def _is_noise(self, route: str, path: str) -> bool:
        known = self._known.get(route, _NOTHING)
        if path in known.forbidden:
            return False
        if path in known.pinned:
            return True
        own = (counts.get(route) for counts in (self._learned, self._writing, self._written))
        seen = _sum(known.seen, *own)
        if seen.differed[path] == 0:
            return False
        return chance(seen.diverged[path], seen.mirrored, seen.differed[path], seen.pairs) >= SIGNIFICANCE

    # -- to and from the ledger

    def take(self) -> Mapping[str, Seen]:
        """What was learned since the last call, to be written; then say `wrote` or `put_back`."""
        self._writing, self._learned = self._learned, {}
        return self._writing

    def wrote(self) -> None:
        """It is in the ledger, and counts here until `load` brings it back."""
        _merge(self._written, self._writing)
        self._writing = {}

    def put_back(self) -> None:
        """It could not be written; the next `take` has it again."""
        _merge(self._learned, self._writing)
        self._writing = {}

    def load(self, known: Mapping[str, Known]) -> None:
        """What the ledger says now, with everything in it that was written before."""
        self._known = known
        self._written = {}


def chance(hits: int, pairs: int, noisy: int, noise_pairs: int) -> float:
    """How likely so many hits, or more, are if the path differs as often as in pairs of the same side.

    Fisher's exact test, one-sided: hits of `pairs` against noisy of `noise_pairs`. 1.0 with nothing to go by.
    """
    total, marked = pairs + noise_pairs, hits + noisy
    most = min(pairs, marked)
    if pairs == 0 or hits == 0:
        return 1.0
    base = _log_choose(total, pairs)
    terms = (
        _log_choose(marked, k) + _log_choose(total - marked, pairs - k) - base
        for k in range(hits, most + 1)
        if pairs - k <= total - marked
    )
    return min(1.0, sum(exp(term) for term in terms))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _sum(*all_seen: Seen | None) -> Seen:
    total = Seen()
    for seen in all_seen:
        if seen is not None:
            total = total.plus(seen)
    return total


def _merge(into: dict[str, Seen], more: Mapping[str, Seen]) -> None:
    for route, seen in more.items():
        into[route] = _sum(into.get(route), seen)


def _paths(differences: Iterable[Difference]) -> set[str]:
    return {general(difference.path) for difference in differences if may_be_noise(difference)}
