"""Which elements of two JSON arrays are compared with each other."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter, ne

from shadow.compare import values
from shadow.compare.align import Elements, align
from shadow.compare.model import Json
from shadow.compare.selectors import State
from shadow.compare.shapes import Shapes, are_in_step, identities
from shadow.compare.subsequence import Budget, Pair
from shadow.compare.treatment import Treatment


@dataclass(frozen=True, slots=True)
class Pairing:
    """Pairs of indexes; what is in none is on one side only. reordered: the same elements in another
    order.
    """

    pairs: list[Pair]
    reordered: bool = False


@dataclass(frozen=True, slots=True)
class Array:
    """One side's array: values and, beside each, its index and where the queries stand there."""

    values: Sequence[Json]
    indexes: Sequence[int]
    states: Sequence[State | None]


@dataclass(frozen=True, slots=True)
class Pairer:
    """Pairs the arrays of one comparison. mirror: see `align`."""

    shapes: Shapes
    budget: Budget
    mirror: bool
    base: Treatment

    def ordered(self, left: Array, right: Array) -> Pairing:
        """By content, in order: an insertion is one element too many and nothing else."""
        if are_in_step(left.values, right.values):
            return Pairing(_numbered(left.values))
        ones, others = self._shapes(left), self._shapes(right)
        if _is_in_place(ones, others):
            return Pairing(_numbered(ones))
        if _permuted(ones, others):
            return Pairing(_matched(ones, others), reordered=True)
        named = identities(left.values, right.values)
        if named and _permuted(*named) and named[0] != named[1]:
            return Pairing(_matched(*named), reordered=True)
        elements = Elements(
            (ones, others),
            named,
            lambda i, j: self._cost(left.values[i], right.values[j]),
            (lambda i: _size(left.values[i]), lambda j: _size(right.values[j])),
        )
        return Pairing(align(elements, self.budget, self.mirror))

    def unordered(self, left: Array, right: Array, key: str | None) -> Pairing:
        """As multisets: by the member `key` where both have it, else by content, else by likeness."""
        pairs: list[Pair] = []
        for ones, others in (
            (self._keyed(left, key), self._keyed(right, key)),
            (self._shapes(left), self._shapes(right)),
        ):
            taken = set(map(itemgetter(0), pairs)), set(map(itemgetter(1), pairs))
            pairs += _matched(_without(ones, taken[0]), _without(others, taken[1]))
        return Pairing(sorted(pairs + self._alike(left, right, pairs)))

    def _shapes(self, array: Array) -> list[Hashable]:
        return [self.shapes.of(*item) for item in zip(array.values, array.states, strict=True)]

    def _keyed(self, array: Array, key: str | None) -> list[Hashable]:
        return [
            self.shapes.of(item[key], None)
            if key is not None and isinstance(item, dict) and key in item
            else object()
            for item in array.values
        ]

    def _cost(self, one: Json, other: Json) -> float:
        """About how many differences a pair would bring."""
        if isinstance(one, dict) and isinstance(other, dict):
            return sum(1 for name, value in one.items() if name not in other or other[name] != value) + sum(
                1 for name in other if name not in one
            )
        if isinstance(one, list) and isinstance(other, list):
            same = sum(left == right for left, right in zip(one, other, strict=False))
            return max(len(one), len(other)) - same
        if isinstance(one, dict | list) or isinstance(other, dict | list):
            return _size(one) + _size(other) - 0.5
        return 0 if values.difference(one, other, self.base, _unnoted) is None else 1

    def _alike(self, left: Array, right: Array, pairs: Sequence[Pair]) -> list[Pair]:
        """Of what is still alone, what is at least half the same."""
        taken = {one for one, _ in pairs}, {other for _, other in pairs}
        ones = [index for index in range(len(left.values)) if index not in taken[0]]
        others = [index for index in range(len(right.values)) if index not in taken[1]]
        if not self.budget.take(len(ones) * len(others)):
            return []
        costs = [(self._cost(left.values[i], right.values[j]), i, j) for i in ones for j in others]
        close = [
            (cost, i, j) for cost, i, j in costs if cost <= self._bearable(left.values[i], right.values[j])
        ]
        close.sort(key=lambda entry: (entry[0], entry[2], entry[1]) if self.mirror else entry)
        return _first_come((i, j) for _, i, j in close)

    def _bearable(self, one: Json, other: Json) -> float:
        scalars = not isinstance(one, dict | list) or not isinstance(other, dict | list)
        return 0 if scalars else min(_size(one), _size(other))


def _unnoted(_: str) -> None:
    """Weighing a pair is not yet comparing it: nothing is counted."""


def _size(value: Json) -> float:
    return (len(value) + 1) / 2 if isinstance(value, dict | list) else 1


def _numbered(items: Sequence[object]) -> list[Pair]:
    return [(index, index) for index in range(len(items))]


def _is_in_place(ones: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    """Whether no alignment brings fewer differences than pairing by position does.

    Any alignment leaves at least those elements without an equal partner that the other side, in whatever
    order, has no equal of.
    """
    if len(ones) != len(others):
        return False
    here: int = sum(map(ne, ones, others))
    return here == 0 or here <= (Counter(ones) - Counter(others)).total()


def _permuted(ones: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    return len(ones) == len(others) and Counter(ones) == Counter(others)


def _without(keys: Sequence[Hashable], taken: set[int]) -> list[Hashable]:
    """The same keys, those taken replaced by what equals nothing."""
    return [object() if index in taken else key for index, key in enumerate(keys)]


def _matched(ones: Sequence[Hashable], others: Sequence[Hashable]) -> list[Pair]:
    """Equal keys, each used once, the first with the first."""
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index in reversed(range(len(others))):
        places[others[index]].append(index)
    return [(index, places[key].pop()) for index, key in enumerate(ones) if places.get(key)]


def _first_come(pairs: Iterable[Pair]) -> list[Pair]:
    lefts: set[int] = set()
    rights: set[int] = set()
    found: list[Pair] = []
    for left, right in pairs:
        if left not in lefts and right not in rights:
            lefts.add(left)
            rights.add(right)
            found.append((left, right))
    return found
