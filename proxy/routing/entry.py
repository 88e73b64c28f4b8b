"""One route in the table, compiled."""

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from proxy.routing.pattern import Pattern
from proxy.routing.template import Kind

R = TypeVar("R")

NO_PARAMS: Final[Mapping[str, bytes]] = {}


class Match(Generic[R]):
    """The route that won, and the path parameters as they came: raw bytes, still percent-encoded."""

    __slots__ = ("params", "route")

    def __init__(self, route: R, params: Mapping[str, bytes]) -> None:
        self.route = route
        self.params = params

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Match) and (self.route, self.params) == (other.route, other.params)


class Entry(Generic[R]):
    """A pattern and its route."""

    __slots__ = ("_fixed", "_names", "_rest", "pattern", "route")

    def __init__(self, pattern: Pattern, route: R) -> None:
        self.pattern = pattern
        self.route = route
        names = [(segment.name, place) for place, segment in enumerate(pattern.template.segments)]
        last = pattern.template.segments[-1]
        self._rest = names.pop() if last.kind is Kind.REST else None
        self._names = [(name, place) for name, place in names if name]
        self._fixed = None if self._names or self._rest else Match(route, NO_PARAMS)

    def match(self, raw: list[bytes]) -> Match[R]:
        """The match of a path with these segments, which the template fits."""
        if self._fixed is not None:
            return self._fixed
        params = {name: raw[place] for name, place in self._names}
        if self._rest is not None:
            name, place = self._rest
            params[name] = b"/".join(raw[place:])
        return Match(self.route, params)
