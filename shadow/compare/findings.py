"""What a running comparison collects."""

from collections import Counter

from shadow.compare.model import Difference, Kind, Limits, Result, Side, Value, Where
from shadow.compare.severity import severity_of


class OverLimit(Exception):
    """A body, or the work it asks for, is over a limit; the text says which."""


class Findings:
    """Differences, counts of what was normalised, and the reason if something went unread."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.differences: list[Difference] = []
        self.normalised: Counter[str] = Counter()
        self.unread = ""
        self.failed: set[Side] = set()

    def add(
        self,
        where: Where,
        path: str,
        kind: Kind,
        primary: Value,
        shadow: Value,
        *,
        money: bool = False,
        hint: str = "",
        named: str = "",
    ) -> None:
        """Add one difference with the severity that the table gives it; OverLimit when there are too many."""
        if len(self.differences) >= self.limits.differences:
            raise OverLimit(f"more than {self.limits.differences} differences")
        severity = severity_of(where, path, kind, primary, shadow, money)
        found = Difference(where, path, kind, primary, shadow, severity, hint, False, money, named)
        self.differences.append(found)

    def body(
        self,
        path: str,
        kind: Kind,
        primary: Value,
        shadow: Value,
        *,
        money: bool = False,
        hint: str = "",
        named: str = "",
    ) -> None:
        self.add(Where.BODY, path, kind, primary, shadow, money=money, hint=hint, named=named)

    def result(self) -> Result:
        normalised = {str(name): count for name, count in self.normalised.items()}
        return Result(tuple(self.differences), normalised, self.unread, frozenset(self.failed))
