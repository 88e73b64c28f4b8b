"""Values that only have to be near each other: which elements of two arrays agree."""

from collections.abc import Callable

from shadow.compare import values
from shadow.compare.model import Json
from shadow.compare.selectors import State
from shadow.compare.subsequence import Gap, Pair
from shadow.compare.treatment import Treatment

_LEVELS = 100

States = tuple[State | None, State | None]
"""Where the queries stand at one place of both sides."""


def agree(one: Json, other: Json, states: States, base: Treatment, levels: int = _LEVELS) -> bool:
    """Whether nothing differs between two values. What lies too deep, or has two forms, may not agree."""
    treatment = _treatment(states, base)
    if treatment.ignore:
        return True
    if levels == 0:
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            agree(value, other[name], _stepped(states, name), base, levels - 1) for name, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            agree(*pair, _stepped(states, index), base, levels - 1)
            for index, pair in enumerate(zip(one, other, strict=True))
        )
    return values.difference(one, other, treatment, _unnoted) is None


def common_ends(sizes: tuple[int, int], fit: Callable[[int, int], bool]) -> tuple[list[Pair], Gap]:
    """The pairs at both ends of two sequences that fit, and what is left between them."""
    left, right = sizes
    head = 0
    while head < min(left, right) and fit(head, head):
        head += 1
    tail = 0
    while tail < min(left, right) - head and fit(left - 1 - tail, right - 1 - tail):
        tail += 1
    pairs = [(index, index) for index in range(head)]
    pairs += [(left - back, right - back) for back in range(tail, 0, -1)]
    return pairs, Gap(head, left - tail, head, right - tail)


def _treatment(states: States, base: Treatment) -> Treatment:
    one, other = (base if state is None else state.treatment for state in states)
    return one | other


def _stepped(states: States, key: str | int) -> States:
    one, other = states
    return one and one.step(key), other and other.step(key)


def _unnoted(_: str) -> None:
    """Weighing a pair is not yet comparing it: nothing is counted."""
