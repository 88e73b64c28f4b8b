"""Compare two JSON values that no rule reaches: most of most documents, so done with as little as can be."""

from decimal import Decimal

from shadow.compare import values
from shadow.compare.findings import Findings
from shadow.compare.lists import Array, Pairer
from shadow.compare.model import ABSENT, Json, Kind
from shadow.compare.naming import VALUES, label_at
from shadow.compare.places import Place, Style, keys_of, written
from shadow.compare.shapes import Shapes
from shadow.compare.treatment import PLAIN

SCALARS = frozenset((str, int, bool, type(None), Decimal))

_Both = tuple[Json, Json, Place, Place]
"""Two values that belong together, and where they stand on either side."""


class Reporter:
    """Adds differences to the findings, each with its path and with the name that stands beside it."""

    def __init__(self, findings: Findings, style: Style, documents: tuple[Json, Json]) -> None:
        self._findings = findings
        self._style = style
        self._documents = documents

    def add(
        self, kind: Kind, place: Place, one: Json, other: Json, money: bool = False, hint: str = ""
    ) -> None:
        """Both sides have something there."""
        path, named = written(place, self._style), self._label(place, 0)
        self._findings.body(path, kind, one, other, money=money, hint=hint, named=named)

    def alone(self, kind: Kind, place: Place, value: Json, money: bool = False) -> None:
        """One side has something there that the other has not."""
        path, named = written(place, self._style), self._label(place, kind is Kind.EXTRA)
        one, other = (value, ABSENT) if kind is Kind.MISSING else (ABSENT, value)
        self._findings.body(path, kind, one, other, money=money, named=named)

    def note(self, name: str) -> None:
        """A treatment made two forms equal."""
        self._findings.normalised[name] += 1

    def _label(self, place: Place, side: int) -> str:
        return label_at(self._documents[side], keys_of(place)) if _may_be_named(place) else ""


def _may_be_named(place: Place) -> bool:
    """Whether a name can stand beside this place: it is an element, or in what is called a value."""
    if place is not None and place[1].__class__ is int:
        return True
    while place is not None:
        if place[1] in VALUES:
            return True
        place = place[0]
    return False


class Unruled:
    """Walks two values in the order of the primary's document."""

    def __init__(self, reporter: Reporter, shapes: Shapes, pairer: Pairer) -> None:
        self._reporter = reporter
        self._shapes = shapes
        self._pairer = pairer

    def compare(self, one: Json, other: Json, here: Place, there: Place) -> None:
        """Report every difference between two values that stand at these places."""
        todo: list[_Both] = [(one, other, here, there)]
        while todo:
            one, other, here, there = todo.pop()
            if one.__class__ in SCALARS or other.__class__ in SCALARS:
                self._scalars(one, other, here)
            elif not self._shapes.same(one, other):
                if isinstance(one, dict) and isinstance(other, dict):
                    todo += self._objects(one, other, here, there)
                elif isinstance(one, list) and isinstance(other, list):
                    todo += self._lists(one, other, here, there)
                else:
                    self._scalars(one, other, here)

    def _scalars(self, one: Json, other: Json, here: Place) -> None:
        """Two values of which one is no container, or which are containers of two kinds."""
        kind = values.difference(one, other, PLAIN, self._reporter.note)
        if kind is not None:
            self._reporter.add(kind, here, one, other)

    def _objects(
        self, ones: dict[str, Json], others: dict[str, Json], here: Place, there: Place
    ) -> list[_Both]:
        """Compares the scalars; returns the containers that are to be compared next, the first one last."""
        found: list[_Both] = []
        shared = 0
        for name, one in ones.items():
            if name not in others:
                self._reporter.alone(Kind.MISSING, (here, name), one)
                continue
            shared += 1
            other = others[name]
            if one.__class__ in SCALARS:
                if one != other or one.__class__ is not other.__class__:
                    self._scalars(one, other, (here, name))
            else:
                found.append((one, other, (here, name), (there, name)))
        if shared < len(others):
            for name, other in others.items():
                if name not in ones:
                    self._reporter.alone(Kind.EXTRA, (there, name), other)
        found.reverse()
        return found

    def _lists(self, ones: list[Json], others: list[Json], here: Place, there: Place) -> list[_Both]:
        """Compares the elements' order; returns those that differ, the first one last."""
        if _are_same(ones, others):
            return []
        pairing = self._pairer.ordered(_array(ones), _array(others))
        if pairing.reordered:
            self._reporter.add(Kind.ORDER, here, ones, others)
        pairs = pairing.pairs
        if len(pairs) < len(ones):
            self._alone(Kind.MISSING, ones, {i for i, _ in pairs}, here)
        if len(pairs) < len(others):
            self._alone(Kind.EXTRA, others, {j for _, j in pairs}, there)
        found: list[_Both] = []
        for i, j in reversed(pairs):
            one, other = ones[i], others[j]
            if one.__class__ not in SCALARS or one != other or one.__class__ is not other.__class__:
                found.append((one, other, (here, i), (there, j)))
        return found

    def _alone(self, kind: Kind, items: list[Json], paired: set[int], place: Place) -> None:
        for index, item in enumerate(items):
            if index not in paired:
                self._reporter.alone(kind, (place, index), item)


def _are_same(ones: list[Json], others: list[Json]) -> bool:
    """Whether two lists hold the same scalars, which is the most common case and the cheapest to see."""
    if ones != others:
        return False
    both = zip(ones, others, strict=True)
    return all(one.__class__ is other.__class__ and one.__class__ in SCALARS for one, other in both)


def _array(items: list[Json]) -> Array:
    return Array(items, range(len(items)), [None] * len(items))
