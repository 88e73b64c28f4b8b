"""What the bench has to know about a proxy in order to measure it."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Site:
    """Where one proxy lives while it is measured: a folder of its own, its port, its origin's port."""

    folder: Path
    port: int
    origin: int


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and what to add to the environment."""

    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Peer:
    """One proxy: its short key, its name in tables, and how to start it in the foreground.

    `command` may write configuration into the site's folder, and raise BenchError for what is missing.
    """

    key: str
    title: str
    command: Callable[[Site], Command]
    binary: str = ""  # what has to be on the PATH; empty when `command` sees to it

    def missing(self) -> bool:
        return bool(self.binary) and shutil.which(self.binary) is None
