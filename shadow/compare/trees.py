"""Compare two JSON values place by place. CSV and form bodies are compared as JSON values too.

The walk keeps a list of pairs still to look at instead of recursing: the depth of a body is no depth of the
stack.
"""

from typing import NamedTuple

from shadow.compare import values
from shadow.compare.findings import Findings
from shadow.compare.hints import is_sparse
from shadow.compare.lists import Array, Pairer
from shadow.compare.model import Json, Kind
from shadow.compare.places import Place, Style
from shadow.compare.policy import Policy
from shadow.compare.selectors import Key, State
from shadow.compare.shapes import Shapes
from shadow.compare.subsequence import Budget
from shadow.compare.treatment import PLAIN, Preset, Treatment
from shadow.compare.unruled import SCALARS, Reporter, Unruled

_BROKEN = "does not fit the rule's pattern on both sides"


class Spot(NamedTuple):
    """One side of a pair: the value, where it stands, and where the rules' queries stand there."""

    value: Json
    place: Place
    state: State | None

    def child(self, key: Key, value: Json) -> "Spot":
        return Spot(value, (self.place, key), None if self.state is None else self.state.step(key))


class Walk:
    """One comparison of two values. mirror: see `align`."""

    def __init__(self, findings: Findings, policy: Policy, style: Style, mirror: bool) -> None:
        self._base = base = policy.base
        self._trusts = not policy.checks_equal  # equal scalars need no second look
        self._todo: list[tuple[Spot, Spot]] = []
        self._shapes = Shapes(base)
        self._pairer = Pairer(self._shapes, Budget(findings.limits.alignment), mirror, base)
        self._findings = findings
        self._style = style
        self._reporter: Reporter
        self._unruled: Unruled

    def compare(self, primary: Spot, shadow: Spot) -> None:
        """Add every difference between two values to the findings."""
        self._reporter = Reporter(self._findings, self._style, (primary.value, shadow.value))
        self._unruled = Unruled(self._reporter, self._shapes, self._pairer)
        self._todo.append((primary, shadow))
        while self._todo:
            self._pair(*self._todo.pop())

    def _treatment(self, primary: Spot, shadow: Spot) -> Treatment:
        """What holds at the place of either."""
        found = self._base if primary.state is None else primary.state.treatment
        if shadow.state is not None and shadow.state is not primary.state:
            found |= shadow.state.treatment
        return found

    def _pair(self, primary: Spot, shadow: Spot) -> None:
        treatment = self._treatment(primary, shadow)
        if treatment is PLAIN:
            if primary.state is None and shadow.state is None:
                self._unruled.compare(primary.value, shadow.value, primary.place, shadow.place)
            else:
                self._walked(primary, shadow, treatment)
        elif not treatment.ignore:
            one, other = self._bridged(primary, shadow, treatment)
            if treatment.loose and not _is_walked(one.value, other.value, treatment):
                self._values(one, other.value, treatment)
            else:
                self._walked(one, other, treatment)

    def _walked(self, primary: Spot, shadow: Spot, treatment: Treatment) -> None:
        one, other = primary.value, shadow.value
        if isinstance(one, dict) and isinstance(other, dict):
            self._objects(primary, one, shadow, other)
        elif isinstance(one, list) and isinstance(other, list):
            self._lists(primary, one, shadow, other, treatment)
        else:
            self._values(primary, other, treatment)

    def _bridged(self, primary: Spot, shadow: Spot, treatment: Treatment) -> tuple[Spot, Spot]:
        """Both sides in one form where PHP's array became the other container and a rule allows that."""
        one, other = primary.value, shadow.value
        if not treatment.presets or isinstance(one, dict) is isinstance(other, dict):
            return primary, shadow
        empty, sparse = Preset.EMPTY_MAP in treatment.presets, Preset.SPARSE_LIST in treatment.presets
        if empty and one == [] and isinstance(other, dict):
            return primary._replace(value=self._noted(Preset.EMPTY_MAP, {})), shadow
        if empty and other == [] and isinstance(one, dict):
            return primary, shadow._replace(value=self._noted(Preset.EMPTY_MAP, {}))
        if sparse and isinstance(one, dict) and isinstance(other, list) and is_sparse(one):
            return primary._replace(value=self._noted(Preset.SPARSE_LIST, list(one.values()))), shadow
        if sparse and isinstance(other, dict) and isinstance(one, list) and is_sparse(other):
            return primary, shadow._replace(value=self._noted(Preset.SPARSE_LIST, list(other.values())))
        return primary, shadow

    def _objects(self, primary: Spot, ones: dict[str, Json], shadow: Spot, others: dict[str, Json]) -> None:
        found: list[tuple[Spot, Spot]] = []
        for name, one in ones.items():
            if name not in others:
                self._only(primary.child(name, one), Kind.MISSING)
                continue
            other = others[name]
            if not self._is_settled(one, other):
                found.append((primary.child(name, one), shadow.child(name, other)))
        for name, other in others.items():
            if name not in ones:
                self._only(shadow.child(name, other), Kind.EXTRA)
        self._todo.extend(reversed(found))

    def _lists(
        self, primary: Spot, ones: list[Json], shadow: Spot, others: list[Json], treatment: Treatment
    ) -> None:
        left, right = _array(ones, primary.state), _array(others, shadow.state)
        if treatment.unordered:
            pairing = self._pairer.unordered(left, right, treatment.key)
        else:
            pairing = self._pairer.ordered(left, right)
        if pairing.reordered:
            self._reporter.add(Kind.ORDER, primary.place, ones, others, treatment.money)
        if len(pairing.pairs) < len(left.values):
            self._alone(primary, left, {one for one, _ in pairing.pairs}, Kind.MISSING)
        if len(pairing.pairs) < len(right.values):
            self._alone(shadow, right, {other for _, other in pairing.pairs}, Kind.EXTRA)
        for i, j in reversed(pairing.pairs):
            one, other = left.values[i], right.values[j]
            if not self._is_settled(one, other):
                spots = primary.child(left.indexes[i], one), shadow.child(right.indexes[j], other)
                self._todo.append(spots)

    def _is_settled(self, one: Json, other: Json) -> bool:
        """Whether two scalars are equal whatever rule holds for them."""
        kind = one.__class__
        return self._trusts and kind is other.__class__ and kind in SCALARS and one == other

    def _alone(self, parent: Spot, array: Array, paired: set[int], kind: Kind) -> None:
        for number, index in enumerate(array.indexes):
            if number not in paired:
                self._only(parent.child(index, array.values[number]), kind)

    def _only(self, spot: Spot, kind: Kind) -> None:
        """A member or an element that one side has alone."""
        treatment = self._base if spot.state is None else spot.state.treatment
        if treatment.ignore:
            return
        if spot.value is None and Preset.NULL_MISSING in treatment.presets and isinstance(_key(spot), str):
            self._reporter.note(Preset.NULL_MISSING)
            return
        self._reporter.alone(kind, spot.place, spot.value, treatment.money)

    def _values(self, primary: Spot, shadow: Json, treatment: Treatment) -> None:
        kind = values.difference(primary.value, shadow, treatment, self._reporter.note)
        if kind is not None:
            hint = _BROKEN if treatment.pattern is not None else ""
            self._reporter.add(kind, primary.place, primary.value, shadow, treatment.money, hint)

    def _noted(self, name: str, value: Json) -> Json:
        self._reporter.note(name)
        return value


def _is_walked(one: Json, other: Json, treatment: Treatment) -> bool:
    """Rules for single values leave containers alone, but for a PHP DateTime and a pattern."""
    if treatment.pattern is not None:
        return False
    return treatment.instant is None or treatment.instant.same(one, other) is None


def _array(items: list[Json], state: State | None) -> Array:
    """The elements of an array but those that are ignored: they must not shift the others."""
    if state is None:
        return Array(items, range(len(items)), [None] * len(items))
    states = [state.step(index) for index in range(len(items))]
    kept = [index for index, step in enumerate(states) if step is None or not step.treatment.ignore]
    return Array([items[index] for index in kept], kept, [states[index] for index in kept])


def _key(spot: Spot) -> Key | None:
    return spot.place[1] if spot.place is not None else None
