"""What an array's elements look like to alignment: equal shapes are (almost surely) equal values.

Shapes only decide which elements are compared with each other; whether these are equal the walk decides.
"""

from collections.abc import Hashable, Sequence
from decimal import Decimal
from typing import Final

from shadow.compare import numbers
from shadow.compare.model import Json
from shadow.compare.selectors import State
from shadow.compare.treatment import Preset, Treatment

_ANY: Final = object()  # stands for a value that a rule compares loosely, or does not compare
_DEEP: Final = object()  # stands for whatever lies deeper than shapes look
_LEVELS = 100
_KNOWN_NAMES = ("id", "uuid", "key", "code", "name")
_CANDIDATES = 12


class Shapes:
    """Every container gets one object that stands for its content, so that comparing two shapes is
    one `is`.
    """

    def __init__(self, base: Treatment) -> None:
        self._base = base
        self._known: dict[Hashable, object] = {}
        self._seen: dict[int, object] = {}

    def of(self, value: Json, state: State | None, levels: int = _LEVELS) -> Hashable:
        """The shape of a value that stays alive, at one place, as long as this object does."""
        treatment = state.treatment if state is not None else self._base
        if treatment.ignore or treatment.loose:
            return _ANY
        if not isinstance(value, dict | list):
            return _scalar(value, treatment) if treatment.presets else value
        if levels == 0:
            return _DEEP
        found = self._seen.get(id(value))
        if found is None:
            content = self._content(value, state, levels - 1)
            found = self._seen[id(value)] = self._known.setdefault(content, object())
        return found

    def _content(self, value: "dict[str, Json] | list[Json]", state: State | None, levels: int) -> Hashable:
        if isinstance(value, list):
            return tuple(
                [self.of(item, state.step(i) if state else None, levels) for i, item in enumerate(value)]
            )
        if state is None:
            return frozenset([(name, self.of(item, None, levels)) for name, item in value.items()])
        shapes = [(name, self.of(item, state.step(name), levels)) for name, item in value.items()]
        return frozenset([shape for shape in shapes if shape[1] is not _ANY])


def _scalar(value: "bool | int | Decimal | str | None", treatment: Treatment) -> Hashable:
    if Preset.NUMERIC_STRING in treatment.presets and isinstance(value, str):
        number = numbers.from_string(value)
        return value if number is None else number
    return value


def identities(left: Sequence[Json], right: Sequence[Json]) -> tuple[list[Hashable], list[Hashable]] | None:
    """The values of the member that tells the elements of two arrays apart, such as `id`; None if there is
    none.

    It is distinct within each array, and of all such members the one with most values in common. An element
    without it stands for itself alone.
    """
    best: tuple[int, int, list[Hashable], list[Hashable]] | None = None
    for rank, name in enumerate(_names(left, right)):
        ones, others = _distinct(left, name), _distinct(right, name)
        shared = len(set(ones) & set(others)) if ones and others else 0
        if shared and (best is None or (shared, -rank) > best[:2]):
            best = (shared, -rank, ones, others)
    return best[2:] if best else None


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
        tells = isinstance(value, str | int) and not isinstance(value, bool)
        found.append(value if tells else object())
    return found if len(set(found)) == len(found) else []
