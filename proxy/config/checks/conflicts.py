"""Routes that get in each other's way."""

from collections.abc import Iterator, Mapping

from proxy.config.draft import Draft
from proxy.config.errors import Problem
from proxy.routing.conflicts import find_shadowed, find_ties
from proxy.routing.pattern import Pattern


def conflicts(draft: Draft, patterns: Mapping[int, Pattern]) -> Iterator[Problem]:
    """Two routes that one request meets with equal precedence; a route that others always come before."""
    entries = [(pattern, place) for place, pattern in patterns.items()]
    for first, second in find_ties(entries):
        message = f"ties with {draft.routes[first].id} on line {{line}}: a request can meet both alike"
        yield _conflict(second, first, message)
    for place, winners in find_shadowed(entries):
        names = " and ".join(draft.routes[winner].id for winner in winners)
        message = f"can never win: {names} (line {{line}}) come before it in every case"
        yield _conflict(place, winners[0], message)


def _conflict(place: int, other: int, message: str) -> Problem:
    return Problem(("routes", place, "match"), message, at_key=True, other=("routes", other, "match"))
