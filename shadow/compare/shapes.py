"""What an array's elements look like to alignment: equal shapes are (almost surely) equal values.

They decide which elements are compared with each other, and spare the walk the containers that are equal.
"""

from collections import Counter
from collections.abc import Hashable, Sequence, Set
from decimal import Decimal
from typing import Any, Final

from shadow.compare import instants, numbers, values
from shadow.compare.hints import is_sparse
from shadow.compare.model import Json
from shadow.compare.selectors import State
from shadow.compare.treatment import Preset, Treatment

_ANY: Final = object()  # stands for a value that a rule compares loosely, or does not compare
_TRUE: Final = object()
_FALSE: Final = object()
# Scalars that are their own shapes: equal values of these are equal to JSON too, which True and 1 are not.
_OWN = frozenset((str, int, Decimal, type(None)))
_LEVELS = 100
_KNOWN_NAMES = ("id", "uuid", "key", "code", "name")
_CANDIDATES = 12


class Shapes:
    """Every container gets one object that stands for its content: comparing two shapes is one `is`.

    Without rules, equal shapes are equal values: numbers by value, booleans told from the numbers 0 and 1.
    """

    def __init__(self, base: Treatment) -> None:
        self.near = False
        """Whether there was a value that only has to be near another: then equal shapes may still differ."""
        self._base = base
        self._known: dict[Hashable, object] = {}
        self.seen: dict[int, tuple[Json, object]] = {}
        """Values and shapes of containers by their ids, which are unique as long as these live."""

    def of(self, value: Json, state: State | None, levels: int = _LEVELS) -> Hashable:
        """The shape of the value at one place."""
        treatment = self._base if state is None else state.treatment
        if treatment.ignore or treatment.loose:
            return _ANY if treatment.ignore else self._loose(value, treatment)
        if not isinstance(value, dict | list):
            return _scalar(value, treatment)
        if levels == 0:
            return object()  # equals nothing: what lies deeper is left to the walk
        found = self.seen.get(id(value))
        if found is None:
            content = self._content(one_form(value, treatment.presets), state, levels - 1)
            found = self.seen[id(value)] = value, self._known.setdefault(content, object())
        return found[1]

    def of_all(
        self, values: Sequence[Any], states: Sequence[State | None], kinds: Set[type]
    ) -> Sequence[Hashable]:
        """The shapes of an array's elements, which are of these kinds (JSON values; any to a type checker
        that cannot see `_OWN`).
        """
        if self._base.presets or any(states):
            return [self.of(value, state) for value, state in zip(values, states, strict=True)]
        if kinds <= _OWN:
            return values
        return [value if type(value) in _OWN else self.of(value, None) for value in values]

    def same(self, one: Json, other: Json) -> bool:
        """Whether two containers are known to have one shape; nothing is worked out for that."""
        left, right = self.seen.get(id(one)), self.seen.get(id(other))
        return left is not None and right is not None and left[1] is right[1]

    def _content(self, value: "dict[str, Json] | list[Json]", state: State | None, levels: int) -> Hashable:
        if state is not None:
            return self._treated(value, state, levels)
        presets = self._base.presets
        own = frozenset[type]() if presets else _OWN
        if isinstance(value, list):
            return tuple([item if type(item) in own else self.of(item, None, levels) for item in value])
        return frozenset(
            [
                (name, item if type(item) in own else self.of(item, None, levels))
                for name, item in value.items()
                if item is not None or Preset.NULL_MISSING not in presets
            ]
        )

    def parts(self, value: Json, state: State | None, levels: int = _LEVELS) -> Any:
        """What a container holds, each as its shape, without the members that rules leave out; any other
        value as it is.
        """
        if not isinstance(value, dict | list) or (state is None and not self._base.presets):
            return value
        value = one_form(value, (self._base if state is None else state.treatment).presets)
        if isinstance(value, list):
            return [self.of(item, state and state.step(index), levels) for index, item in enumerate(value)]
        steps = [(name, item, state and state.step(name)) for name, item in value.items()]
        shapes = {
            name: self.of(item, step, levels)
            for name, item, step in steps
            if item is not None or Preset.NULL_MISSING not in (step.treatment if step else self._base).presets
        }
        return {name: shape for name, shape in shapes.items() if shape is not _ANY}

    def _treated(self, value: "dict[str, Json] | list[Json]", state: State, levels: int) -> Hashable:
        """The content where rules may hold."""
        parts = self.parts(value, state, levels)
        if isinstance(parts, dict):
            return frozenset(parts.items())
        # Of a list in any order: how often it has each; in a tuple, so that it is no object's content.
        return (frozenset(Counter(parts).items()),) if state.treatment.unordered else tuple(parts)

    def _loose(self, value: Json, treatment: Treatment) -> Hashable:
        """A moment that must be met exactly has a shape of its own; what only has to be near has none."""
        if treatment.pattern is not None:
            return _ANY
        instant = treatment.instant
        if instant is None or instant.within or treatment.within is not None:
            self.near = True
            return _ANY
        return next(iter(instants.read(value, instant.zone)), _ANY)


