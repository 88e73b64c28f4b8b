"""Which rules hold at which place of a JSON document: RFC 9535 JSONPath, matched while walking.

Queries of names, indexes, wildcards and descendants become one automaton that steps with the walk, so a place
costs a dict look-up whatever the number of rules. Queries that need the document (filters, slices, indexes
from the end) are evaluated by the library first, and the locations they select join the automaton.
"""

from collections.abc import Iterable
from functools import cache
from typing import TypeAlias

from jsonpath_rfc9535 import JSONPathQuery
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment
from jsonpath_rfc9535.selectors import IndexSelector, JSONPathSelector, NameSelector, WildcardSelector

from shadow.compare.queries import locations, reads_numbers
from shadow.compare.treatment import MONEY, PLAIN, Treatment

Key: TypeAlias = str | int


class _Place:
    """A position inside a query: which keys lead on from here."""

    __slots__ = ("descends", "every", "named", "order", "treatment")

    def __init__(self) -> None:
        self.named: dict[Key, list[_Place]] = {}
        self.every: list[_Place] = []
        self.descends = False
        self.order = 0
        self.treatment = PLAIN

    def child(self, key: Key) -> "_Place":
        """The only place that `key` leads to; made if there is none (locations share their beginnings)."""
        return self.named.setdefault(key, [_Place()])[0]

    def accept(self, order: int, treatment: Treatment) -> None:
        self.order = max(self.order, order)
        self.treatment = self.treatment.then(treatment)
        if treatment.money:
            self.every.append(_beneath_money(order))


@cache
def _beneath_money(order: int) -> _Place:
    """An amount may be an object of a value and a currency: all in it is money by the same rule."""
    place = _Place()
    place.descends = True
    place.order = order
    place.treatment = MONEY
    return place


class State:
    """Where all queries stand at one place of a document; None stands for: no query leads on from here."""

    __slots__ = ("_any_index", "_any_name", "_automaton", "_named", "_places", "treatment")

    def __init__(self, automaton: "Automaton", places: frozenset[_Place]) -> None:
        self._automaton = automaton
        self._places = places
        self._named: dict[Key, State | None] | None = None
        self._any_name: State | None = None
        self._any_index: State | None = None
        self.treatment = automaton.base
        for place in sorted(places, key=lambda place: place.order):
            self.treatment = self.treatment.then(place.treatment)

    def step(self, key: Key) -> "State | None":
        """The state at the member or element `key`."""
        named = self._named if self._named is not None else self._explore()
        if key in named:
            return named[key]
        return self._any_index if key.__class__ is int else self._any_name

    def each(self, size: int) -> "list[State | None]":
        """The states at all elements of an array, mostly one and the same."""
        named = self._named if self._named is not None else self._explore()
        found = [self._any_index] * size
        for key, state in named.items():
            if isinstance(key, int) and key < size:
                found[key] = state
        return found

    def _explore(self) -> dict[Key, "State | None"]:
        stay = {place for place in self._places if place.descends}
        for place in self._places:
            stay.update(place.every)
        self._any_name = self._any_index = self._automaton.state(stay)
        keys = {key for place in self._places for key in place.named}
        self._named = {key: self._automaton.state(stay | self._led_to(key)) for key in keys}
        return self._named

    def _led_to(self, key: Key) -> set[_Place]:
        return {target for place in self._places for target in place.named.get(key, ())}


class Automaton:
    """All queries of one policy at once. States are made when first reached, then reused: they are few."""

    def __init__(self, base: Treatment, starts: Iterable[_Place]) -> None:
        self.base = base
        self._starts = frozenset(starts)
        self._states: dict[frozenset[_Place], State] = {}
        self.root = self.state(self._starts)

    def state(self, places: Iterable[_Place]) -> State | None:
        found = frozenset(places)
        if not found:
            return None
        state = self._states.get(found)
        if state is None:
            state = self._states[found] = State(self, found)
        return state

    def joined(self, place: _Place) -> "Automaton":
        return Automaton(self.base, (*self._starts, place))


class Selectors:
    """The queries of a policy, each with what it says about the places it selects."""

    def __init__(self, base: Treatment, rules: Iterable[tuple[JSONPathQuery, Treatment]]) -> None:
        numbered = list(enumerate(rules, start=1))
        self._needing = [(order, *rule) for order, rule in numbered if not _walkable(rule[0])]
        self._automaton = Automaton(
            base,
            [
                _compiled(query, order, treatment)
                for order, (query, treatment) in numbered
                if _walkable(query)
            ],
        )

    @property
    def needs_document(self) -> bool:
        return bool(self._needing)

    @property
    def needs_floats(self) -> bool:
        """Whether one of these queries reads numbers, as plain JSON data has them."""
        return any(reads_numbers(query) for _, query, _ in self._needing)

    @property
    def start(self) -> State | None:
        """The state at the root of any document, by the queries that need not look at one."""
        return self._automaton.root

    def root(self, document: object) -> State | None:
        """The state at the root of a document, which only queries that need it look at."""
        if not self._needing:
            return self._automaton.root
        located = _Place()
        for order, query, treatment in self._needing:
            for location in locations(query, document):
                place = located
                for key in location:
                    place = place.child(key)
                place.accept(order, treatment)
        return self._automaton.joined(located).root


def _walkable(query: JSONPathQuery) -> bool:
    return all(_steps(selector) for segment in query.segments for selector in segment.selectors)


def _steps(selector: JSONPathSelector) -> bool:
    if isinstance(selector, IndexSelector):
        return selector.index >= 0
    return isinstance(selector, NameSelector | WildcardSelector)


def _compiled(query: JSONPathQuery, order: int, treatment: Treatment) -> _Place:
    """The chain of places that a query of names, indexes and wildcards is; returns its start."""
    start = place = _Place()
    for segment in query.segments:
        place.descends = isinstance(segment, JSONPathRecursiveDescentSegment)
        following = _Place()
        for selector in segment.selectors:
            match selector:
                case NameSelector(name=name):
                    place.named.setdefault(name, []).append(following)
                case IndexSelector(index=index):
                    place.named.setdefault(index, []).append(following)
                case _:
                    place.every.append(following)
        place = following
    place.accept(order, treatment)
    return start
