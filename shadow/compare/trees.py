"""Compare two JSON values place by place. CSV and form bodies are compared as JSON values too.

The walk keeps a list of pairs still to look at instead of recursing: the depth of a body is no depth of the
stack.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from shadow.compare import values
from shadow.compare.align import Budget
from shadow.compare.findings import Findings
from shadow.compare.hints import hint, is_sparse
from shadow.compare.lists import Array, Pairer
from shadow.compare.model import ABSENT, Json, Kind
from shadow.compare.places import Place, Style, written
from shadow.compare.selectors import Key, State
from shadow.compare.shapes import Shapes
from shadow.compare.treatment import Preset, Treatment

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
    """One comparison of two values. mirror: the sides were swapped against the order that ties are
    broken in.
    """

    def __init__(self, findings: Findings, base: Treatment, style: Style, mirror: bool) -> None:
        self._findings = findings
        self._base = base
        self._style = style
        self._todo: list[tuple[Spot, Spot]] = []
        self._pairer = Pairer(Shapes(base), Budget(findings.limits.alignment), mirror, base)

    def compare(self, primary: Spot, shadow: Spot) -> None:
        """Add every difference between two values to the findings."""
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
        if treatment.ignore:
            return
        one, other = self._bridged(primary, shadow, treatment)
        walked = not treatment.loose or _is_walked(one.value, other.value, treatment)
        if walked and isinstance(one.value, dict) and isinstance(other.value, dict):
            self._objects(one, one.value, other, other.value)
        elif walked and isinstance(one.value, list) and isinstance(other.value, list):
            self._lists(one, one.value, other, other.value, treatment)
        else:
            self._values(one, other, treatment)

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
            if plain and one.__class__ in _SCALARS and one.__class__ is other.__class__ and one == other:
                continue
            found.append((primary.child(name, one), shadow.child(name, other)))
        for name, other in others.items():
            if name not in ones:
                self._only(shadow.child(name, other), Kind.EXTRA)
        self._todo.extend(reversed(found))

    def _lists(
        self, primary: Spot, ones: list[Json], shadow: Spot, others: list[Json], treatment: Treatment
    ) -> None:
        left, right = _elements(primary, ones), _elements(shadow, others)
        arrays = _array(left), _array(right)
        pairing = (
            self._pairer.unordered(*arrays, treatment.key)
            if treatment.unordered
            else self._pairer.ordered(*arrays)
        )
        if pairing.reordered:
            self._add(primary.place, Kind.ORDER, primary, shadow, treatment)
        paired = {one for one, _ in pairing.pairs}, {other for _, other in pairing.pairs}
        self._alone(left, paired[0], Kind.MISSING)
        self._alone(right, paired[1], Kind.EXTRA)
        self._todo.extend((left[one], right[other]) for one, other in reversed(pairing.pairs))

    def _alone(self, spots: Sequence[Spot], paired: set[int], kind: Kind) -> None:
        for index, spot in enumerate(spots):
            if index not in paired:
                self._only(spot, kind)

    def _only(self, spot: Spot, kind: Kind) -> None:
        """A member or an element that one side has alone."""
        treatment = self._base if spot.state is None else spot.state.treatment
        if treatment.ignore:
            return
        if spot.value is None and Preset.NULL_MISSING in treatment.presets and isinstance(_key(spot), str):
            self._note(Preset.NULL_MISSING)
            return
        values = (spot.value, ABSENT) if kind is Kind.MISSING else (ABSENT, spot.value)
        self._findings.body(written(spot.place, self._style), kind, *values, money=treatment.money)

    def _values(self, primary: Spot, shadow: Spot, treatment: Treatment) -> None:
        one, other = primary.value, shadow.value
        kind = values.difference(one, other, treatment, self._note)
        if kind is not None:
            broken = treatment.pattern is not None
            self._add(
                primary.place, kind, primary, shadow, treatment, _BROKEN if broken else hint(one, other)
            )

    def _add(
        self, place: Place, kind: Kind, primary: Spot, shadow: Spot, treatment: Treatment, said: str = ""
    ) -> None:
        path = written(place, self._style)
        self._findings.body(path, kind, primary.value, shadow.value, money=treatment.money, hint=said)

    def _note(self, name: str) -> None:
        self._findings.normalised[name] += 1

    def _noted(self, name: str, value: Json) -> Json:
        self._note(name)
        return value


def _is_walked(one: Json, other: Json, treatment: Treatment) -> bool:
    """Rules for single values leave containers alone, but for a PHP DateTime, and for a pattern: none fits
    it.
    """
    if treatment.pattern is not None:
        return False
    return treatment.instant is None or treatment.instant.same(one, other) is None


def _elements(spot: Spot, items: Sequence[Json]) -> list[Spot]:
    """The elements of an array but those that are ignored: they must not shift the others."""
    spots = [spot.child(index, item) for index, item in enumerate(items)]
    return [item for item in spots if item.state is None or not item.state.treatment.ignore]


def _array(spots: Sequence[Spot]) -> Array:
    return Array([spot.value for spot in spots], [spot.state for spot in spots])


def _key(spot: Spot) -> Key | None:
    return spot.place[1] if spot.place is not None else None
