"""`shadow.compare`, read by the very code that compares, so that what is accepted here works there."""

import re
from collections.abc import Iterator

from proxy.config.draft import Draft
from proxy.config.errors import KeyPath, Problem, Severity
from proxy.config.shadow import Compare
from proxy.config.units import format_size
from shadow.compare.model import Limits
from shadow.compare.policy import Policy, PolicyError
from shadow.redact import Redactor

_STEP = re.compile(r"\[([0-9]+)\]|([^.\[]+)")


def comparisons_compile(draft: Draft) -> Iterator[Problem]:
    """Each comparison is compiled once, however many routes say the same."""
    seen: dict[str, tuple[tuple[KeyPath, str], ...]] = {}
    for place, route in draft.routes.items():
        if route.shadow is None:
            continue
        compare = route.shadow.compare
        said = compare.model_dump_json(exclude_unset=True)
        if said not in seen:
            seen[said] = tuple(_wrong(compare))
        for path, message in seen[said]:
            yield Problem(("routes", place, "shadow", "compare", *path), message)


def redactions_compile(draft: Draft) -> Iterator[Problem]:
    """Each path by itself, so that the error names its line."""
    for place, route in draft.routes.items():
        if route.shadow is None:
            continue
        for number, path in enumerate(route.shadow.redact.paths):
            try:
                Redactor(b"", (path,))
            except ValueError as error:
                yield Problem(("routes", place, "shadow", "redact", "paths", number), str(error))


def bodies_can_be_compared(draft: Draft) -> Iterator[Problem]:
    """Beyond what comparing decodes, a body is carried to the worker for nothing."""
    most = Limits().decoded
    for place, route in draft.routes.items():
        if route.shadow is not None and route.shadow.max_body > most:
            message = (
                f"is more than the {format_size(most)} that comparing reads: larger bodies are inconclusive"
            )
            yield Problem(("routes", place, "shadow", "max_body"), message, Severity.WARNING)


def _wrong(compare: Compare) -> Iterator[tuple[KeyPath, str]]:
    try:
        Policy.compile(compare.model_dump(mode="json", exclude_unset=True))
    except PolicyError as error:
        for key, message in error.problems:
            yield _steps(key), message


def _steps(key: str) -> KeyPath:
    """`rules[2].pattern` → `("rules", 2, "pattern")`."""
    return tuple(int(index) if index else name for index, name in _STEP.findall(key))
