"""What is taken as it is written, and was hardly meant so."""

import re
from collections.abc import Iterator

from proxy.config.draft import Draft
from proxy.config.errors import Problem, Severity
from proxy.config.routes import HeaderEdits, RouteConfig

_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}")  # RFC 3986 §2.1


def header_edits_agree(draft: Draft) -> Iterator[Problem]:
    """Names that differ by case alone are one field (RFC 9110 §5.1): each is edited once."""
    inherited = draft.defaults.modern.headers.remove if draft.defaults.modern else ()
    for place, route in draft.routes.items():
        if route.modern is not None:
            path = ("routes", place, "modern", "headers")
            yield from _set_twice(route.modern.headers, path)
            yield from _set_and_removed(route.modern.headers, {*inherited}, path)


def _set_twice(edits: HeaderEdits, path: tuple[str | int, ...]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name in edits.set:
        other = first.setdefault(name.lower(), name)
        if other != name:
            message = f"{name} and {other} are one header: both values would be sent; keep one"
            yield Problem((*path, "set", name), message, at_key=True)


def _set_and_removed(
    edits: HeaderEdits, inherited: set[str], path: tuple[str | int, ...]
) -> Iterator[Problem]:
    """What `defaults` remove, a route may well set."""
    names = {name.lower() for name in edits.set}
    for number, name in enumerate(edits.remove):
        if name.lower() in names and name not in inherited:
            message = "has no effect, as the same header is set, which replaces what the client sent"
            yield Problem((*path, "remove", number), message, Severity.WARNING)


def escapes_are_whole(draft: Draft) -> Iterator[Problem]:
    """A `%` that begins no escape is met only by clients that send it just so, which hardly any does."""
    for place, route in draft.routes.items():
        for below, text in _paths(route):
            if found := _NO_ESCAPE.search(text):
                message = f"{found[0]} is no percent-encoded byte: write %25 where % itself is meant"
                yield Problem(("routes", place, *below), message, Severity.WARNING)


def _paths(route: RouteConfig) -> Iterator[tuple[tuple[str, ...], str]]:
    yield ("match", "path"), route.match.path.source
    if route.modern is not None and route.modern.path is not None:
        yield ("modern", "path"), route.modern.path