def one_form(
    value: "dict[str, Json] | list[Json]", presets: frozenset[Preset]
) -> "dict[str, Json] | list[Json]":
    """The list that a container may be taken for, by rules for what PHP makes of its arrays."""
    if Preset.EMPTY_MAP in presets and not value:
        return []
    if Preset.SPARSE_LIST in presets and isinstance(value, dict) and is_sparse(value):
        return list(value.values())
    return value


def _scalar(value: "bool | int | Decimal | str | None", treatment: Treatment) -> Hashable:
    if Preset.PHP_BOOL in treatment.presets and (truth := values.truth(value)) is not None:
        return _TRUE if truth else _FALSE
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, str) and Preset.NUMERIC_STRING in treatment.presets:
        number = numbers.from_string(value)
        return value if number is None else number
    return value


def are_in_step(left: Sequence[Json], right: Sequence[Json]) -> bool:
    """Whether two arrays hold objects with the same identities in the same order."""
    if len(left) != len(right) or len(left) < 2:
        return False
    for name in _names(left, right):
        ones = _distinct(left, name)
        if ones and ones == _distinct(right, name):
            return True
    return False


def identities(
    left: Sequence[Json], right: Sequence[Json], untelling: Set[str] = frozenset()
) -> tuple[list[Hashable], list[Hashable]] | None:
    """The values of the member that tells the elements of two arrays apart, such as `id`; None if there is
    none.

    It is distinct within each array, and of all such members the one with most values in common, or one of a
    likely name that has half of them in common. An element without it stands for itself alone.
    untelling: the names that it cannot have.
    """
    fewest = min(len(left), len(right))
    best: tuple[int, int, list[Hashable], list[Hashable]] | None = None
    for rank, name in enumerate(_names(left, right)):
        if name in untelling:
            continue
        ones, others = _named(left, right, name)
        shared = len(set(ones) & set(others))
        if shared and (best is None or (shared, -rank) > best[:2]):
            best = (shared, -rank, ones, others)
        if shared >= ((fewest + 1) // 2 if name in _KNOWN_NAMES else fewest):
            break
    return best[2:] if best else None


def ids(left: Sequence[Json], right: Sequence[Json]) -> tuple[list[Hashable], list[Hashable]] | None:
    """The `id` of each element, if it tells them apart."""
    ones, others = _distinct(left, "id"), _distinct(right, "id")
    return ([told(value) for value in ones], [told(value) for value in others]) if ones and others else None


def texts(left: Sequence[Json], right: Sequence[Json]) -> tuple[list[Hashable], list[Hashable]] | None:
    """The elements of two arrays of distinct strings, which tell themselves apart; None of any others."""
    ones: list[Hashable] = [item for item in left if isinstance(item, str)]
    others: list[Hashable] = [item for item in right if isinstance(item, str)]
    alone = all(
        len(found) == len(items) == len(set(found)) for found, items in ((ones, left), (others, right))
    )
    return (ones, others) if alone else None


def told(value: Hashable) -> Hashable:
    """What tells one element from another: a number and its text are one."""
    number = numbers.from_string(value) if isinstance(value, str) else None
    return value if number is None else number


def _named(left: Sequence[Json], right: Sequence[Json], name: str) -> tuple[list[Hashable], list[Hashable]]:
    """One value per element, or nothing if it does not tell elements apart; as `told` where no two are
    equal otherwise (PHP has many a number as a string).
    """
    ones, others = _distinct(left, name), _distinct(right, name)
    if not ones or not others:
        return [], []
    if set(ones).isdisjoint(others):
        return [told(value) for value in ones], [told(value) for value in others]
    return ones, others


def _names(left: Sequence[Json], right: Sequence[Json]) -> list[str]:
    """Names of members that may tell elements apart, likely ones first."""
    one = next((item for item in left if isinstance(item, dict)), {})
    other = next((item for item in right if isinstance(item, dict)), {})
    names = sorted(name for name in one if name in other)
    return sorted(names, key=_rank)[:_CANDIDATES]


def _rank(name: str) -> int:
    return _KNOWN_NAMES.index(name) if name in _KNOWN_NAMES else len(_KNOWN_NAMES)


def _distinct(items: Sequence[Json], name: str) -> list[Hashable]:
    """One value per element, or nothing if two elements have the same."""
    found: list[Hashable] = []
    for item in items:
        value = item.get(name) if isinstance(item, dict) else None
        tells = type(value) is int or type(value) is str
        found.append(value if tells else object())
    return found if len(set(found)) == len(found) else []
