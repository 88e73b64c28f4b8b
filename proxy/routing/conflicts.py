"""Routes that get in each other's way, found before any request does."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias

from proxy.routing.entry import R
from proxy.routing.pattern import Pattern
from proxy.routing.subjects import Header, Subject
from proxy.routing.values import Exact, Matcher, Present, Regex

Place: TypeAlias = tuple[object, ...]
"""A subject apart from its dialect: one variable is one place, whether PHP reads it or not."""


@dataclass(frozen=True, slots=True)
class Rival(Generic[R]):
    """A route among those of the same host and path shape; `order` is its place in the file."""

    order: int
    pattern: Pattern
    route: R
    wanted: dict[Place, Matcher]
    exact: dict[Place, bytes]


def find_ties(entries: Iterable[tuple[Pattern, R]]) -> list[tuple[R, R]]:
    """Pairs of routes, in file order, that one request can meet with equal precedence.

    Each route is named with one that it ties with. Two different regular expressions for one value are
    taken to exclude each other, as only their author can know.
    """
    ties = []
    for rivals in _of_one_path(entries):
        equals: dict[object, list[Rival[R]]] = {}
        for rival in rivals:
            equals.setdefault(rival.pattern.rank, []).append(rival)
        for group in equals.values():
            agreement = _Agreement(group)
            for rival in group:
                other = next((o for o in agreement.earlier(rival) if _both_can_match(o, rival)), None)
                if other is not None:
                    ties.append((other.route, rival.route))
    return ties


def find_shadowed(entries: Iterable[tuple[Pattern, R]]) -> list[tuple[R, tuple[R, ...]]]:
    """Routes that can never win, each with those that win in its place.

    One route alone cannot hide another without a tie: to match all that the other does it asks for no more
    values, and to come before it, for no fewer. Several together can, one where a value is present and one
    where it is absent.
    """
    shadowed = []
    for rivals in _of_one_path(entries):
        agreement = _Agreement([rival for rival in rivals if Present in map(type, rival.wanted.values())])
        for rival in rivals:
            parts = [(other, asked) for other in agreement.all(rival) if (asked := _asks_more(other, rival))]
            if _cover([asked for _, asked in parts]):
                shadowed.append((rival.route, tuple(other.route for other, _ in parts)))
    return shadowed


def _asks_more(first: Rival[R], rival: Rival[R]) -> dict[Place, bool]:
    """What has to be there, or not, for a request of `rival` to go to `first`; empty when nothing helps."""
    if first.pattern.rank >= rival.pattern.rank or not _methods_cover(first.pattern, rival.pattern):
        return {}
    asked = {}
    for place, matcher in first.wanted.items():
        known = rival.wanted.get(place)
        if known is None and isinstance(matcher, Present):
            asked[place] = matcher.wanted
        elif known is None or not _implied(matcher, known):
            return {}
    return asked


def _cover(parts: Sequence[dict[Place, bool]]) -> bool:
    """Whether every request fulfils one of the parts, each a set of things to be present or absent."""
    if not parts:
        return False
    if not all(parts):
        return True  # a part that asks for nothing
    place = next(iter(parts[0]))
    return all(
        _cover(
            [
                {other: wanted for other, wanted in part.items() if other != place}
                for part in parts
                if part.get(place, there) is there
            ]
        )
        for there in (True, False)
    )


class _Agreement(Generic[R]):
    """Finds the rivals that want no other exact value than a given one does, without asking each.

    Rivals are filed under the values they want at the places that both want exact values of, for each set of
    places there is. Ten thousand routes that differ in `?action=…` are so never compared with each other.
    """

    def __init__(self, rivals: Iterable[Rival[R]]) -> None:
        self._by_places: dict[frozenset[Place], list[Rival[R]]] = {}
        for rival in rivals:
            self._by_places.setdefault(frozenset(rival.exact), []).append(rival)
        self._indexes: dict[object, dict[frozenset[tuple[Place, bytes]], list[Rival[R]]]] = {}

    def all(self, rival: Rival[R]) -> Iterator[Rival[R]]:
        """The rivals that agree with this one, itself included."""
        for places in self._by_places:
            common = places.intersection(rival.exact)
            yield from self._index(places, common).get(_projection(rival, common), ())

    def earlier(self, rival: Rival[R]) -> Iterator[Rival[R]]:
        """Those of them that come before it in the file and are another route."""
        return (o for o in self.all(rival) if o.order < rival.order and o.route is not rival.route)

    def _index(
        self, places: frozenset[Place], common: frozenset[Place]
    ) -> dict[frozenset[tuple[Place, bytes]], list[Rival[R]]]:
        index = self._indexes.get((places, common))
        if index is None:
            index = self._indexes[places, common] = {}
            for rival in self._by_places[places]:
                index.setdefault(_projection(rival, common), []).append(rival)
        return index


def _projection(rival: Rival[R], places: frozenset[Place]) -> frozenset[tuple[Place, bytes]]:
    return frozenset((place, rival.exact[place]) for place in places)


def _of_one_path(entries: Iterable[tuple[Pattern, R]]) -> Iterator[Sequence[Rival[R]]]:
    """The routes, parted by host and path shape, in file order."""
    parted: dict[object, list[Rival[R]]] = {}
    for order, (pattern, route) in enumerate(entries):
        wanted = {_place(condition.subject): condition.matcher for condition in pattern.conditions}
        exact = {place: matcher.value for place, matcher in wanted.items() if isinstance(matcher, Exact)}
        rival = Rival(order, pattern, route, wanted, exact)
        parted.setdefault((pattern.host, pattern.template.shape), []).append(rival)
    return iter(parted.values())


def _place(subject: Subject) -> Place:
    if isinstance(subject, Header):
        return Header, subject.name
    return type(subject), subject.variable.base, subject.variable.indexes


def _both_can_match(one: Rival[R], other: Rival[R]) -> bool:
    """Whether a request can meet two patterns of one path and one rank."""
    if one.pattern.methods and not one.pattern.methods & other.pattern.methods:
        return False
    return all(
        _compatible(one.wanted[place], other.wanted[place]) for place in one.wanted.keys() & other.wanted
    )


def _compatible(one: Matcher, other: Matcher) -> bool:
    """Whether one value can be accepted by both."""
    match one, other:
        case (Exact(value), matcher) | (matcher, Exact(value)):
            return matcher.accepts(value)
        case (Present(wanted), Regex()) | (Regex(), Present(wanted)):
            return wanted
        case _:
            return one == other


def _implied(matcher: Matcher, known: Matcher) -> bool:
    """Whether every value that `known` accepts is accepted by `matcher`."""
    match known:
        case Exact(value):
            return matcher.accepts(value)
        case Regex():
            return matcher in (known, Present(True))
        case _:
            return matcher == known


def _methods_cover(wide: Pattern, narrow: Pattern) -> bool:
    if not wide.methods or not narrow.methods:
        return not wide.methods
    return wide.methods >= narrow.methods
