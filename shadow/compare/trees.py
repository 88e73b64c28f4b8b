"""Compare two JSON values place by place. CSV and form bodies are compared as JSON values too.

The walk keeps a list of pairs still to look at instead of recursing: the depth of a body is no depth of the
stack. Most places of most documents are reached by no rule, so a pair is a bare tuple, and scalars that are
equal never become one.
"""

from decimal import Decimal
from operator import is_
from typing import TypeAlias

from shadow.compare import values
from shadow.compare.arrays import Array
from shadow.compare.findings import Findings
from shadow.compare.hints import is_sparse
from shadow.compare.likeness import Likeness
from shadow.compare.lists import Pairer
from shadow.compare.model import Json, Kind
from shadow.compare.places import Place, Style
from shadow.compare.policy import Policy
from shadow.compare.reporter import Reporter
from shadow.compare.selectors import State
from shadow.compare.shapes import Shapes
from shadow.compare.subsequence import Budget
from shadow.compare.treatment import PLAIN, Preset, Treatment

SCALARS = frozenset((str, int, bool, type(None), Decimal))
_BROKEN = "does not fit the rule's pattern on both sides"

Pair: TypeAlias = tuple[Json, Json, Place, Place, State | None, State | None]
"""Two values, where they stand on either side, and where the rules' queries stand there."""
Places: TypeAlias = tuple[Place, Place]
States: TypeAlias = tuple[State | None, State | None]


