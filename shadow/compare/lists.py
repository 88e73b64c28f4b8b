"""Which elements of two JSON arrays are compared with each other."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import ne

from shadow.compare.align import WEIGHED_CELLS, Elements, align
from shadow.compare.arrays import Array, keys_of, rising, untelling
from shadow.compare.likeness import Likeness, bearable, size
from shadow.compare.model import Json
from shadow.compare.near import agree, common_ends, fitting
from shadow.compare.shapes import are_in_step, identities, ids, texts
from shadow.compare.subsequence import Budget, Keys, Pair


@dataclass(frozen=True, slots=True)
class Pairing:
    """Pairs of indexes; what is in none is on one side only. reordered: only the order differs."""

    pairs: list[Pair]
    reordered: bool = False


@dataclass(frozen=True, slots=True)
class Pairer:
    """Pairs the arrays of one comparison. mirror: see `align`."""

    likeness: Likeness
    budget: Budget
    mirror: bool

    def ordered(self, left: Array, right: Array) -> Pairing:
        """By content, in order: an insertion is one element too many and nothing else."""
        if dict in left.kinds and dict in right.kinds and are_in_step(left.values, right.values):
            return Pairing(_numbered(left.values))
        ones, others = self._shapes(left), self._shapes(right)
        if _is_in_place(ones, others):
            pairs = self._near(left, right, ones, others) if self.likeness.shapes.near else _numbered(ones)
            return Pairing(self._told_apart(left, right, pairs))
        if _permuted(ones, others):
            return Pairing(matched(ones, others, range(len(ones)), range(len(others))), reordered=True)
        named = self._named(left, right)
        names = named or texts(left.values, right.values)
        if names and moved(*names):
            return Pairing(matched(*names, range(len(ones)), range(len(others))), reordered=True)
        if self.likeness.shapes.near and named is None:
            return Pairing(self._near(left, right, ones, others))
        elements = Elements(
            (ones, others),
            named,
            lambda i, j: self.likeness.cost(left.values[i], right.values[j]),
            (lambda i: size(left.values[i]), lambda j: size(right.values[j])),
        )
        return Pairing(self._told_apart(left, right, align(elements, self.budget, self.mirror)))

    def _told_apart(self, left: Array, right: Array, pairs: list[Pair]) -> list[Pair]:
        """Pairs without those of two objects that have names of their own and little in common."""
        if dict not in left.kinds or dict not in right.kinds:
            return pairs
        strange = [
            (i, j)
            for i, j in pairs
            if self.likeness.are_strange(left.values[i], right.values[j], (left.states[i], right.states[j]))
        ]
        named = self._named(left, right) or self._ids(left, right) if strange else None
        if named is None:
            return pairs
        two = {(i, j) for i, j in strange if _are_named_apart(named[0][i], named[1][j])}
        return [pair for pair in pairs if pair not in two]

    def _near(
        self, left: Array, right: Array, ones: Sequence[Hashable], others: Sequence[Hashable]
    ) -> list[Pair]:
        """Where shapes are equal that only have to be near: by what the rules themselves say of each pair."""

        def fit(i: int, j: int) -> bool:
            return self._agree(left, right, i, j)

        pairs, gap = common_ends((len(ones), len(others)), fit)
        start, from_ = gap.start, gap.from_
        keys = ones[start : gap.end], others[from_ : gap.to]
        if gap.cells <= WEIGHED_CELLS:
            keys = [object() for _ in keys[0]], [object() for _ in keys[1]]  # so that each pair is weighed

        def cost(i: int, j: int) -> float:
            i, j = i + start, j + from_
            return 0 if fit(i, j) else self.likeness.cost(left.values[i], right.values[j])

        sizes = (lambda i: size(left.values[i + start]), lambda j: size(right.values[j + from_]))
        between = align(Elements(keys, None, cost, sizes), self.budget, self.mirror)
        return sorted([*pairs, *((i + start, j + from_) for i, j in between)])

    def unordered(self, left: Array, right: Array, key: str | None) -> Pairing:
        """As multisets: by the member `key`; elements without it by content, or else by likeness."""
        named = keys_of(left, key), keys_of(right, key)
        free = _without_key(named[0]), _without_key(named[1])
        pairs = self._by_key(left, right, named)
        if free[0] and free[1]:
            pairs += self._by_content(left, right, free)
        alone = _left_over(free, pairs)
        return Pairing(sorted(pairs + self._alike(left, right, *alone)))

    def _by_content(self, left: Array, right: Array, free: tuple[list[int], list[int]]) -> list[Pair]:
        """Elements of one shape; where these only have to be near, of those that agree as many as can be."""
        ones, others = self._shapes(left), self._shapes(right)
        places = rising(left, free[0]), rising(right, free[1])
        pairs = matched(ones, others, *places)
        if not self.likeness.shapes.near:
            return pairs

        def fit(i: int, j: int) -> bool:
            return ones[i] == others[j] and self._agree(left, right, i, j)

        if all(fit(*pair) for pair in pairs) or not self.budget.take(len(free[0]) * len(free[1])):
            return pairs
        if self.mirror:
            return [(i, j) for j, i in fitting(places[1], places[0], lambda j, i: fit(i, j))]
        return fitting(*places, fit)

    def _agree(self, left: Array, right: Array, i: int, j: int) -> bool:
        states = left.states[i], right.states[j]
        return agree(left.values[i], right.values[j], states, self.likeness.base, self.budget)

    def _by_key(self, left: Array, right: Array, named: tuple[Keys, Keys]) -> list[Pair]:
        """Elements of one key; where several of a side have it, those of one content first."""
        rest = _with_key(named[0]), _with_key(named[1])
        pairs: list[Pair] = []
        if any(_has_twins(keys, side) for keys, side in zip(named, rest, strict=True)):
            ones = list(zip(named[0], self._shapes(left), strict=True))
            others = list(zip(named[1], self._shapes(right), strict=True))
            pairs = matched(ones, others, *rest)
        return pairs + matched(*named, *_left_over(rest, pairs))

    def _named(self, left: Array, right: Array) -> tuple[list[Hashable], list[Hashable]] | None:
        """What tells the elements apart."""
        return identities(left.values, right.values, untelling(left) | untelling(right))

    def _ids(self, left: Array, right: Array) -> tuple[list[Hashable], list[Hashable]] | None:
        """What elements are called by their `id`, also where no one of them is on both sides."""
        if "id" in untelling(left) | untelling(right):
            return None
        return ids(left.values, right.values)

    def _parts(self, array: Array) -> Sequence[Json]:
        if not any(array.states) and not self.likeness.base.presets:
            return array.values
        return list(map(self.likeness.shapes.parts, array.values, array.states))

    def _shapes(self, array: Array) -> Sequence[Hashable]:
        return self.likeness.shapes.of_all(array.values, array.states, array.kinds)

    def _alike(self, left: Array, right: Array, ones: Sequence[int], others: Sequence[int]) -> list[Pair]:
        """Of elements that have no equal, those that are at least half the same."""
        if not ones or not others or not self.budget.take(len(ones) * len(others)):
            return []
        lefts, rights = self._parts(left), self._parts(right)
        costs = [(self.likeness.cost(lefts[i], rights[j]), i, j) for i in ones for j in others]
        close = [(cost, i, j) for cost, i, j in costs if cost <= bearable(left.values[i], right.values[j])]
        close.sort(key=lambda entry: (entry[0], entry[2], entry[1]) if self.mirror else entry)
        return _first_come((i, j) for _, i, j in close)


def _are_named_apart(one: Hashable, other: Hashable) -> bool:
    """Whether both elements have a name, and not the same."""
    return one != other and object not in (one.__class__, other.__class__)


def _numbered(items: Sequence[object]) -> list[Pair]:
    numbers = range(len(items))
    return list(zip(numbers, numbers, strict=True))


def _is_in_place(ones: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    """Whether no alignment brings fewer differences than pairing by position does: what differs there has
    no equal on the other side, in whatever order.
    """
    if len(ones) != len(others):
        return False
    differ = list(map(ne, ones, others))
    return set(compress(ones, differ)).isdisjoint(compress(others, differ))


def _permuted(ones: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    return len(ones) == len(others) and Counter(ones) == Counter(others)


def moved(ones: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    """Whether what both arrays have stands in another order, and is most of the shorter one."""
    both = set(ones) & set(others)
    if 2 * len(both) < min(len(ones), len(others)):
        return False
    return [key for key in ones if key in both] != [key for key in others if key in both]


def _has_twins(keys: Keys, indexes: Sequence[int]) -> bool:
    return len({keys[index] for index in indexes}) < len(indexes)


def _left_over(sides: tuple[list[int], list[int]], pairs: Sequence[Pair]) -> tuple[list[int], list[int]]:
    """The indexes of each side that are in no pair."""
    taken = {one for one, _ in pairs}, {other for _, other in pairs}
    return [i for i in sides[0] if i not in taken[0]], [j for j in sides[1] if j not in taken[1]]


def _with_key(keys: Sequence[Hashable]) -> list[int]:
    return [index for index, key in enumerate(keys) if key is not None]


def _without_key(keys: Sequence[Hashable]) -> list[int]:
    return [index for index, key in enumerate(keys) if key is None]


def matched(
    ones: Sequence[Hashable], others: Sequence[Hashable], left: Sequence[int], right: Sequence[int]
) -> list[Pair]:
    """Equal keys of the elements at these indexes, each used once, the first with the first."""
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index in reversed(right):
        places[others[index]].append(index)
    return [(index, places[ones[index]].pop()) for index in left if places.get(ones[index])]


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
