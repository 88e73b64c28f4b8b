"""Which elements of two sequences belong together: those that bring the fewest differences.

Short stretches are weighed pair by pair (edit distance). In long ones equal elements are paired first, by the
longest common subsequence, then those with the same identity, and only what is left between them is weighed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf

from shadow.compare.subsequence import Budget, Gap, Keys, Pair, longest, trimmed

WEIGHED_CELLS = 4096

Cost = Callable[[int, int], float]


@dataclass(frozen=True, slots=True)
class Elements:
    """Two sequences of elements, as aligning sees them.

    contents: keys that are equal for equal elements. identities: keys that are equal for the same element,
    changed or not; None if nothing tells elements apart. cost: how many differences a pair would bring,
    infinite if the two cannot be one. sizes: the differences that an element without a partner stands for.
    """

    contents: tuple[Keys, Keys]
    identities: tuple[Keys, Keys] | None
    cost: Cost
    sizes: tuple[Callable[[int], float], Callable[[int], float]]

    def mirrored(self) -> "Elements":
        named = self.identities and (self.identities[1], self.identities[0])
        return Elements(
            (self.contents[1], self.contents[0]),
            named,
            lambda left, right: self.cost(right, left),
            (self.sizes[1], self.sizes[0]),
        )


def align(elements: Elements, budget: Budget, mirror: bool = False) -> list[Pair]:
    """Pairs of indexes, rising on both sides; what is in no pair is on one side only.

    Ties fall to the left sequence. `mirror` swaps the sides before and the pairs after: whoever aligns (b, a)
    with the opposite of what (a, b) was aligned with gets the same pairs the other way round.
    """
    if mirror:
        return [(left, right) for right, left in align(elements.mirrored(), budget)]
    left, right = elements.contents
    pairs, middle = trimmed(left, right, Gap(0, len(left), 0, len(right)))
    cost = _guarded(elements)
    if _is_weighable(middle, budget):
        return sorted(pairs + _weighed(elements, cost, middle))
    gaps = [middle]
    for keys in filter(None, (elements.contents, elements.identities)):
        pairs = sorted(pairs + [pair for gap in gaps for pair in longest(*keys, gap, budget)])
        gaps = list(_gaps(pairs, len(left), len(right)))
    return sorted(pairs + [pair for gap in gaps for pair in _cheapest(elements, cost, gap, budget)])


def _is_weighable(gap: Gap, budget: Budget) -> bool:
    return gap.cells <= WEIGHED_CELLS and budget.take(gap.cells)


def _guarded(elements: Elements) -> Cost:
    """Equal elements cost nothing; two of which one has its own identity on the other side are no pair."""
    contents, identities, cost = elements.contents, elements.identities, elements.cost
    named = ([], []) if identities is None else identities
    known = set(named[0]), set(named[1])

    def guarded(left: int, right: int) -> float:
        if contents[0][left] == contents[1][right]:
            return 0
        if identities is not None:
            one, other = named[0][left], named[1][right]
            if one != other and (one in known[1] or other in known[0]):
                return inf
        return cost(left, right)

    return guarded


def _gaps(pairs: Sequence[Pair], left_size: int, right_size: int) -> Iterator[Gap]:
    """Where both sides have elements between two pairs."""
    start, from_ = 0, 0
    for left, right in (*pairs, (left_size, right_size)):
        if start < left and from_ < right:
            yield Gap(start, left, from_, right)
        start, from_ = left + 1, right + 1


def _cheapest(elements: Elements, cost: Cost, gap: Gap, budget: Budget) -> list[Pair]:
    """Pairs within a gap; by position where weighing them all would take too long."""
    if _is_weighable(gap, budget):
        return _weighed(elements, cost, gap)
    both = zip(range(gap.start, gap.end), range(gap.from_, gap.to), strict=False)
    return [pair for pair in both if cost(*pair) < inf]


def _weighed(elements: Elements, cost: Cost, gap: Gap) -> list[Pair]:
    """The cheapest way to pair a gap's elements or leave them alone; a pair wins a tie.

    The table is filled from the end, so that the way through it prefers pairs at the beginning.
    """
    drops = [elements.sizes[0](left) for left in reversed(range(gap.start, gap.end))]
    adds = [elements.sizes[1](right) for right in reversed(range(gap.from_, gap.to))]
    best = [[0.0, *accumulate(adds)]]
    paired: list[list[bool]] = []
    for row_number, drop in enumerate(drops, start=1):
        above, row, kept = best[-1], [best[-1][0] + drop], []
        for column, add in enumerate(adds):
            alone = min(above[column + 1] + drop, row[column] + add)
            together = above[column] + cost(gap.end - row_number, gap.to - column - 1)
            kept.append(together <= alone)
            row.append(min(together, alone))
        best.append(row)
        paired.append(kept)
    return _traced(gap, best, paired, drops)


def _traced(gap: Gap, best: list[list[float]], paired: list[list[bool]], drops: list[float]) -> list[Pair]:
    """The way back through the table, from its last cell: the beginning of the gap."""
    pairs: list[Pair] = []
    row, column = len(drops), gap.to - gap.from_
    while row and column:
        if paired[row - 1][column - 1]:
            pairs.append((gap.end - row, gap.to - column))
            row, column = row - 1, column - 1
        elif best[row][column] == best[row - 1][column] + drops[row - 1]:
            row -= 1
        else:
            column -= 1
    return pairs
