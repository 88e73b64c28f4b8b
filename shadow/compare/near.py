"""Values that only have to be near each other: which elements of two arrays agree."""

from collections.abc import Callable, Mapping, Sequence

from shadow.compare import values
from shadow.compare.model import Json
from shadow.compare.selectors import State
from shadow.compare.shapes import one_form
from shadow.compare.subsequence import Budget, Gap, Pair
from shadow.compare.treatment import Preset, Treatment

_LEVELS = 100

States = tuple[State | None, State | None]
"""Where the queries stand at one place of both sides."""


def agree(
    one: Json, other: Json, states: States, base: Treatment, budget: Budget, levels: int = _LEVELS
) -> bool:
    """Whether nothing differs between two values. What lies too deep may not agree, nor lists in any order
    once the budget is spent.
    """
    treatment = _treatment(states, base)
    if treatment.ignore:
        return True
    if levels == 0:
        return False
    if not isinstance(one, dict | list) or not isinstance(other, dict | list):
        return values.difference(one, other, treatment, _unnoted) is None
    if treatment.instant is not None and treatment.instant.same(one, other):
        return True
    one, other = one_form(one, treatment.presets), one_form(other, treatment.presets)
    if isinstance(one, dict) and isinstance(other, dict):
        return _members_agree(one, other, states, base, budget, levels - 1)
    if isinstance(one, dict) or isinstance(other, dict) or len(one) != len(other):
        return False
    left, right = one, other

    def fit(i: int, j: int) -> bool:
        here, there = states
        steps = here and here.step(i), there and there.step(j)
        return agree(left[i], right[j], steps, base, budget, levels - 1)

    places = range(len(one))
    if treatment.unordered and budget.take(len(one) ** 2):
        return len(fitting(places, places, fit)) == len(one)
    return all(map(fit, places, places))


def _members_agree(
    one: Mapping[str, Json],
    other: Mapping[str, Json],
    states: States,
    base: Treatment,
    budget: Budget,
    levels: int,
) -> bool:
    """Likewise of two objects; a member may be missing where a rule says so."""
    for name in one.keys() | other.keys():
        here, there = states
        steps = here and here.step(name), there and there.step(name)
        if name in one and name in other:
            if not agree(one[name], other[name], steps, base, budget, levels):
                return False
        elif not _may_lack(one.get(name, other.get(name)), _treatment(steps, base)):
            return False
    return True


def _may_lack(value: Json, treatment: Treatment) -> bool:
    return treatment.ignore or (value is None and Preset.NULL_MISSING in treatment.presets)


def fitting(ones: Sequence[int], others: Sequence[int], fit: Callable[[int, int], bool]) -> list[Pair]:
    """As many pairs that fit as there can be, each index used once (by augmenting paths: Kuhn 1955)."""
    near = {one: [other for other in others if fit(one, other)] for one in ones}
    taken: dict[int, int] = {}

    def settle(one: int, tried: set[int]) -> bool:
        """Give `one` a partner, if need be one whose own partner then takes another."""
        for other in near[one]:
            if other not in tried:
                tried.add(other)
                if other not in taken or settle(taken[other], tried):
                    taken[other] = one
                    return True
        return False

    for one in ones:
        settle(one, set())
    return [(one, other) for other, one in taken.items()]


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


def _unnoted(_: str) -> None:
    """Weighing a pair is not yet comparing it: nothing is counted."""
