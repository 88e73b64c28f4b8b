"""Which lines of the diff log somebody wants to see. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Diff = dict[str, Any]
"""One line of the diff log."""

_QUOTED_OR_INDEX = re.compile(r"'(?:[^'\\]|\\.)*'|\[\d+\]")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is wanted; None wants anything. `path` is a path as logged, or one with [*] for any index."""

    route: str | None = None
    verdict: str | None = None
    kind: str | None = None
    path: str | None = None
    signature: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fit(self, diff: Diff) -> bool:
        """Whether a line is wanted."""
        return (
            self.route in (None, diff["route"])
            and self.verdict in (None, diff["verdict"])
            and self.signature in (None, diff["signature"])
            and self._fits_time(datetime.fromisoformat(diff["time"]))
            and self._fits_difference(diff["differences"])
        )

    def _fits_time(self, time: datetime) -> bool:
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)

    def _fits_difference(self, differences: list[dict[str, Any]]) -> bool:
        """One and the same difference has the kind and the path."""
        if self.kind is None and self.path is None:
            return True
        return any(
            self.kind in (None, one["kind"]) and self.path in (None, one["path"], _any_index(one["path"]))
            for one in differences
        )


def _any_index(path: str) -> str:
    """A path with every index as [*]; a quoted name in brackets is no index."""
    return _QUOTED_OR_INDEX.sub(lambda found: found[0] if found[0].startswith("'") else "[*]", path)
