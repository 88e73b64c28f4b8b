"""The way from the text of routes.yaml to a snapshot, or to everything that is wrong with it."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from proxy.config.checks import check
from proxy.config.compiling import compile_snapshot
from proxy.config.draft import draft
from proxy.config.errors import ConfigError, Problem, Severity, in_order
from proxy.config.inactive import INACTIVE, inactive
from proxy.config.models import Config
from proxy.config.nodes import SourceError
from proxy.config.patterns import patterns_of
from proxy.config.report import located
from proxy.config.snapshot import Snapshot
from proxy.config.source import Source, read

TOKENS = "BANYAN_TOKENS"
"""The environment's variable that stands for `control.tokens` where routes.yaml has none."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a file. There is a snapshot exactly when there are no errors."""

    snapshot: Snapshot | None
    errors: tuple[ConfigError, ...]
    warnings: tuple[ConfigError, ...]


Further = Callable[[Config], Iterable[Problem]]
"""What is to be checked besides, once all else is in order: what only the edge can know."""


def nothing_further(_: Config) -> Iterable[Problem]:
    return ()


def load(
    text: str | bytes, file: str, environment: Mapping[str, str], further: Further = nothing_further
) -> Loaded:
    """Reads, checks and compiles; never raises. `file` is the name that errors carry."""
    with _collector_paused():
        return _load(text, file, environment, further)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """What loading makes is a tree that stays; walking it again and again would take half of the time."""
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.enable()


def _load(text: str | bytes, file: str, environment: Mapping[str, str], further: Further) -> Loaded:
    try:
        source = read(text, file, environment)
    except SourceError as error:
        return Loaded(None, (ConfigError(file, *error.position, "", error.message),), ())
    drafted = draft(_with_tokens(source.data, environment))
    patterns, unmatched = patterns_of(drafted)
    between = (*check(drafted, patterns), *inactive(source.data, INACTIVE)) if drafted.understood else ()
    found = (*drafted.problems, *unmatched, *between)
    errors, warnings = _sorted_out(found, source)
    if errors:
        return Loaded(None, errors, warnings)
    snapshot = compile_snapshot(drafted, patterns, lambda place: source.locate(("routes", place)).key.line)
    if more := tuple(further(snapshot.config)):
        errors, warnings = _sorted_out((*found, *more), source)
    return Loaded(None if errors else snapshot, errors, warnings)


def _with_tokens(data: object, environment: Mapping[str, str]) -> object:
    """Tokens that the environment holds count even where the file does not name them.

    Who has set them believes the control plane guarded. An empty `tokens` in the file says that it is not.
    """
    control = data.get("control", {}) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(control, dict) or "tokens" in control:
        return data
    return {**data, "control": {**control, "tokens": environment.get(TOKENS, "")}}


def _sorted_out(
    found: Iterable[Problem], source: Source
) -> tuple[tuple[ConfigError, ...], tuple[ConfigError, ...]]:
    """Errors and warnings with their places. What stands where the source itself is wrong is left out."""
    known = {(error.line, error.column) for error in source.problems}
    places = (located(problem, source) for problem in found)
    new = [error for error in places if (error.line, error.column) not in known]
    errors = [error for error in new if error.severity is Severity.ERROR]
    warnings = [error for error in new if error.severity is Severity.WARNING]
    return in_order([*source.problems, *errors]), in_order(warnings)
