"""Groups of equal differences on their way to the ledger: added up here, written in batches, bounded."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

MOST_GROUPS = 1000
"""Groups that may wait for the ledger; exchanges of further ones are counted as lost."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange that showed a group: its line of the diff log."""

    id: str
    time: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """How often a group was seen since it was last written, and the newest samples. Text is redacted JSON."""

    signature: str
    route: str
    severity: str
    differences: str
    first: datetime
    last: datetime
    count: int = 1
    samples: tuple[Sample, ...] = field(default=())

    def plus(self, later: "Sighting", most_samples: int) -> "Sighting":
        """Both together."""
        return replace(
            self,
            severity=later.severity,
            first=min(self.first, later.first),
            last=max(self.last, later.last),
            count=self.count + later.count,
            samples=(*self.samples, *later.samples)[-most_samples:],
        )


class Sightings:
    """What waits to be written."""

    def __init__(self, most_samples: int, most_groups: int = MOST_GROUPS) -> None:
        self._most_samples = most_samples
        self._most_groups = most_groups
        self._waiting: dict[str, Sighting] = {}

    def add(self, seen: Sighting) -> bool:
        """Whether there was room for it."""
        known = self._waiting.get(seen.signature)
        if known is None and len(self._waiting) >= self._most_groups:
            return False
        self._waiting[seen.signature] = seen if known is None else known.plus(seen, self._most_samples)
        return True

    def take(self) -> list[Sighting]:
        """All of it, to be written."""
        taken, self._waiting = list(self._waiting.values()), {}
        return taken

    def put_back(self, unwritten: Iterable[Sighting]) -> int:
        """They could not be written: keep them for the next time. Returns how many exchanges are lost."""
        newer, lost = self.take(), 0
        for seen in (*unwritten, *newer):
            lost += 0 if self.add(seen) else seen.count
        return lost
