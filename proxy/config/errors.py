"""What is wrong in routes.yaml, where, in one line that a human and an editor can read."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto
from typing import NamedTuple


class Severity(Enum):
    ERROR = auto()
    WARNING = auto()


class Position(NamedTuple):
    """A place in the file; both numbers count from 1."""

    line: int
    column: int


TOP = Position(1, 1)
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ConfigError:
    """One error or warning. `path` is the dotted key path, empty when the file as a whole is meant."""

    file: str
    line: int
    column: int
    path: str
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        key = f"{self.path}: " if self.path else ""
        warning = "warning: " if self.severity is Severity.WARNING else ""
        return f"{where}{key}{warning}{self.message}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding before it has a position: the key path it is about, and what is wrong there.

    `at_key` points at the key instead of its value: an unknown key, or a key whose mere presence matters.
    `{line}` in the message becomes the line of `other`, a second place that has to do with it.
    """

    path: KeyPath
    message: str
    severity: Severity = Severity.ERROR
    at_key: bool = False
    other: KeyPath | None = None


def dotted(path: KeyPath) -> str:
    """`("routes", 3, "match")` as people write it: `routes[3].match`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """`; did you mean x?` when something allowed is close to the word, else the empty string."""
    spelled = {name.lower(): name for name in allowed}
    close = get_close_matches(word.lower(), spelled, n=1, cutoff=0.65)
    return f"; did you mean {spelled[close[0]]}?" if close else ""


def in_order(errors: Iterable[ConfigError]) -> tuple[ConfigError, ...]:
    """Sorted by place, each once: what is wrong in an anchor is found again wherever an alias repeats it."""
    once: dict[tuple[int, int, str], ConfigError] = {}
    for error in errors:
        once.setdefault((error.line, error.column, error.message), error)
    return tuple(sorted(once.values(), key=lambda error: (error.line, error.column, error.path)))
