"""How much two elements of an array have in common: what aligning weighs, before anything is compared."""

from collections.abc import Mapping
from dataclasses import dataclass

from shadow.compare import values
from shadow.compare.model import Json
from shadow.compare.selectors import State
from shadow.compare.shapes import Shapes
from shadow.compare.treatment import Treatment


@dataclass(frozen=True, slots=True)
class Likeness:
    """Weighs the elements of one comparison."""

    shapes: Shapes
    base: Treatment

    def cost(self, one: Json, other: Json) -> float:
        """About how many differences a pair would bring."""
        if isinstance(one, dict) and isinstance(other, dict):
            return sum(1 for name, value in one.items() if name not in other or other[name] != value) + sum(
                1 for name in other if name not in one
            )
        if isinstance(one, list) and isinstance(other, list):
            same = sum(left == right for left, right in zip(one, other, strict=False))
            return max(len(one), len(other)) - same
        if isinstance(one, dict | list) or isinstance(other, dict | list):
            return size(one) + size(other) - 0.5
        return 0 if values.difference(one, other, self.base, _unnoted) is None else 1

    def are_strange(self, one: Json, other: Json, states: tuple[State | None, State | None]) -> bool:
        """Whether two objects have less than half in common, and one lost and one new say that shorter."""
        if one == other or not isinstance(one, dict) or not isinstance(other, dict):
            return False
        enough = max(2, bearable(one, other))
        if self.cost(one, other) <= enough:
            return False
        return max(len(one), len(other)) - self._in_common(one, other, states) > enough

    def _in_common(
        self, one: Mapping[str, Json], other: Mapping[str, Json], states: tuple[State | None, State | None]
    ) -> int:
        """How many members of two objects are equal, by rules or without."""
        both = [name for name in one if name in other]
        left, right = ([state and state.step(name) for name in both] for state in states)
        return sum(
            self.shapes.of(one[name], here) == self.shapes.of(other[name], there)
            for name, here, there in zip(both, left, right, strict=True)
        )


def bearable(one: Json, other: Json) -> float:
    """The cost up to which two elements are at least half the same."""
    scalars = not isinstance(one, dict | list) or not isinstance(other, dict | list)
    return 0 if scalars else min(size(one), size(other))


def size(value: Json) -> float:
    """The differences that an element without a partner stands for."""
    return (len(value) + 1) / 2 if isinstance(value, dict | list) else 1


def _unnoted(_: str) -> None:
    """Weighing a pair is not yet comparing it: nothing is counted."""
