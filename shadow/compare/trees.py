"""Compare two JSON values place by place. CSV and form bodies are compared as JSON values too.

The walk keeps a list of pairs still to look at instead of recursing: the depth of a body is no depth of the
stack.
"""

from decimal import Decimal
from typing import NamedTuple

from shadow.compare import values
from shadow.compare.findings import Findings
from shadow.compare.hints import is_sparse
from shadow.compare.lists import Array, Pairer
from shadow.compare.model import ABSENT, Json, Kind
from shadow.compare.naming import label_at
from shadow.compare.places import Place, Style, keys_of, written
from shadow.compare.policy import Policy
from shadow.compare.selectors import Key, State
from shadow.compare.shapes import Shapes
from shadow.compare.subsequence import Budget
from shadow.compare.treatment import PLAIN, Preset, Treatment

_BROKEN = "does not fit the rule's pattern on both sides"
_SCALARS = frozenset((str, int, bool, type(None), Decimal))


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
        self._findings = findings
        self._base = base = policy.base
        self._trusts = not policy.checks_equal  # equal scalars need no second look
        self._style = style
        self._todo: list[tuple[Spot, Spot]] = []
        self._documents: tuple[Json, Json] = None, None
        self._shapes = Shapes(base)
        self._pairer = Pairer(self._shapes, Budget(findings.limits.alignment), mirror, base)

    def compare(self, primary: Spot, shadow: Spot) -> None:
        """Add every difference between two values to the findings."""
        self._documents = primary.value, shadow.value
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
            # Shapes leave out what rules treat: only where no rule reaches do equal ones mean equal values.
            ruled = primary.state is not None or shadow.state is not None
            if ruled or not self._shapes.same(primary.value, shadow.value):
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
        plain = primary.state is None and shadow.state is None
        for name, one in ones.items():
            if name not in others:
                self._only(primary.child(name, one), Kind.MISSING)
                continue
            other = others[name]
            scalars = one.__class__ in _SCALARS and other.__class__ in _SCALARS
            if scalars and self._trusts and one == other and one.__class__ is other.__class__:
                continue
            if scalars and plain:
                self._values(Spot(one, (primary.place, name), None), other, self._base)
            else:
                found.append((primary.child(name, one), shadow.child(name, other)))
        for name, other in others.items():
            if name not in ones:
                self._only(shadow.child(name, other), Kind.EXTRA)
        self._todo.extend(reversed(found))

    def _lists(
        self, primary: Spot, ones: list[Json], shadow: Spot, others: list[Json], treatment: Treatment
    ) -> None:
        if self._trusts and treatment is PLAIN and _are_same(ones, others):
            return
        left, right = _array(ones, primary.state), _array(others, shadow.state)
        if treatment.unordered:
            pairing = self._pairer.unordered(left, right, treatment.key)
        else:
            pairing = self._pairer.ordered(left, right)
        if pairing.reordered:
            self._add(Kind.ORDER, primary, shadow.value, treatment)
        if len(pairing.pairs) < len(left.values):
            self._alone(primary, left, {one for one, _ in pairing.pairs}, Kind.MISSING)
        if len(pairing.pairs) < len(right.values):
            self._alone(shadow, right, {other for _, other in pairing.pairs}, Kind.EXTRA)
        for i, j in reversed(pairing.pairs):
            one, other = left.values[i], right.values[j]
            if (
                one.__class__ is other.__class__
                and one.__class__ in _SCALARS
                and one == other
                and self._trusts
            ):
                continue
            spots = primary.child(left.indexes[i], one), shadow.child(right.indexes[j], other)
            self._todo.append(spots)

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
            self._note(Preset.NULL_MISSING)
            return
        one, other = (spot.value, ABSENT) if kind is Kind.MISSING else (ABSENT, spot.value)
        path = written(spot.place, self._style)
        named = label_at(self._documents[kind is Kind.EXTRA], keys_of(spot.place))
        self._findings.body(path, kind, one, other, money=treatment.money, named=named)

    def _values(self, primary: Spot, shadow: Json, treatment: Treatment) -> None:
        kind = values.difference(primary.value, shadow, treatment, self._note)
        if kind is not None:
            self._add(kind, primary, shadow, treatment, _BROKEN if treatment.pattern is not None else "")

    def _add(self, kind: Kind, primary: Spot, shadow: Json, treatment: Treatment, hint: str = "") -> None:
        path = written(primary.place, self._style)
        named = label_at(self._documents[0], keys_of(primary.place))
        self._findings.body(path, kind, primary.value, shadow, money=treatment.money, hint=hint, named=named)

    def _note(self, name: str) -> None:
        self._findings.normalised[name] += 1

    def _noted(self, name: str, value: Json) -> Json:
        self._note(name)
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
    both = zip(ones, others, strict=True)
    return all(one.__class__ is other.__class__ and one.__class__ in _SCALARS for one, other in both)


def _array(items: list[Json], state: State | None) -> Array:
    """The elements of an array but those that are ignored: they must not shift the others."""
    if state is None:
        return Array(items, range(len(items)), [None] * len(items))
    states = [state.step(index) for index in range(len(items))]
    kept = [index for index, step in enumerate(states) if step is None or not step.treatment.ignore]
    return Array([items[index] for index in kept], kept, [states[index] for index in kept])


def _key(spot: Spot) -> Key | None:
    return spot.place[1] if spot.place is not None else None
