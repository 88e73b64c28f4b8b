"""Keys that are read and checked, and have no effect yet. Whoever builds a function deletes its rows here."""

from collections.abc import Iterable, Iterator
from typing import Any

from proxy.config.errors import KeyPath, Problem, Severity

INACTIVE = (
    "routes.*.idempotency",
    "routes.*.learns",
    "routes.*.follows",
)
"""Key paths; `*` is any name or item. With `=value` the key is inactive at that value alone. What is said of
a route's key holds for the same key of `defaults`."""

MESSAGE = "accepted, not yet active"


def inactive(data: object, table: tuple[str, ...]) -> Iterator[Problem]:
    """A warning for each key of the table that has a value in the file; null and empty text are none."""
    for row in table:
        key, _, only = row.partition("=")
        for spelled in {key, key.replace("routes.*", "defaults", 1)}:
            for path, value in _present(data, spelled.split(".")):
                if value == only if only else value not in (None, ""):
                    yield Problem(path, MESSAGE, Severity.WARNING, at_key=True)


def _present(data: Any, steps: list[str]) -> Iterator[tuple[KeyPath, object]]:
    """Where the steps lead in plain data, with the value that is there."""
    if not steps:
        yield (), data
        return
    for step in _matching(data, steps[0]):
        for path, value in _present(data[step], steps[1:]):
            yield (step, *path), value


def _matching(data: object, step: str) -> Iterable[str | int]:
    match data:
        case dict():
            return data if step == "*" else data.keys() & {step}
        case list() if step == "*":
            return range(len(data))
        case _:
            return ()