class Walk:
    """One comparison of two values. mirror: see `align`."""

    def __init__(self, findings: Findings, policy: Policy, style: Style, mirror: bool) -> None:
        self._base = base = policy.base
        self._trusts = not policy.checks_equal  # equal scalars need no second look
        self._todo: list[Pair] = []
        self._shapes = Shapes(base)
        self._pairer = Pairer(Likeness(self._shapes, base), Budget(findings.limits.alignment), mirror)
        self._findings = findings
        self._style = style
        self._reporter: Reporter

    def compare(self, documents: tuple[Json, Json], states: States) -> None:
        """Add every difference between two values to the findings, in the order of the primary's document."""
        self._reporter = Reporter(self._findings, self._style, documents)
        todo, shapes = self._todo, self._shapes
        todo.append((*documents, None, None, *states))
        while todo:
            one, other, here, there, left, right = todo.pop()
            treatment = self._base if left is None else left.treatment
            if left is not right:
                treatment = self._either(left, right)
            if treatment is not PLAIN:
                self._treated(one, other, (here, there), (left, right), treatment)
            elif left is right is None and shapes.seen and shapes.same(one, other):
                continue
            elif isinstance(one, dict) and isinstance(other, dict):
                self._objects(one, other, here, there, left, right)
            elif isinstance(one, list) and isinstance(other, list):
                self._lists(one, other, (here, there), (left, right), PLAIN)
            else:
                self._values(one, other, here, PLAIN)

    def _either(self, left: State | None, right: State | None) -> Treatment:
        """What holds at the place of either."""
        found = self._base if left is None else left.treatment
        return found if right is None else found | right.treatment

    def _treated(self, one: Json, other: Json, places: Places, states: States, treatment: Treatment) -> None:
        """Two values for which a rule holds."""
        if treatment.ignore:
            return
        if treatment.presets and isinstance(one, dict) is not isinstance(other, dict):
            one, other = self._bridged(one, other, treatment.presets)
        if treatment.loose and not _is_walked(one, other, treatment):
            self._values(one, other, places[0], treatment)
        elif isinstance(one, dict) and isinstance(other, dict):
            self._objects(one, other, *places, *states)
        elif isinstance(one, list) and isinstance(other, list):
            self._lists(one, other, places, states, treatment)
        else:
            self._values(one, other, places[0], treatment)

    def _bridged(self, one: Json, other: Json, presets: frozenset[Preset]) -> tuple[Json, Json]:
        """Both sides in one form where PHP's array became the other container and a rule allows that."""
        empty, sparse = Preset.EMPTY_MAP in presets, Preset.SPARSE_LIST in presets
        if empty and one == [] and isinstance(other, dict):
            return self._noted(Preset.EMPTY_MAP, {}), other
        if empty and other == [] and isinstance(one, dict):
            return one, self._noted(Preset.EMPTY_MAP, {})
        if sparse and isinstance(one, dict) and isinstance(other, list) and is_sparse(one):
            return self._noted(Preset.SPARSE_LIST, list(one.values())), other
        if sparse and isinstance(other, dict) and isinstance(one, list) and is_sparse(other):
            return one, self._noted(Preset.SPARSE_LIST, list(other.values()))
        return one, other

    def _objects(
        self,
        ones: dict[str, Json],
        others: dict[str, Json],
        here: Place,
        there: Place,
        left: State | None,
        right: State | None,
    ) -> None:
        found: list[Pair] = []
        shared, free = 0, right is None and self._base is PLAIN
        for name, one in ones.items():
            if name not in others:
                self._only(Kind.MISSING, (here, name), one, left and left.step(name))
                continue
            shared += 1
            other = others[name]
            kind = type(one)
            if kind is type(other) and kind in SCALARS and one == other and self._trusts:
                continue
            place, state = (here, name), left and left.step(name)
            if state is None and free and (kind in SCALARS or type(other) in SCALARS):
                self._values(one, other, place, PLAIN)
            elif here is there and left is right:
                found.append((one, other, place, place, state, state))
            else:
                found.append((one, other, place, (there, name), state, right and right.step(name)))
        if shared < len(others):
            for name, other in others.items():
                if name not in ones:
                    self._only(Kind.EXTRA, (there, name), other, right and right.step(name))
        found.reverse()
        self._todo += found

    def _lists(
        self, ones: list[Json], others: list[Json], places: Places, states: States, treatment: Treatment
    ) -> None:
        if self._trusts and _are_same(ones, others):
            return
        here, there = places
        left, right = Array.of(ones, states[0]), Array.of(others, states[1])
        if treatment.unordered:
            pairing = self._pairer.unordered(left, right, treatment.key)
        else:
            pairing = self._pairer.ordered(left, right)
        if pairing.reordered:
            self._reporter.add(Kind.ORDER, here, ones, others, treatment.money)
        pairs = pairing.pairs
        if len(pairs) < len(left.values):
            self._alone(Kind.MISSING, here, left, {one for one, _ in pairs})
        if len(pairs) < len(right.values):
            self._alone(Kind.EXTRA, there, right, {other for _, other in pairs})
        for i, j in reversed(pairs):
            one, other = left.values[i], right.values[j]
            kind = type(one)
            if kind is type(other) and kind in SCALARS and one == other and self._trusts:
                continue
            spots = (here, left.indexes[i]), (there, right.indexes[j])
            self._todo.append((one, other, *spots, left.states[i], right.states[j]))

    def _alone(self, kind: Kind, place: Place, array: Array, paired: set[int]) -> None:
        for number, index in enumerate(array.indexes):
            if number not in paired:
                self._only(kind, (place, index), array.values[number], array.states[number])

    def _only(self, kind: Kind, place: tuple[Place, str | int], value: Json, state: State | None) -> None:
        """A member or an element that one side has alone."""
        treatment = self._base if state is None else state.treatment
        if treatment.ignore:
            return
        if value is None and Preset.NULL_MISSING in treatment.presets and isinstance(place[1], str):
            self._reporter.note(Preset.NULL_MISSING)
            return
        self._reporter.alone(kind, place, value, treatment.money)

    def _values(self, one: Json, other: Json, place: Place, treatment: Treatment) -> None:
        kind = values.difference(one, other, treatment, self._reporter.note)
        if kind is not None:
            hint = _BROKEN if treatment.pattern is not None else ""
            self._reporter.add(kind, place, one, other, treatment.money, hint)

    def _noted(self, name: str, value: Json) -> Json:
        self._reporter.note(name)
        return value


def _is_walked(one: Json, other: Json, treatment: Treatment) -> bool:
    """Rules for single values leave containers alone, but for a PHP DateTime and a pattern."""
    if treatment.pattern is not None:
        return False
    return treatment.instant is None or treatment.instant.same(one, other) is None


def _are_same(ones: list[Json], others: list[Json]) -> bool:
    """Whether two lists hold the same scalars, which is the most common case and the cheapest to see."""
    if ones != others:
        return False
    return SCALARS.issuperset(map(type, ones)) and all(map(is_, map(type, ones), map(type, others)))
