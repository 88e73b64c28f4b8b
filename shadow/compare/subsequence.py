"""Longest common subsequences (Hunt and Szymanski, CACM 20(5), 1977).

A common subsequence is a rising chain through the matches of two sequences: n log n where elements are
distinct, and bounded by a budget where they are not.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]
Keys: TypeAlias = Sequence[Hashable]


@dataclass(slots=True)
class Budget:
    """Work that all alignments of one comparison may do together; once spent, position decides."""

    left: int

    def take(self, amount: int) -> bool:
        if amount > self.left:
            return False
        self.left -= amount
        return True


@dataclass(frozen=True, slots=True)
class Gap:
    """left[start:end] and right[from_:to], with no pairs between them yet."""

    start: int
    end: int
    from_: int
    to: int

    @property
    def cells(self) -> int:
        return (self.end - self.start) * (self.to - self.from_)


def trimmed(left: Keys, right: Keys, gap: Gap) -> tuple[list[Pair], Gap]:
    """The pairs of a gap's common head and tail, and what is left between them."""
    start, end, from_, to = gap.start, gap.end, gap.from_, gap.to
    pairs: list[Pair] = []
    while start < end and from_ < to and left[start] == right[from_]:
        pairs.append((start, from_))
        start, from_ = start + 1, from_ + 1
    while start < end and from_ < to and left[end - 1] == right[to - 1]:
        end, to = end - 1, to - 1
        pairs.append((end, to))
    return pairs, Gap(start, end, from_, to)


def longest(left: Keys, right: Keys, gap: Gap, budget: Budget) -> list[Pair]:
    """A longest common subsequence of a gap, of as many keys as the budget pays for."""
    pairs, middle = trimmed(left, right, gap)
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place in range(middle.from_, middle.to):
        places[right[place]].append(place)
    usable = _affordable(Counter(left[middle.start : middle.end]), places, budget)
    matches = (
        (index, place)
        for index in range(middle.start, middle.end)
        if left[index] in usable
        for place in reversed(places[left[index]])
    )
    return pairs + _longest_rising(matches)


def _affordable(
    counts: Counter[Hashable], places: Mapping[Hashable, Sequence[int]], budget: Budget
) -> set[Hashable]:
    """The keys whose matches can be paid for, the rarest first: they say most about what belongs together."""
    shared = [(count * len(places[key]), key) for key, count in counts.items() if key in places]
    shared.sort(key=lambda entry: entry[0])
    return {key for matches, key in shared if budget.take(matches)}


def _longest_rising(matches: Iterable[Pair]) -> list[Pair]:
    """The longest chain of matches that rises on both sides; they come by rising left, then by
    falling right.
    """
    ends: list[int] = []  # the lowest right index that a chain of each length ends at
    chains: list[_Chain] = []
    for left, right in matches:
        length = bisect_left(ends, right)
        ends[length : length + 1] = [right]
        chains[length : length + 1] = [_Chain((left, right), chains[length - 1] if length else None)]
    return chains[-1].pairs() if chains else []


@dataclass(frozen=True, slots=True)
class _Chain:
    last: Pair
    before: "_Chain | None"

    def pairs(self) -> list[Pair]:
        found: list[Pair] = []
        chain: _Chain | None = self
        while chain is not None:
            found.append(chain.last)
            chain = chain.before
        return found[::-1]
