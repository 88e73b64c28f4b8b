"""Which elements of two sequences belong together: as many equal ones as possible, then the most alike.

The equal ones are a longest common subsequence, found as a longest increasing subsequence of the matches
(Hunt and Szymanski, "A fast algorithm for computing longest common subsequences", CACM 20(5), 1977): n log n
where elements are distinct, and bounded by a budget where they are not.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]
Keys: TypeAlias = Sequence[Hashable]

_WEIGHED_CELLS = 10_000


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
class Elements:
    """Two sequences of elements, as aligning sees them.

    layers: keys by which elements are equal, strictest first; within what one layer left open, the next
    decides. cost: how many differences a pair of elements would bring, infinite if they cannot be a pair.
    size: the differences that an element without a partner stands for.
    """

    layers: Sequence[tuple[Keys, Keys]]
    cost: Callable[[int, int], float]
    size: tuple[Callable[[int], float], Callable[[int], float]]

    def mirrored(self) -> "Elements":
        return Elements(
            [(right, left) for left, right in self.layers],
            lambda left, right: self.cost(right, left),
            (self.size[1], self.size[0]),
        )


def align(elements: Elements, budget: Budget, mirror: bool = False) -> list[Pair]:
    """Pairs of indexes, rising on both sides; what is in no pair is on one side only.

    Ties fall to the left sequence. `mirror` swaps the sides first and the result back: whoever compares (b,
    a) with the opposite of what (a, b) was compared with gets the mirrored pairs.
    """
    if mirror:
        return [(left, right) for right, left in align(elements.mirrored(), budget)]
    first_left, first_right = elements.layers[0]
    gaps = [Gap(0, len(first_left), 0, len(first_right))]
    pairs: list[Pair] = []
    for left, right in elements.layers:
        equal = [pair for gap in gaps for pair in _common(left, right, gap, budget)]
        pairs = sorted(pairs + equal)
        gaps = list(_gaps(pairs, len(left), len(right)))
    alike = [pair for gap in gaps for pair in _cheapest(elements, gap, budget)]
    return sorted(pairs + alike)


@dataclass(frozen=True, slots=True)
class Gap:
    """left[start:end] and right[from_:to] with no pair between them yet; both have elements."""

    start: int
    end: int
    from_: int
    to: int

    @property
    def cells(self) -> int:
        return (self.end - self.start) * (self.to - self.from_)


def _gaps(pairs: list[Pair], left_size: int, right_size: int) -> Iterator[Gap]:
    start, from_ = 0, 0
    for left, right in (*pairs, (left_size, right_size)):
        if start < left and from_ < right:
            yield Gap(start, left, from_, right)
        start, from_ = left + 1, right + 1


def _common(left: Keys, right: Keys, gap: Gap, budget: Budget) -> list[Pair]:
    """A longest common subsequence of a gap, its common head and tail taken first."""
    start, end, from_, to = gap.start, gap.end, gap.from_, gap.to
    pairs: list[Pair] = []
    while start < end and from_ < to and left[start] == right[from_]:
        pairs.append((start, from_))
        start, from_ = start + 1, from_ + 1
    tail: list[Pair] = []
    while start < end and from_ < to and left[end - 1] == right[to - 1]:
        end, to = end - 1, to - 1
        tail.append((end, to))
    return pairs + _middle(left, right, Gap(start, end, from_, to), budget) + tail[::-1]


def _middle(left: Keys, right: Keys, gap: Gap, budget: Budget) -> list[Pair]:
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index in range(gap.from_, gap.to):
        places[right[index]].append(index)
    usable = _affordable(Counter(left[gap.start : gap.end]), places, budget)
    matches = (
        (index, place)
        for index in range(gap.start, gap.end)
        if left[index] in usable
        for place in reversed(places[left[index]])
    )
    return _longest_rising(matches)


def _affordable(
    counts: Counter[Hashable], places: Mapping[Hashable, Sequence[int]], budget: Budget
) -> set[Hashable]:
    """The keys whose matches the budget pays for, the rarest first: they say most about what belongs
    together.
    """
    shared = [(count * len(places[key]), key) for key, count in counts.items() if key in places]
    shared.sort(key=lambda entry: entry[0])
    return {key for matches, key in shared if budget.take(matches)}


def _longest_rising(matches: Iterable[Pair]) -> list[Pair]:
    """The longest chain of matches that rises on both sides; they come sorted by left, then by
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


def _cheapest(elements: Elements, gap: Gap, budget: Budget) -> list[Pair]:
    """Pairs within a gap that bring the fewest differences; by position where weighing all would cost too
    much.
    """
    if gap.cells > 1 and gap.cells <= _WEIGHED_CELLS and budget.take(gap.cells):
        return _weighed(elements, gap)
    both = zip(range(gap.start, gap.end), range(gap.from_, gap.to), strict=False)
    return [pair for pair in both if elements.cost(*pair) < inf]


def _weighed(elements: Elements, gap: Gap) -> list[Pair]:
    """Edit distance with the elements' own costs; a pair wins a tie against two elements without a
    partner.
    """
    lefts, rights = range(gap.start, gap.end), range(gap.from_, gap.to)
    drops = [elements.size[0](left) for left in lefts]
    adds = [elements.size[1](right) for right in rights]
    best = [[0.0, *accumulate(adds)]]
    paired: list[list[bool]] = []
    for left, drop in zip(lefts, drops, strict=True):
        above, row, kept = best[-1], [best[-1][0] + drop], []
        for column, (right, add) in enumerate(zip(rights, adds, strict=True)):
            alone = min(above[column + 1] + drop, row[column] + add)
            together = above[column] + elements.cost(left, right)
            kept.append(together <= alone)
            row.append(min(together, alone))
        best.append(row)
        paired.append(kept)
    return _traced(gap, best, paired, drops)


def _traced(gap: Gap, best: list[list[float]], paired: list[list[bool]], drops: list[float]) -> list[Pair]:
    """The way back through the table, from its last cell."""
    pairs: list[Pair] = []
    row, column = len(drops), gap.to - gap.from_
    while row and column:
        if paired[row - 1][column - 1]:
            row, column = row - 1, column - 1
            pairs.append((gap.start + row, gap.from_ + column))
        elif best[row][column] == best[row - 1][column] + drops[row - 1]:
            row -= 1
        else:
            column -= 1
    return pairs
